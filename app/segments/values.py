"""Values as people and programs write them, turned into the type of what they are compared with. Raises ValueError with the reason."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from app.segments.ast import MAX_DAYS
from app.segments.nodes import Scalar

MAX_TEXT = 500
MAX_NUMBER = 10**15
MAX_CENTS = 10**17
YEARS = (1800, 2200)

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?", re.ASCII)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def text(value: object) -> str:
    """Return a text of 1 to 500 characters."""
    if not isinstance(value, str):
        raise _no("This must be text.")
    if not value:
        raise _no("This is needed. To find people without a value use not_exists.")
    if len(value) > MAX_TEXT:
        raise _no(f"At most {MAX_TEXT} characters.")
    if _UNSTORABLE.search(value):
        raise _no("This holds a character that cannot be stored.")
    return value


def email(value: object) -> str:
    """Return an address as it is compared: without space around it, in small letters."""
    return text(fold(value.strip()) if isinstance(value, str) else value)


def fold(value: str) -> str:
    """Return a text in small letters as PostgreSQL makes them: each character by itself."""
    return "".join("i" if c == "İ" else c.lower() if len(c.lower()) == 1 else c for c in value)


def number(value: object) -> Decimal:
    """Return a finite number of moderate size; true and false are none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _no("This must be a number.")
    try:
        found = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:  # pragma: no cover (str of a float always reads)
        raise _no("This must be a number.") from None
    if not found.is_finite():
        raise _no("This must be a finite number.")
    if abs(found) > MAX_NUMBER:
        raise _no("This number is too large.")
    return found


def money(value: object) -> int:
    """Return whole minor units (cents) of the workspace's currency."""
    found = number(value)
    if found != found.to_integral_value():
        raise _no("Money is a whole number of minor units: 200 dollars are 20000.")
    return int(found)


def boolean(value: object) -> bool:
    """Return true or false; their names are read too, numbers are not."""
    if isinstance(value, bool):
        return value
    named = {"true": True, "false": False}
    if isinstance(value, str) and value in named:
        return named[value]
    raise _no("This must be true or false.")


def day(value: object) -> date:
    """Return a date between 1800 and 2200."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            raise _no("There is no such date.") from None
        if YEARS[0] <= found.year <= YEARS[1]:
            return found
        raise _no(f"The year must lie between {YEARS[0]} and {YEARS[1]}.")
    raise _no("This must be a date, such as 2026-11-21.")


def moment(value: object, zone: ZoneInfo) -> date | datetime:
    """Return a date (meaning the whole day), or an aware time; one without a zone is read in the workspace's."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        try:
            return day(value)
        except ValueError as problem:
            if "2026" not in str(problem):
                raise
            raise _no("This must be a date or a time, such as 2026-11-21 or 2026-11-21T10:50:00Z.") from None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise _no("There is no such time.") from None
    day(value[:10])
    return found if found.tzinfo else found.replace(tzinfo=zone)


def days(value: object) -> int:
    """Return a number of days, 1 to 36,500."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _no("This must be a whole number of days.")
    if not 1 <= value <= MAX_DAYS:
        raise _no(f"Days are a number from 1 to {MAX_DAYS:,}.")
    return value


def scalar(kind: str, value: object, zone: ZoneInfo) -> Scalar:
    """Return `value` as a single value of a field type."""
    if kind == "datetime":
        return moment(value, zone)
    return _READ[kind](value)


_READ: dict[str, Callable[[object], Scalar]] = {
    "text": text,
    "list": text,
    "number": number,
    "money": money,
    "boolean": boolean,
    "date": day,
}


def untyped(value: object) -> Scalar:
    """Return a value whose type is what JSON says: for the data of activities, which has no declared types."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return number(value)
    return text(value)


def _no(reason: str) -> ValueError:
    return ValueError(reason)
