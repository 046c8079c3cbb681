"""Parts of the builder that take a moment: who would get it, and all checks before the launch."""

from flask import render_template
from flask.typing import ResponseReturnValue

from app.campaigns.queries import campaigns
from app.campaigns.service import campaigns as service
from app.campaigns.service import trial
from app.campaigns.service.check import check
from app.core.time import now
from app.core.web.format import of_request
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal

pages = Pages("campaign_parts", __name__)


@pages.get("/campaigns/<int:campaign_id>/count", "campaigns.view")
def show_count(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Count who would get it now."""
    return _part(caller, campaign_id, "campaigns/_count.html", "audience")


@pages.get("/campaigns/<int:campaign_id>/check", "campaigns.view")
def show_check(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Check everything the launch needs, and offer it."""
    return _part(caller, campaign_id, "campaigns/_check.html", "check")


def _part(caller: Principal, campaign_id: int, template: str, step: str) -> ResponseReturnValue:
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    if not is_fragment():
        return redirect(f"/campaigns/{campaign_id}/edit?step={step}")
    if row.state not in service.OPEN:
        return "", 200, {"HX-Refresh": "true"}
    found = check(row)
    sender = campaigns.sender_of(row)
    words = campaigns.template_words(row.workspace_id, row.template_id) if row.template_id else None
    read = trial.as_read(row, sees=caller.can("customers.view")) if step == "check" else None
    return render_template(
        template,
        campaign=row,
        found=found,
        counts=found.counts,
        sender=sender,
        words=words,
        read=read,
        topic=campaigns.topic_name(row),
        zone=of_request().zone,
        until=row.scheduled_at - now() if row.scheduled_at else None,
    )
