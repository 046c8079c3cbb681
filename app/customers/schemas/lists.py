"""The list of customers: what narrows and orders it. The same names stand in the address of the page and in the API."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from app.core.schemas import Blank, Line, ListQuery, Schema, Text

Sort = Literal["created", "-created", "name", "-name", "value", "-value", "seen", "-seen"]
ConsentState = Literal["subscribed", "pending", "unsubscribed", "none"]
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2999, 12, 31))]


def _some(value: object) -> object:
    """Leave out what a form sends for «any»."""
    return [one for one in value if one != ""] if isinstance(value, list) else value


class CustomerFilter(Schema):
    """Filters of the list: all must hold; of several values of one, any.

    `q` finds the beginning of a name or an address; from three letters on, any part of name, address, phone, company or id.
    `value_at_least` is in minor units of the workspace's currency. Days are the workspace's. `fields.<key>=value` compares a custom field.
    """

    q: Annotated[Annotated[Text, Field(max_length=200)] | None, Blank] = None
    country: Annotated[list[Annotated[str, Field(pattern="^[A-Za-z]{2}$")]], Field(max_length=50), BeforeValidator(_some)] = []
    stage: Annotated[list[Literal["subscriber", "lead", "mql", "sql", "customer", "evangelist"]], BeforeValidator(_some)] = []
    tag: Annotated[list[Line], Field(max_length=50), BeforeValidator(_some)] = []
    consent: Annotated[list[ConsentState], BeforeValidator(_some)] = []
    suppressed: Annotated[bool | None, Blank] = None
    has_order: Annotated[bool | None, Blank] = None
    value_at_least: Annotated[Annotated[int, Field(ge=-(10**15), le=10**15)] | None, Blank] = None
    created_since: Annotated[Day | None, Blank] = None
    created_until: Annotated[Day | None, Blank] = None
    seen_since: Annotated[Day | None, Blank] = None
    import_id: Annotated[Annotated[int, Field(ge=1, le=2**63 - 1)] | None, Blank] = None
    fields: dict[str, Annotated[Text, Field(max_length=500)]] = {}
    sort: Sort = "-created"


class CustomerQuery(CustomerFilter, ListQuery):
    """A page of the list. `back` is a cursor too: of the page before it."""

    cursor: Annotated[Annotated[str, Field(max_length=4000)] | None, Blank] = None
    back: Annotated[Annotated[str, Field(max_length=4000)] | None, Blank] = None


class ExportQuery(CustomerFilter):
    """Whom an export holds: everybody the filters find."""
