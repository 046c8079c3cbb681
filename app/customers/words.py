"""Entries of a timeline in plain words, for pages and API alike."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from babel.numbers import format_currency

from app.customers.coerce import decimals
from app.customers.queries.activities import kind_label

CHANNEL_WORDS = {"email": "E-mail", "sms": "SMS", "phone": "Phone", "post": "Post"}
STATE_WORDS = {"subscribed": "given", "pending": "asked for, not confirmed", "unsubscribed": "withdrawn"}
_PLAIN = ("path", "page", "url", "title", "link")
"""Facts that say by themselves what they are."""
_CHANGES = {"created": "Came in", "updated": "Changed", "deleted": "Deleted"}


class HasMoment(Protocol):
    """What is said here: an entry as queries give it."""

    what: str
    name: str
    row: Any
    source: Any
    more: Any


@dataclass(frozen=True, slots=True)
class Words:
    """A title, a note beneath it, and the facts as data."""

    title: str
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def say(moment: Any) -> Words:
    """Return an entry in words."""
    return {"activity": _activity, "order": _order, "consent": _consent, "change": _change}[moment.what](moment)


def _activity(moment: HasMoment) -> Words:
    data = moment.row.data or {}
    return Words(kind_label(moment.name), facts(data), data)


def facts(data: dict[str, Any], most: int = 4) -> str:
    """Return the first plain facts of an event: *plan pro · seats 3*."""
    plain = [(key, value) for key, value in data.items() if isinstance(value, str | int | float | bool)]
    return " · ".join(str(value) if key in _PLAIN else f"{key.replace('_', ' ')} {value}" for key, value in plain[:most])


def _order(moment: HasMoment) -> Words:
    row, lines = moment.row, moment.more
    items = sum(line.quantity for line in lines)
    amount = format_currency(abs(row.amount) / 10 ** decimals(row.currency), row.currency, locale="en")
    verb = "Refunded" if row.amount < 0 else "Ordered"
    count = f", {items} item{'s' if items != 1 else ''}" if lines else ""
    names = ", ".join(f"{line.quantity} × {line.name}" if line.quantity != 1 else line.name for line in lines[:4])
    of = f"of order {row.refund_of}" if row.refund_of else ""
    return Words(
        f"{verb} {row.external_id}{count}, {amount}", names or of, {"order_id": row.id, "amount": row.amount, "currency": row.currency}
    )


def _consent(moment: HasMoment) -> Words:
    row = moment.row
    place = CHANNEL_WORDS.get(row.channel, row.channel) + (f", {moment.source}" if moment.source else "")
    note = " · ".join(part for part in (row.source, f"“{row.wording}”" if row.wording else "", f"by {row.by}" if row.by else "") if part)
    return Words(
        f"Consent to {place} {STATE_WORDS[row.state]}", note, {"channel": row.channel, "topic_id": row.topic_id, "state": row.state}
    )


def _change(moment: HasMoment) -> Words:
    entry, changed = moment.row, moment.more
    data = {"before": entry.before, "after": entry.after}
    if moment.name == "updated" and len(changed) == 1:
        only = changed[0]
        return Words(f"{label(only.field)} set to {only.after}, was {only.before}", f"by {entry.actor}", data)
    if moment.name == "updated":
        names = ", ".join(label(change.field) for change in changed[:6])
        return Words(f"{len(changed)} fields changed", f"{names} · by {entry.actor}", data)
    return Words(_CHANGES.get(moment.name, moment.name.replace("_", " ").capitalize()), f"by {entry.actor}", data)


def label(name: str) -> str:
    """Return the name of a changed field for people: `fields.shoe size` is *Shoe size*."""
    words = name.removeprefix("fields.").replace("_", " ")
    return words[:1].upper() + words[1:]
