"""One customer: who they are, what they are worth, all that happened, what they agreed to."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.core import registry
from app.core.errors import Invalid
from app.core.schemas import parse
from app.core.time import now
from app.core.web.flash import flash
from app.core.web.form import Form, nested
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal
from app.customers import fields
from app.customers.models.consent import CHANNELS, EVERY_TOPIC
from app.customers.queries.consent import list_log, list_topics, standings
from app.customers.queries.customers import get_row
from app.customers.queries.lists import Row
from app.customers.queries.timeline import Moment, timeline
from app.customers.schemas.activities import TimelineQuery
from app.customers.schemas.customers import ConsentGiven
from app.customers.service.consent import set_consent
from app.customers.values import FieldInfo
from app.customers.words import CHANNEL_WORDS, say

pages = Pages("customer_profile", __name__)
_PAGE = 30
_ICONS = {
    "sent": "mail", "delivered": "mail", "opened": "eye", "opened_machine": "robot", "opened_unsure": "eye", "clicked": "click",
    "clicked_machine": "robot", "clicked_unsure": "click", "visited": "world", "bounced": "corner-up-left", "complained": "flag",
    "order": "shopping-bag", "refund": "corner-up-left", "created": "user-plus", "updated": "pencil",
}  # fmt: skip
_VERDICTS = {"machine": "machine", "unsure": "unsure"}


@pages.get("/customers/<int:customer_id>", "customers.view")
def show_customer(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Show the profile; htmx asks for the timeline alone."""
    here = caller.workspace_id
    row = get_row(here, customer_id)
    query = parse(TimelineQuery, nested(TimelineQuery, request.args) | {"limit": _PAGE})
    moments, older = timeline(here, customer_id, query)
    shown: dict[str, Any] = {"row": row, "query": query, "days": _by_day(moments, _zone(caller)), "older": older}
    if is_fragment():
        return render_template("customers/_timeline.html", **shown)
    segments = any(item.href == "/segments" for item in registry.nav)
    custom = [(info, _stored(info, row.customer.attributes.get(info.key))) for info in fields.custom(here).values()]
    shown |= {
        "custom": custom,
        "standings": standings(here, customer_id),
        "there": _local_time(row),
        "country": _country(caller, row),
        "segments_here": segments,
    }
    return render_template("customers/profile.html", **shown, words=CHANNEL_WORDS)


@pages.form("/customers/<int:customer_id>/consent", "customers.edit")
def consent(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Note that a customer gave or took back consent, and show how it came about before."""
    here = caller.workspace_id
    row = get_row(here, customer_id)
    form = Form(
        ConsentGiven, request.form if request.method == "POST" else None, initial={"source": "told in person", "state": "subscribed"}
    )
    if request.method == "POST":
        try:
            set_consent(here, [customer_id], form.parse(), caller.actor)
            flash("Noted.", tone="good")
            return redirect(f"/customers/{customer_id}")
        except Invalid as no:
            form.refuse(no)
            row = get_row(here, customer_id)
    topics = [(EVERY_TOPIC, "The channel as a whole"), *((topic.id, topic.name) for topic in list_topics(here))]
    channels = [(channel, CHANNEL_WORDS[channel]) for channel in CHANNELS]
    page = render_template(
        "customers/consent.html", row=row, form=form, topics=topics, channels=channels, log=list_log(here, customer_id), words=CHANNEL_WORDS
    )
    return page, 422 if form.errors else 200


def _stored(info: FieldInfo, value: Any) -> Any:
    """Return a custom field's value, days and times as such rather than as kept in JSON."""
    if isinstance(value, str) and info.type == "date":
        return date.fromisoformat(value)
    if isinstance(value, str) and info.type == "datetime":
        return datetime.fromisoformat(value)
    return value


def _zone(caller: Principal) -> ZoneInfo:
    return ZoneInfo(caller.workspace.zone if caller.workspace else "UTC")


def _by_day(moments: list[Moment], zone: ZoneInfo) -> list[tuple[datetime, list[dict[str, Any]]]]:
    """Group entries by the workspace's day, newest first, each in words with its icon and verdict."""
    days: list[tuple[datetime, list[dict[str, Any]]]] = []
    for moment in moments:
        local = moment.at.astimezone(zone)
        if not days or days[-1][0].date() != local.date():
            days.append((local, []))
        days[-1][1].append(_entry(moment))
    return days


def _entry(moment: Moment) -> dict[str, Any]:
    verdict = _VERDICTS.get(moment.name.rpartition("_")[2]) if moment.what == "activity" else None
    otherwise = {"consent": "shield-check", "change": "pencil"}.get(moment.what, "activity")
    return {
        "at": moment.at,
        "icon": _ICONS.get(moment.name, otherwise),
        "says": say(moment),
        "source": moment.source if moment.what in {"activity", "order"} else None,
        "verdict": verdict,
    }


def _country(caller: Principal, row: Row) -> str | None:
    """Return the customer's country by name."""
    locale = Locale.parse(caller.workspace.locale if caller.workspace else "en")
    name: str | None = locale.territories.get(row.customer.country or "", row.customer.country)
    return name


def _local_time(row: Row) -> str | None:
    """Return the hour where the customer is, or None if their zone is not known."""
    return now().astimezone(ZoneInfo(row.customer.zone)).strftime("%H:%M") if row.customer.zone else None
