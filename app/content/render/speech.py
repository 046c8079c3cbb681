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

from app.content.render.measure import fits

NUMBER_CHARACTERS = 64
NUMBER_DIGITS = 30
"""A number with more digits before or after its point is none: 1e9000000 is nine letters, and its integer is nine megabytes."""
_INTEGER_BITS = 4096
"""Python refuses to print integers of more than 4,300 digits."""
_FORM_CHARACTERS = 64


def say(value: Any) -> str:
    """Return a value as a mail shows it: nothing for a missing one, `yes` and `no`, lists with commas, dates as 2026-11-21."""
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and value.bit_length() > _INTEGER_BITS:
        return ""
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
    with suppress(TypeError, ArithmeticError):  # of two kinds, or no number (NaN), or a time that no calendar has
        return _holds(value, op, other)
    return False


def _holds(value: Any, op: str, other: Any) -> bool:
    if op == "in":
        return _plain(value) in [_plain(one) for one in other] if isinstance(other, list | tuple) else say(value) in say(other)
    left, right = _plain(value), _plain(other)
    if op == "eq":
        return bool(left == right)
    if left is None or right is None:
        return False
    return bool(_ORDERS[op](left, right))


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


def _number(value: Any) -> Decimal:
    """Return a number of a length that is safe to calculate with. Raises ValueError or ArithmeticError for anything else."""
    text = str(value)
    if len(text) > NUMBER_CHARACTERS:
        raise ValueError
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > NUMBER_DIGITS:
        raise ValueError
    return number


def _truncate(value: Any, length: int = 255, end: str = "…") -> str:
    text = say(value)
    return text if len(text) <= length else (text[: max(length - len(end), 0)].rstrip() + end)[: max(length, 0)]


def _round(value: Any, digits: int = 0) -> Any:
    rounded = round(_number(value), max(min(digits, 12), 0))
    return rounded if digits > 0 else int(rounded)


def _join(value: Any, between: str = ", ") -> str:
    if not isinstance(value, list | tuple):
        return say(value)
    words = [say(one) for one in value]
    fits(sum(map(len, words)) + len(between) * len(words))
    return between.join(words)


def _replace(value: Any, old: str, new: str) -> str:
    text = say(value)
    if not old:
        return text
    fits(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else len(say(value))


def urlpart(value: Any) -> str:
    """Return a value as it may stand in the query of an address. Raises Invalid for one that is longer than any address."""
    text = say(value)
    fits(len(text))
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
            "int": lambda value: int(_number(value)),
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
        if len(form) > _FORM_CHARACTERS:  # the library keeps every pattern that it has seen
            raise ValueError
        if isinstance(value, str):
            value = datetime.fromisoformat(value) if len(value) > len("2026-11-21") else date.fromisoformat(value)
        if isinstance(value, datetime):
            value = value.astimezone(ZoneInfo(self.zone)).date()
        return format_date(value, form, self._locale())

    def number(self, value: Any, digits: int | None = None) -> str:
        """Return a number with its thousands apart."""
        pattern = None if digits is None else "#,##0" + "." * (digits > 0) + "0" * max(min(digits, 12), 0)
        return format_decimal(_number(value), pattern, self._locale())

    def money(self, value: Any, currency: str | None = None) -> str:
        """Return an amount (in whole units, such as dollars) with its currency."""
        code = currency or self.currency
        return format_currency(_number(value), code, locale=self._locale()) if is_currency(code) else say(value)

    def _locale(self) -> Locale:
        try:
            return Locale.parse(self.locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            return Locale("en")


FILTERS = frozenset(Speech().filters())
"""The names of the filters."""
