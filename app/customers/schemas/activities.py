"""Events from outside: what people did, told by a shop, a site or another program."""

import json
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, WrapValidator, model_validator

from app.core.schemas import Id, Line, ListQuery, Moment, OptionalLine, Schema
from app.customers.models.activities import Kind
from app.customers.schemas.orders import Who, kept

LONGEST_DATA = 8_000
"""Characters of an event's data as JSON."""
OPEN_KINDS = frozenset({Kind.VISITED})
"""Of the product's own kinds, those that others may record. The rest would forge what only sending, orders or consent can know."""
_WHY = {
    Kind.BOUGHT: "Purchases come by POST /api/v1/orders.",
    Kind.REFUNDED: "Refunds come by POST /api/v1/orders.",
    Kind.SUBSCRIBED: "Consent comes by POST /api/v1/customers/{id}/consent.",
    Kind.UNSUBSCRIBED: "Consent comes by POST /api/v1/customers/{id}/consent.",
}


def _not_reserved(value: str) -> str:
    kind = Kind.__members__.get(value.upper())
    if kind is not None and kind not in OPEN_KINDS:
        raise ValueError(f"“{value}” is recorded by Fairlead itself. {_WHY.get(kind, 'Choose a name of your own.')}")
    return value


def _small(value: dict[str, Any]) -> dict[str, Any]:
    try:
        length = len(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except ValueError:  # 1e999 is read as a number without end, which JSON, and so the database, does not have
        raise ValueError("A number in it is too large.") from None
    if length > LONGEST_DATA:
        raise ValueError(f"At most {LONGEST_DATA:,} characters as JSON.")
    return value


EventName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_.:-]*$"), AfterValidator(_not_reserved)]


class EventIn(Schema):
    """Something a customer did: `visited`, or a name of your own such as `booked_demo`.

    With an `id` of yours (any text) the event is recorded once however often it is sent; it then needs `occurred_at`, which is part of what
    it is known by. `source` names where it happened: a name of yours, or the id of a source.
    """

    customer: Who
    event: EventName
    occurred_at: Moment | None = None
    id: OptionalLine = None
    source: Id | Line | None = None
    data: Annotated[dict[str, Any], AfterValidator(_small)] | None = None

    @model_validator(mode="after")
    def _known_by_its_time(self) -> Self:
        if self.id is not None and self.occurred_at is None:
            raise ValueError("An event with an id needs occurred_at: a repeat is known by both.")
        if self.occurred_at is not None and self.occurred_at.tzinfo is None:
            raise ValueError("occurred_at needs a zone, such as 2026-11-21T10:50:00Z.")
        return self


EachEvent = Annotated[EventIn, WrapValidator(kept)]


class EventsIn(Schema):
    """One event, or `{"events": […]}` with up to 1,000. Those that do not fit are named in the answer; the others are taken."""

    events: Annotated[list[EachEvent], Field(min_length=1, max_length=1000)]
    create_missing: bool = Field(default=False, description="Make customers where there are none with the address or external id.")

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_batch(cls, value: Any) -> Any:
        if isinstance(value, list):
            return {"events": value}
        if isinstance(value, dict) and "events" not in value:
            missing = value.get("create_missing", False)
            return {"events": [{k: v for k, v in value.items() if k != "create_missing"}], "create_missing": missing}
        return value


class TimelineQuery(ListQuery):
    """A page of a timeline, newest first. `kind`: mail, shop or changes; `machines=false` leaves out what machines did."""

    kind: Annotated[str, Field(pattern="^(all|mail|shop|changes)$")] = "all"
    machines: bool = True


class MomentOut(Schema):
    """An entry of a timeline. `what`: activity, order, consent, change."""

    at: datetime
    what: str
    name: str
    title: str
    note: str
    source: str | None
    data: dict[str, Any]


class KindOut(Schema):
    """A kind of activity."""

    name: str
    label: str
    own: bool


class KindsOut(Schema):
    """All kinds of activity."""

    items: list[KindOut]
