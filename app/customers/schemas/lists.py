"""The list of customers: what narrows and orders it. The same names stand in the address of the page and in the API."""

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlencode

from pydantic import BeforeValidator, Field

from app.core.schemas import Blank, Line, ListQuery, Schema, Text, parse
from app.customers.values import PREFIX

Sort = Literal["created", "-created", "name", "-name", "value", "-value", "seen", "-seen"]
ConsentState = Literal["subscribed", "pending", "unsubscribed", "none"]
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2999, 12, 31))]


def _some(value: object) -> object:
    """Leave out what a form sends for «any»."""
    return [one for one in value if one != ""] if isinstance(value, list) else value


class CustomerFilter(Schema):
    """Filters of the list: all must hold; of several values of one, any.

    `q` finds the beginning of a name or an address; from three letters on, any part of name, address, company or id; from
    four digits on, the beginning or the end of a phone too, however it is written.
    `value_at_least` is in minor units of the workspace's currency. Days are the workspace's; `…_within` counts days back from now.
    `import_id`: whom an import created or changed. `fields.<key>=value` compares a custom field.
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
    created_within: Annotated[Annotated[int, Field(ge=1, le=36500)] | None, Blank] = None
    seen_within: Annotated[Annotated[int, Field(ge=1, le=36500)] | None, Blank] = None
    import_id: Annotated[Annotated[int, Field(ge=1, le=2**63 - 1)] | None, Blank] = None
    fields: dict[str, Annotated[Text, Field(max_length=500)]] = {}
    sort: Sort = "-created"


class CustomerQuery(CustomerFilter, ListQuery):
    """A page of the list. A cursor that begins with a minus leads back."""

    cursor: Annotated[Annotated[str, Field(max_length=4000)] | None, Blank] = None


class ExportQuery(CustomerFilter):
    """Whom an export holds: everybody the filters find."""


LISTS = ("country", "stage", "tag", "consent")
"""Filters that take several values."""


def from_query(text: str) -> CustomerFilter:
    """Read the query string of a list's address. Raises Invalid."""
    given: dict[str, Any] = {}
    for name, values in parse_qs(text.removeprefix("?"), keep_blank_values=False, max_num_fields=500).items():
        if name.startswith(PREFIX):
            given.setdefault("fields", {})[name.removeprefix(PREFIX)] = values[0]
        elif name in CustomerFilter.model_fields:
            given[name] = values if name in LISTS else values[0]
    return parse(CustomerFilter, given)


def to_query(given: CustomerFilter, **others: Any) -> str:
    """Write filters as the query string of an address; what says nothing is left out. `others` replace values of the same name."""
    says = given.model_dump(mode="json", exclude_defaults=True) | others
    pairs: list[tuple[str, Any]] = []
    for name, value in says.items():
        if isinstance(value, dict):
            pairs += [(PREFIX + key, one) for key, one in value.items()]
        elif isinstance(value, list):
            pairs += [(name, one) for one in value]
        elif isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif value is not None and value != "":
            pairs.append((name, value))
    return urlencode(pairs)


class ViewIn(Schema):
    """A view to keep: its name, and the query string of the list."""

    name: Annotated[Line, Field(max_length=60)]
    query: Annotated[Text, Field(max_length=4000)] = ""


class ViewOut(Schema):
    """A kept view."""

    id: int
    name: str
    query: str
