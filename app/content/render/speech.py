"""How values become words: what is printed for each type, and the filters. One that does not fit its value leaves it as it is."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import wraps
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, is_currency
from jinja2.runtime import Undefined

from app.content.render.parts import OUTPUT_CHARACTERS
from app.core.errors import Invalid


def say(value: Any) -> str:
    """Return a value as a mail shows it: nothing for a missing one, `yes` and `no`, lists with commas, dates as 2026-11-21."""
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(map(say, value))
    return str(value)


def missing(value: Any) -> bool:
    """Say whether there is nothing to show: no value, or an empty text; zero and «no» are values."""
    return value is None or (isinstance(value, str) and not value) or isinstance(value, Undefined)


def default(value: Any, instead: Any = "") -> Any:
    """Return another value for a missing one."""
    return instead if missing(value) else value


def compare(value: Any, op: str, other: Any) -> bool:
    """Compare as segments do: what is missing, or of another kind, is neither more nor less; `ne` and `notin` are the exact complements."""
    if op in _COMPLEMENTS:
        return not compare(value, _COMPLEMENTS[op], other)
    if op == "in":
        return _plain(value) in [_plain(one) for one in other] if isinstance(other, list | tuple) else say(value) in say(other)
    left, right = _plain(value), _plain(other)
    if op == "eq":
        return bool(left == right)
    if left is None or right is None:
        return False
    with suppress(TypeError):
        return bool(_ORDERS[op](left, right))
    return False


_COMPLEMENTS = {"ne": "eq", "notin": "in"}
_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "lt": lambda a, b: a < b,
    "lteq": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gteq": lambda a, b: a >= b,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Undefined) or value == "":
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _tolerant(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a filter so that what it cannot do leaves the value alone, and a missing value stays missing."""

    @wraps(function)
    def run(value: Any, *args: Any, **kwargs: Any) -> Any:
        if missing(value):
            return ""
        try:
            return function(value, *args, **kwargs)
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
            return value

    return run


def _title(value: Any) -> str:
    return " ".join(word[:1].upper() + word[1:].lower() for word in say(value).split(" "))


def _truncate(value: Any, length: int = 255, end: str = "…") -> str:
    text = say(value)
    return text if len(text) <= length else text[: max(length - len(end), 0)].rstrip() + end


def _round(value: Any, digits: int = 0) -> Any:
    rounded = round(Decimal(str(value)), max(min(digits, 12), 0))
    return rounded if digits > 0 else int(rounded)


def _join(value: Any, between: str = ", ") -> str:
    return between.join(map(say, value)) if isinstance(value, list | tuple) else say(value)


def _replace(value: Any, old: str, new: str) -> str:
    text = say(value)
    if old and len(text) + text.count(old) * len(new) > OUTPUT_CHARACTERS:
        raise Invalid({"body": "This becomes too large: more than 1 MB for one person."})
    return text.replace(old, new) if old else text


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else len(say(value))


def urlpart(value: Any) -> str:
    """Return a value as it may stand in the query of an address."""
    text = say(value)
    return text if text.isalnum() and text.isascii() else quote(text, safe="")


@dataclass(frozen=True, slots=True)
class Speech:
    """Whose tongue, calendar and money."""

    locale: str = "en"
    zone: str = "UTC"
    currency: str = "USD"

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return all filters by name."""
        plain: dict[str, Callable[..., Any]] = {
            "upper": lambda value: say(value).upper(),
            "lower": lambda value: say(value).lower(),
            "title": _title,
            "capitalize": lambda value: say(value).capitalize(),
            "trim": lambda value: say(value).strip(),
            "truncate": _truncate,
            "round": _round,
            "int": lambda value: int(Decimal(str(value))),
            "join": _join,
            "first": lambda value: value[0],
            "last": lambda value: value[-1],
            "replace": _replace,
            "date": self.date,
            "number": self.number,
            "money": self.money,
            "urlencode": urlpart,
        }
        return {name: _tolerant(function) for name, function in plain.items()} | {"default": default, "length": _length}

    def date(self, value: Any, form: str = "long") -> str:
        """Return a date in words: `short medium long full`, or a pattern such as `d MMMM`."""
        if isinstance(value, str):
            value = datetime.fromisoformat(value) if len(value) > len("2026-11-21") else date.fromisoformat(value)
        if isinstance(value, datetime):
            value = value.astimezone(ZoneInfo(self.zone)).date()
        return format_date(value, form, self._locale())

    def number(self, value: Any, digits: int | None = None) -> str:
        """Return a number with its thousands apart."""
        pattern = None if digits is None else "#,##0" + "." * (digits > 0) + "0" * max(min(digits, 12), 0)
        return format_decimal(Decimal(str(value)), pattern, self._locale())

    def money(self, value: Any, currency: str | None = None) -> str:
        """Return an amount (in whole units, such as dollars) with its currency."""
        code = currency or self.currency
        return format_currency(Decimal(str(value)), code, locale=self._locale()) if is_currency(code) else say(value)

    def _locale(self) -> Locale:
        try:
            return Locale.parse(self.locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            return Locale("en")


FILTERS = frozenset(Speech().filters())
"""The names of the filters."""
