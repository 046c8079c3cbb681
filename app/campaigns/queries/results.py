"""What came of a campaign, beside what usually comes of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import sqlalchemy as sa

from app.campaigns.models import Campaign
from app.core.db import session
from app.core.stats import Rate
from app.delivery.models import MailingDomain
from app.delivery.queries import results
from app.delivery.queries.figures import Figures, return_on

USUAL_OF = 10
"""Campaigns before this one whose mean is «your usual»."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The mean of the rates (fractions) and of the revenue (minor units) of the `campaigns` launched before; None without any."""

    campaigns: int
    opened: float | None = None
    clicked: float | None = None
    ordered: float | None = None
    unsubscribed: float | None = None
    bounced: float | None = None
    revenue: float | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """All that the page of a campaign that was launched shows."""

    figures: Figures
    hours: results.Hours
    links: Sequence[results.Link]
    domains: Sequence[MailingDomain]
    reach: results.Reach
    usual: Usual
    returned: float | None
    """What came back on the cost, as a fraction; None where no cost was entered."""


def of_campaign(workspace_id: int, campaign: Campaign) -> Results:
    """Return what came of a campaign until now; nothing anywhere for one that was not launched."""
    before = _before(workspace_id, campaign)
    mailing_id = campaign.mailing_id or 0
    found = results.of_mailings(workspace_id, [mailing_id, *before])
    mine = found.pop(mailing_id, Figures())
    return Results(
        mine,
        results.after_sending(workspace_id, mailing_id),
        results.links(workspace_id, mailing_id),
        results.domains(mailing_id),
        results.reach(mailing_id),
        usual([figures for figures in found.values() if figures.delivered > 0]),
        return_on(campaign.cost, mine.revenue),
    )


def usual(before: Sequence[Figures]) -> Usual:
    """Return the mean of campaigns, each weighing the same whatever its size."""
    if not before:
        return Usual(0)
    return Usual(
        len(before),
        opened=_mean([figures.open_rate for figures in before]),
        clicked=_mean([figures.click_rate for figures in before]),
        ordered=_mean([figures.order_rate for figures in before]),
        unsubscribed=_mean([figures.unsubscribe_rate for figures in before]),
        bounced=_mean([figures.bounce_rate for figures in before]),
        revenue=fmean(figures.revenue for figures in before),
    )


def _mean(rates: Sequence[Rate]) -> float | None:
    known = [rate.value for rate in rates if rate.value is not None]
    return fmean(known) if known else None


def _before(workspace_id: int, campaign: Campaign) -> Sequence[int]:
    """Return the mailings of the campaigns launched last before this one."""
    wanted = sa.select(Campaign.mailing_id).where(Campaign.workspace_id == workspace_id, Campaign.mailing_id.is_not(None))
    if campaign.launched_at is None:
        wanted = wanted.where(Campaign.launched_at.is_not(None))
    else:
        wanted = wanted.where(Campaign.launched_at < campaign.launched_at, Campaign.id != campaign.id)
    found = session().scalars(wanted.order_by(Campaign.launched_at.desc()).limit(USUAL_OF)).all()
    return [ident for ident in found if ident is not None]
