"""A campaign that has a time or was launched: progress, results, recipients, content, log."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.audit import diff
from app.audit import queries as log
from app.audit.schemas import AuditQuery
from app.audit.words import teller
from app.campaigns.models import Campaign, State
from app.campaigns.queries import campaigns, figures, ledger
from app.campaigns.schemas import MessageQuery
from app.campaigns.service import campaigns as service
from app.campaigns.service import trial
from app.campaigns.views import standing
from app.campaigns.views.results import results
from app.core.errors import Forbidden
from app.core.schemas import ListQuery, parse
from app.core.time import now
from app.core.web.form import nested
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal

pages = Pages("campaign", __name__)
PER_PAGE = 50


@pages.get("/campaigns/<int:campaign_id>", "campaigns.view")
def show_campaign(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Show how far it is, or what came of it; a draft is shown in the builder."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    if row.state == State.DRAFT and caller.can("campaigns.edit"):
        return redirect(f"/campaigns/{campaign_id}/edit")
    if row.launched_at is None:
        return render_template("campaigns/waiting.html", **_about(row), late=(now() - row.scheduled_at) if row.scheduled_at else None)
    parts = standing.standing(row, sees=caller.can("customers.view")) | _about(row)
    if row.state in campaigns.ACTIVE:
        return render_template("campaigns/show.html", tab="progress", **parts)
    return render_template("campaigns/show.html", tab="results", **parts | results(caller, row))


@pages.get("/campaigns/<int:campaign_id>/progress", "campaigns.view")
def show_progress(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Show how far it is; a page that shows another state than the present one is told to load itself again."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    if not is_fragment():
        return redirect(f"/campaigns/{campaign_id}")
    if request.args.get("state", row.state) != row.state or row.overdue:
        return "", 200, {"HX-Refresh": "true"}
    if row.launched_at is None:
        return "", 204
    return render_template(
        "campaigns/_progress.html",
        campaign=row,
        sender=campaigns.sender_of(row),
        **standing.standing(row, sees=caller.can("customers.view")),
    )


@pages.get("/campaigns/<int:campaign_id>/results", "campaigns.view")
def show_results(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Show what came of it so far, also while it is sending."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    if row.launched_at is None:
        return redirect(f"/campaigns/{campaign_id}")
    parts = standing.standing(row, sees=caller.can("customers.view")) | _about(row)
    return render_template("campaigns/show.html", tab="results", **parts | results(caller, row))


@pages.get("/campaigns/<int:campaign_id>/recipients", "campaigns.view")
def show_recipients(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Show the ledger: one row for each recipient."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    query = parse(MessageQuery, {"limit": PER_PAGE} | nested(MessageQuery, _renamed()))
    sees = caller.can("customers.view")
    if query.search and not sees:
        raise Forbidden(permission="customers.view")
    rows, following = ledger.page(row, query, sees=sees)
    ids = [message.customer_id for message in rows if message.customer_id is not None]
    found = figures.of_campaign(row)
    parts = {
        "rows": rows,
        "next": following,
        "query": query,
        "names": ledger.names(caller.workspace_id, ids) if sees else {},
        "STATES": standing.WORDS,
        "why": lambda message: standing.why(message, sees=sees),
        "sees": sees,
        "figures": found,
        "picks": standing.picks(row, found, query),
    }
    if is_fragment():
        return render_template("campaigns/_recipients.html", campaign=row, **parts)
    return render_template("campaigns/show.html", tab="recipients", **parts, **_about(row))


@pages.get("/campaigns/<int:campaign_id>/content", "campaigns.view")
def show_content(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Show what was sent, as it was frozen."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    if row.launched_at is None:
        return redirect(f"/campaigns/{campaign_id}")
    content, links = campaigns.frozen(row)
    found = figures.of_campaign(row)
    read = trial.as_read(row, sees=caller.can("customers.view")) if content else None
    return render_template("campaigns/show.html", tab="content", content=content, read=read, links=links, figures=found, **_about(row))


@pages.get("/campaigns/<int:campaign_id>/log", "campaigns.view")
def show_log(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Show who did what to it, newest first."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    given = parse(ListQuery, nested(ListQuery, request.args))
    query = AuditQuery(kind="campaign", id=campaign_id, cursor=given.cursor)
    zone = caller.workspace.zone if caller.workspace else "UTC"
    entries, following = log.search(caller.workspace_id, query, zone)
    parts = {"entries": entries, "next": following, "cursor": given.cursor, "changes": teller(row.workspace_id, entries), "act": diff.act}
    return render_template("campaigns/show.html", tab="log", figures=figures.of_campaign(row), **parts, **_about(row))


def _about(row: Campaign) -> dict[str, Any]:
    """Return what each tab shows of a campaign."""
    named = campaigns.targets(row.workspace_id, [row.id])[row.id]
    return {
        "campaign": row,
        "sender": campaigns.sender_of(row),
        "into": [target.segment for target in named if not target.excluded],
        "out": [target.segment for target in named if target.excluded],
        "open": row.state in service.OPEN,
    }


def _renamed() -> Any:
    """Return the query of the address, in which the search field of every list is called q."""
    found = request.args.copy()
    if "q" in found:
        found["search"] = found.pop("q")
    return found
