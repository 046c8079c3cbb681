"""Orders and refunds, as they come in and as they are shown."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from babel.numbers import list_currencies
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WrapValidator, model_validator

from app.core.errors import Invalid
from app.core.schemas import Id, Line, ListQuery, Moment, OptionalLine, Schema, explain
from app.customers.schemas.customers import Email

MOST = 10**13
"""The most minor units of one order."""
_CURRENCIES = frozenset(list_currencies())


def _currency(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _known_currency(value: str) -> str:
    if value not in _CURRENCIES:
        raise ValueError("This is no currency known here; three letters such as USD are.")
    return value


Currency = Annotated[str, Field(min_length=3, max_length=3), BeforeValidator(_currency), AfterValidator(_known_currency)]
Minor = Annotated[int, Field(ge=-MOST, le=MOST)]
Rate = Annotated[Decimal, Field(gt=0, le=10**9, max_digits=19, decimal_places=10)]


class Who(Schema):
    """The customer an order or event belongs to: by one of these, the first given counts."""

    id: Id | None = None
    external_id: OptionalLine = None
    email: Email = None

    @model_validator(mode="after")
    def _known_by_something(self) -> Self:
        if self.id is None and not self.external_id and not self.email:
            raise ValueError("Say who: id, external_id or email.")
        return self


class LineIn(Schema):
    """What was bought. `unit_amount` in minor units of the order's currency."""

    name: Line
    sku: OptionalLine = None
    category: OptionalLine = None
    quantity: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 1
    unit_amount: Minor = 0


class OrderIn(Schema):
    """An order, or a refund: then `amount` is below zero and `refund_of` may name the order.

    `amount` is in minor units of `currency`; left out, it is the sum of the lines. `rate` is what one unit of `currency` is worth in the
    workspace's currency; it may be left out where the two are the same. The same `external_id` again is a repeat.
    """

    customer: Who
    external_id: Line
    amount: Minor | None = None
    currency: Currency | None = None
    rate: Rate | None = None
    refund_of: OptionalLine = None
    ordered_at: Moment | None = None
    source: Id | None = Field(default=None, description="Id of a source of activities, such as a campaign.")
    lines: Annotated[list[LineIn], Field(max_length=500)] = []
    create_missing: bool = Field(default=False, description="Make the customer where there is none with this address or external id.")

    @model_validator(mode="after")
    def _amount_is_known(self) -> Self:
        if self.total is None:
            raise ValueError("Give an amount, or lines to sum up.")
        if abs(self.total) > MOST:
            raise ValueError("This amount is too large.")
        if self.refund_of and self.total >= 0:
            raise ValueError("A refund has an amount below zero.")
        if self.ordered_at is not None and self.ordered_at.tzinfo is None:
            raise ValueError("ordered_at needs a zone, such as 2026-11-21T10:50:00Z.")
        return self

    @property
    def total(self) -> int | None:
        """Return the amount, or the sum of the lines."""
        return (
            self.amount if self.amount is not None else sum(line.quantity * line.unit_amount for line in self.lines) if self.lines else None
        )


class Misfit(Schema):
    """An entry of a batch that does not fit: why, by path within the entry."""

    errors: dict[str, str]


def kept(value: Any, handler: Callable[[Any], Any]) -> Any:
    """Keep why an entry does not fit instead of refusing the whole batch."""
    try:
        return handler(value)
    except ValidationError as problem:
        return Misfit(errors=explain(problem))
    except Invalid as problem:
        return Misfit(errors=problem.errors)


EachOrder = Annotated[OrderIn, WrapValidator(kept)]


class OrdersIn(Schema):
    """Up to 1,000 orders. Those that do not fit are named in the answer; the others are taken."""

    orders: Annotated[list[EachOrder], Field(min_length=1, max_length=1000)]


class LineOut(Schema):
    """A line of an order."""

    position: int
    sku: str | None
    name: str
    category: str | None
    quantity: int
    unit_amount: int


class OrderOut(Schema):
    """An order. `value` is in minor units of the workspace's currency."""

    id: int
    customer_id: int
    external_id: str
    amount: int
    currency: str
    rate: Decimal
    value: int
    refund_of: str | None
    source_id: int | None
    ordered_at: datetime
    lines: list[LineOut]
    repeated: bool = False


class RecordedOut(Schema):
    """What became of a batch. `errors` by path: `orders[3].currency`."""

    recorded: int
    repeated: int
    refused: int
    errors: dict[str, str]


class OrderQuery(ListQuery):
    """A page of orders, newest first; of one customer where `customer_id` is given."""

    customer_id: Id | None = None
