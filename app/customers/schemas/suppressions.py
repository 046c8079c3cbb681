"""The suppression list."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from app.core.schemas import Blank, ListQuery, OptionalLine, Schema, Text
from app.customers.schemas.customers import Email

Reason = Literal["bounce", "complaint", "unsubscribe", "manual", "compliance"]


def _needed(value: object) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError("This is needed.")
    return value


Address = Annotated[Email, BeforeValidator(_needed)]


class SuppressionIn(Schema):
    """An address that must not be written to."""

    email: Address
    reason: Reason = "manual"
    note: OptionalLine = None


class SuppressionsIn(Schema):
    """Up to 1,000 addresses that must not be written to."""

    emails: Annotated[list[Address], Field(min_length=1, max_length=1000)]
    reason: Reason = "manual"
    note: OptionalLine = None


class SuppressionQuery(ListQuery):
    """A page of the list. `q` finds the beginning of an address."""

    q: Annotated[Annotated[Text, Field(max_length=254)] | None, Blank] = None
    reason: Annotated[Reason | None, Blank] = None


class CheckQuery(Schema):
    """The address that is asked about."""

    email: Address


class SuppressionOut(Schema):
    """An entry of the list."""

    id: int
    email: str
    reason: str
    note: str | None
    created_at: datetime


class CheckOut(Schema):
    """Whether an address is suppressed, and why."""

    email: str
    suppressed: bool
    reason: str | None


class AddedOut(Schema):
    """How many addresses are new on the list, and how many were on it."""

    added: int
    known: int


class SuppressionStats(Schema):
    """How many addresses are suppressed, by reason."""

    total: int
    by_reason: dict[str, int]
