"""The list of campaigns, and a new one."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.campaigns.links import slug
from app.campaigns.queries import campaigns, figures
from app.campaigns.queries.figures import Figures, Results
from app.campaigns.schemas import CampaignIn, CampaignQuery, ContentForm
from app.campaigns.service import campaigns as service
from app.campaigns.views.content import content_page, fields, first_values, money
from app.core.errors import Invalid
from app.core.schemas import parse
from app.core.web.form import Form, nested
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal

pages = Pages("campaigns", __name__)
PER_PAGE = 30
TABS = (
    ("", "All", ()),
    ("draft", "Drafts", ("draft",)),
    ("scheduled", "Scheduled", ("scheduled",)),
    ("active", "On the way", campaigns.ACTIVE),
    ("sent", "Sent", ("sent",)),
    ("cancelled", "Cancelled", ("cancelled",)),
)


@pages.get("/campaigns", "campaigns.view")
def list_campaigns(caller: Principal) -> ResponseReturnValue:
    """Show campaigns, newest first, with what came of them."""
    query = parse(CampaignQuery, {"limit": PER_PAGE} | nested(CampaignQuery, _renamed()))
    rows, following = campaigns.page(caller.workspace_id, query)
    ids = [row.mailing_id for row in rows if row.mailing_id is not None]
    parts = {
        "campaigns": rows,
        "next": following,
        "query": query,
        "figures": figures.of_mailings(ids),
        "results": figures.results(caller.workspace_id, ids),
        "nothing": (Figures(), Results()),
    }
    if is_fragment():
        return render_template("campaigns/_list.html", **parts)
    states = campaigns.states(caller.workspace_id)
    return render_template("campaigns/list.html", **parts, tabs=_tabs(states, query), states=states, count=sum(states.values()))


@pages.form("/campaigns/new", "campaigns.edit")
def new_campaign(caller: Principal) -> ResponseReturnValue:
    """Begin a campaign with its content."""
    form = Form(ContentForm, request.form if request.method == "POST" else None, first_values(caller))
    if request.method == "GET":
        return content_page(caller, form, None)
    try:
        given = form.parse()
        values = fields(given) | money(caller, given)
        if "utm" in values:
            values["utm"]["campaign"] = values["utm"]["campaign"] or slug(given.name)
        made = service.create(caller.workspace_id, parse(CampaignIn, values), caller.actor)
    except Invalid as no:
        form.refuse(no)
        return content_page(caller, form, None), 422
    return redirect(f"/campaigns/{made.id}/edit?step=audience")


def _tabs(states: dict[str, int], query: CampaignQuery) -> list[dict[str, Any]]:
    """Return the views by state; those that hold nothing are left out."""
    found = []
    for key, label, of in TABS:
        n = sum(states.get(state, 0) for state in of) if of else sum(states.values())
        if n or not key or query.state == key:
            address = f"/campaigns?state={key}" if key else "/campaigns"
            found.append({"label": label, "href": address, "count": n, "current": (query.state or "") == key})
    return found


def _renamed() -> Any:
    """Return the query of the address, in which the search field of every list is called q."""
    found = request.args.copy()
    if "q" in found:
        found["search"] = found.pop("q")
    return found
