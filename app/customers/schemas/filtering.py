"""The form behind «Filter»: what people type, turned into the filters of the address."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from app.core.schemas import Blank, Schema, Text
from app.customers.coerce import Place, coerce, sentence
from app.customers.imports.countries import read_country
from app.customers.schemas.lists import ConsentState, CustomerFilter, Day
from app.customers.values import LIFETIME_VALUE


def _names(value: object) -> object:
    """Split what stands between commas."""
    parts = value if isinstance(value, list) else [value]
    return [part.strip() for text in parts if isinstance(text, str) for part in text.split(",") if part.strip()]


def _codes(value: object) -> object:
    try:
        return [read_country(name) for name in value] if isinstance(value, list) else value
    except ValueError as problem:
        raise ValueError(sentence(problem)) from None


class FilterForm(Schema):
    """Filters as a form sends them. `value` is in whole units of the workspace's currency; `query` is the list's address before."""

    country: Annotated[list[str], Field(max_length=50), BeforeValidator(_codes), BeforeValidator(_names)] = []
    stage: list[Literal["subscriber", "lead", "mql", "sql", "customer", "evangelist"]] = []
    tag: Annotated[list[Annotated[Text, Field(max_length=100)]], Field(max_length=50), BeforeValidator(_names)] = []
    consent: list[ConsentState] = []
    suppressed: Annotated[bool | None, Blank] = None
    has_order: Annotated[bool | None, Blank] = None
    value: Annotated[Annotated[str, Field(max_length=30)] | None, Blank] = None
    created_within: Annotated[Annotated[int, Field(ge=1, le=36500)] | None, Blank] = None
    created_since: Annotated[Day | None, Blank] = None
    created_until: Annotated[Day | None, Blank] = None
    seen_within: Annotated[Annotated[int, Field(ge=1, le=36500)] | None, Blank] = None
    field: Annotated[Annotated[str, Field(max_length=63)] | None, Blank] = None
    equals: Annotated[Annotated[Text, Field(max_length=500)] | None, Blank] = None
    query: Annotated[Text, Field(max_length=8000)] = ""

    def apply(self, before: CustomerFilter, place: Place) -> CustomerFilter:
        """Return the filters before with those of the form in their place. Raises ValueError where the amount is none."""
        names = (
            "country",
            "stage",
            "tag",
            "consent",
            "suppressed",
            "has_order",
            "created_within",
            "created_since",
            "created_until",
            "seen_within",
        )
        says: dict[str, Any] = {name: getattr(self, name) for name in names}
        says["value_at_least"] = coerce(LIFETIME_VALUE, self.value, place)
        if self.field and self.equals:
            says["fields"] = {**before.fields, self.field: self.equals}
        return before.model_copy(update=says)
