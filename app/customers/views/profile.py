"""The profile of a customer: who they are, what they allowed, what happened."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.core.schemas import parse
from app.core.time import now
from app.core.web.form import nested
from app.core.web.format import of_request
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal
from app.customers import fields
from app.customers.models import CustomerStats
from app.customers.models.activities import Kind
from app.customers.queries import consent as consent_queries
from app.customers.queries.activities import MACHINES
from app.customers.queries.customers import get_row
from app.customers.queries.orders import get_order, lines_of
from app.customers.queries.timeline import Moment, timeline
from app.customers.schemas.activities import TimelineQuery
from app.customers.values import COUNTRY_WORDS, ORIGIN_WORDS, PROFILE, STAGE_WORDS, FieldInfo
from app.customers.views.lists import place_of
from app.customers.words import CHANNEL_WORDS, Words, say

pages = Pages("customer_profiles", __name__)
PER_PAGE = 30
_ICONS = {
    "sent": "mail",
    "delivered": "inbox",
    "opened": "eye",
    "clicked": "click",
    "visited": "world",
    "bounced": "corner-up-left",
    "complained": "alert-triangle",
    "order": "shopping-bag",
    "refund": "corner-up-left",
    "subscribed": "check",
    "unsubscribed": "minus",
    "pending": "question-mark",
    "created": "user-plus",
    "updated": "pencil",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry of the timeline as it is drawn. `preposition` leads to the source; `verdict`: machine or unsure, else empty."""

    at: datetime
    day: date
    icon: str
    words: Words
    href: str | None
    source: Any
    preposition: str
    verdict: str


@pages.get("/customers/<int:customer_id>", "customers.view")
def show_customer(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Show a customer."""
    here = caller.workspace_id
    row = get_row(here, customer_id)
    custom = fields.custom(here)
    return render_template(
        "customers/profile.html",
        row=row,
        customer=row.customer,
        stats=row.stats,
        figures=figures(row.stats),
        identity=_identity(row.customer),
        own=[(info, show_value(info, row.customer.attributes.get(info.key))) for info in custom.values()],
        standings=consent_queries.standings(here, customer_id),
        stages=STAGE_WORDS,
        channels=CHANNEL_WORDS,
        local=_local_time(row.customer.zone),
        country=COUNTRY_WORDS.get(row.customer.country or "", row.customer.country),
        segments=f"/segments/of/{customer_id}" if _leads_somewhere(f"/segments/of/{customer_id}") else None,
        **_timeline(caller, customer_id),
    )


@pages.get("/customers/<int:customer_id>/timeline", "customers.view")
def show_timeline(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Show the next page of the timeline; without htmx, the profile has it."""
    row = get_row(caller.workspace_id, customer_id)
    if not is_fragment():
        return redirect(f"/customers/{customer_id}?{request.query_string.decode()}")
    template = "customers/_moments.html" if request.args.get("cursor") else "customers/_timeline.html"
    return render_template(template, customer=row.customer, **_timeline(caller, customer_id))


@pages.get("/customers/<int:customer_id>/orders/<int:order_id>", "customers.view")
def show_order(caller: Principal, customer_id: int, order_id: int) -> ResponseReturnValue:
    """Show an order with its lines."""
    row = get_row(caller.workspace_id, customer_id)
    order = get_order(caller.workspace_id, order_id, customer_id)
    return render_template("customers/order.html", customer=row.customer, order=order, lines=lines_of([order.id]).get(order.id, []))


def figures(stats: CustomerStats) -> dict[str, Any]:
    """Return what is made of the computed columns: the average order, and the usual days between two."""
    count, first, last = stats.orders_count, stats.first_order_at, stats.last_order_at
    gap = round((last - first).total_seconds() / 86_400 / (count - 1)) if first and last and count > 1 else None
    return {"average": round(stats.lifetime_value / count) if count else None, "gap": gap}


def show_value(info: FieldInfo, value: Any) -> Any:
    """Return a custom value for people; None where there is none."""
    if value is None:
        return None
    if info.type == "money":
        return of_request().money(value)
    if info.type == "number":
        return of_request().decimal(value, 0 if value == int(value) else 2)
    if info.type == "boolean":
        return "Yes" if value else "No"
    if info.type == "date":
        return of_request().day(date.fromisoformat(value))
    if info.type == "datetime":
        return of_request().when(datetime.fromisoformat(value))
    return ", ".join(value) if isinstance(value, list) else value


def _identity(customer: Any) -> list[tuple[str, Any]]:
    words = {info.path: info for info in PROFILE}
    names = (
        "external_id",
        "phone",
        "birthday",
        "gender",
        "language",
        "company",
        "job_title",
        "country",
        "region",
        "city",
        "postcode",
        "zone",
    )
    pairs = [(words[name].label, getattr(customer, name), words[name]) for name in names]
    known = [(label, info.say(value) if isinstance(value, str) else of_request().day(value)) for label, value, info in pairs if value]
    came = ORIGIN_WORDS.get(customer.origin, customer.origin.capitalize())
    return [*known, ("Came from", f"{came}, {of_request().day(customer.created_at.date())}")]


def _local_time(zone: str | None) -> str | None:
    return f"{now().astimezone(ZoneInfo(zone)):%H:%M}" if zone else None


def _leads_somewhere(path: str) -> bool:
    """Tell whether a higher room has a page at this address."""
    try:
        current_app.url_map.bind("").match(path)
    except HTTPException:
        return False
    return True


def _timeline(caller: Principal, customer_id: int) -> dict[str, Any]:
    given = nested(TimelineQuery, request.args)
    query = parse(TimelineQuery, {name: value for name, value in given.items() if name != "after"} | {"limit": PER_PAGE})
    moments, following = timeline(caller.workspace_id, customer_id, query)
    zone = ZoneInfo(place_of(caller).zone)
    shown = [_shown(moment, customer_id, zone) for moment in moments]
    return {"moments": shown, "following": following, "timeline": query, "last_day": request.args.get("after", "")}


def _shown(moment: Moment, customer_id: int, zone: ZoneInfo) -> Shown:
    name = moment.name.removesuffix("_machine").removesuffix("_unsure")
    kind = Kind.__members__.get(moment.name.upper())
    verdict = ("unsure" if moment.name.endswith("_unsure") else "machine") if moment.what == "activity" and kind in MACHINES else ""
    icon = "robot" if verdict == "machine" else _ICONS.get(name, "bolt")
    href = f"/customers/{customer_id}/orders/{moment.row.id}" if moment.what == "order" else None
    source = moment.source if moment.what in ("activity", "order") else None
    preposition = "" if name in ("sent", "delivered", "opened") else "in" if name in ("clicked", "visited") else "by"
    return Shown(moment.at, moment.at.astimezone(zone).date(), icon, say(moment), href, source, preposition, verdict)
