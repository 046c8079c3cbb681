"""The only validation: one pydantic model per action, used by form, JSON and command line alike."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.core.errors import Invalid

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WORDS = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no such field.",
    "string_type": "This must be text.",
    "string_unicode": "This holds a character that cannot be stored.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "int_parsing_size": "This number is too large.",
    "float_type": "This must be a number.",
    "float_parsing": "This must be a number.",
    "finite_number": "This must be a finite number.",
    "decimal_type": "This must be a number.",
    "decimal_parsing": "This must be a number.",
    "bool_type": "This must be true or false.",
    "bool_parsing": "This must be true or false.",
    "list_type": "This must be a list.",
    "dict_type": "This must be an object.",
    "model_type": "This must be an object.",
    "model_attributes_type": "This must be an object.",
    "date_from_datetime_parsing": "This must be a date, such as 2026-11-21.",
    "date_parsing": "This must be a date, such as 2026-11-21.",
    "date_type": "This must be a date, such as 2026-11-21.",
    "datetime_parsing": "This must be a time, such as 2026-11-21T10:50:00Z.",
    "datetime_from_date_parsing": "This must be a time, such as 2026-11-21T10:50:00Z.",
    "datetime_type": "This must be a time, such as 2026-11-21T10:50:00Z.",
    "timezone_aware": "This needs a zone, such as 2026-11-21T10:50:00Z.",
    "json_invalid": "This is not JSON.",
}
_BOUNDS = {"less_than_equal": ("At most", "le"), "greater_than_equal": ("At least", "ge")}


def _storable(value: str) -> str:
    """Refuse what PostgreSQL cannot keep: NUL and lone surrogates."""
    if _UNSTORABLE.search(value):
        msg = "This holds a character that cannot be stored."
        raise ValueError(msg)
    return value


def _readable(value: datetime) -> datetime:
    if not 1900 <= value.year < 3000:  # noqa: PLR2004 (said in the reason)
        msg = "This lies outside the years 1900 to 2999."
        raise ValueError(msg)
    return value


def _blank_to_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Storable = AfterValidator(_storable)
"""In `Annotated[str, Field(max_length=…), Storable]`: what PostgreSQL can keep."""
Text = Annotated[str, Storable]
"""Text of any length that PostgreSQL can keep."""
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]
"""One line of 1 to 200 characters: names, labels."""
Blank = BeforeValidator(_blank_to_none)
"""In `Annotated[X | None, Blank]`: a blank form field is nothing."""
OptionalLine = Annotated[Line | None, BeforeValidator(_blank_to_none)]
"""A line or nothing; a blank form field is nothing."""
Moment = Annotated[datetime, AfterValidator(_readable)]
"""A time of the years 1900 to 2999: PostgreSQL keeps others that Python cannot read back, or not in every zone."""
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""A row's id: fits bigint."""


class Schema(BaseModel):
    """Base of all schemas: unknown fields are refused, surrounding space is cut, instances do not change."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True, from_attributes=True, allow_inf_nan=False)


class ListQuery(Schema):
    """What every list takes: an opaque `cursor` from the page before, and how many (1 to 200)."""

    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of a list: the items, and the cursor of the next page or null."""

    items: list[T]
    next: str | None = None


S = TypeVar("S", bound=BaseModel)


def parse(schema: type[S], data: Mapping[str, Any] | object) -> S:
    """Check `data` against `schema`.

    Raises Invalid with one plain reason per path, such as `{"rules[2].value": "This must be a number."}`.
    """
    try:
        return schema.model_validate(data)
    except ValidationError as problem:
        raise Invalid(explain(problem)) from None
    except RecursionError:
        raise Invalid({"": "This is nested too deeply."}) from None


def explain(problem: ValidationError) -> dict[str, str]:
    """Return one plain reason per path."""
    errors: dict[str, str] = {}
    for found in problem.errors(include_url=False, include_input=False):
        errors.setdefault(path_of(found["loc"]), _reason(found))
    return errors


def _reason(found: Any) -> str:
    kind, context = found["type"], found.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if context.get("field_type") == "Value":  # a text with validators around it
        kind = f"string_{kind}"
    if kind == "string_too_short":
        return "This is needed." if context["min_length"] == 1 else f"At least {context['min_length']} characters."
    if kind == "string_too_long":
        return f"At most {context['max_length']:,} characters."
    if kind in {"too_long", "too_short"}:
        most, least = context.get("max_length"), context.get("min_length")
        return f"At most {most:,} entries." if kind == "too_long" else "This is needed." if least == 1 else f"At least {least:,} entries."
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"{words} {context[name]:,}." if isinstance(context[name], int) else f"{words} {context[name]}."
    return _WORDS.get(kind) or _sentence(found["msg"])


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ").replace("Input should be", "This must be")
    return message if message.endswith(".") else message + "."


def path_of(parts: tuple[int | str, ...]) -> str:
    """Write a pydantic location as people read it: `("rules", 2, "value")` becomes `rules[2].value`."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(("function-", "tagged-", "constrained-", "lax-or-strict")):
            path += f".{part}" if path else part
    return path
