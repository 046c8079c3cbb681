"""What came of a campaign, as JSON."""

from app.campaigns.outcome import RATES, DomainOut, HitsOut, HoursOut, LinkOut, MissedOut, RateOut, ResultsOut, UsualOut
from app.campaigns.queries.campaigns import get_campaign
from app.campaigns.queries.results import of_campaign
from app.core.web.api import Api
from app.core.web.principal import Principal

api = Api("results", __name__)


@api.get("/campaigns/<int:campaign_id>/results", permission="campaigns.view", returns=ResultsOut, summary="Say what came of a campaign")
def show_results(caller: Principal, campaign_id: int) -> ResultsOut:
    """Return rates, links, money, and who did not get it, of a campaign until now."""
    campaign = get_campaign(caller.workspace_id, campaign_id)
    found = of_campaign(caller.workspace_id, campaign)
    return ResultsOut(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        launched_at=campaign.launched_at,
        recipients=found.reach.all,
        waiting=found.reach.waiting,
        sent=found.figures.sent,
        delivered=found.figures.delivered,
        rates={name: RateOut.of(getattr(found.figures, rate)) for name, rate in RATES.items()},
        usual=UsualOut.model_validate(found.usual),
        hits=HitsOut.model_validate(found.figures),
        orders=found.figures.orders,
        revenue=found.figures.revenue,
        cost=campaign.cost,
        roi=found.returned,
        goal=campaign.goal,
        hours=HoursOut.model_validate(found.hours),
        links=[LinkOut.model_validate(link) for link in found.links],
        domains=[DomainOut.model_validate(row) for row in found.domains],
        missed=[MissedOut(state=miss.state.name.lower(), reason=miss.reason, people=miss.people) for miss in found.reach.missed],
    )
