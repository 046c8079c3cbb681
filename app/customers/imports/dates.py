"""Dates and times as people write them. The order of day and month is settled once per column, never guessed per value."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from app.customers.imports.rejects import Kind, Unreadable

Order = Literal["", "dmy", "mdy"]
"""Day before month or after; empty: not known, only years first and month names are read."""
_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_SHORT = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_TWO_DIGITS = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}")
_NAMED = re.compile(
    r"(?:([0-9]{1,2})(?:st|nd|rd|th)?[ -.]+([a-z]{3,9})\.?|([a-z]{3,9})\.?[ -]+([0-9]{1,2})(?:st|nd|rd|th)?),?[ -]+([0-9]{4})"
)
_TIME = re.compile(
    r"[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?(?:\s*([ap]m))?(?:\s*(z|utc|gmt|[+-][0-9]{2}:?(?:[0-9]{2})?))?",
    re.IGNORECASE,
)
_MONTHS = {name: n for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)}


def read_date(value: str, order: Order = "") -> str | None:
    """Return a date as `2026-11-21`, None for an empty one; a time behind it is cut. Raises Unreadable."""
    text = value.strip()
    if not text:
        return None
    day, rest = _date(text, order)
    if rest and not _TIME.fullmatch(rest):
        raise Unreadable(Kind.DATE, "Not a date; write it as 2026-11-21")
    return day.isoformat()


def read_datetime(value: str, order: Order = "", zone: str = "UTC") -> str | None:
    """Return a moment as `2026-11-21T10:50:00Z`, None for an empty one. Raises Unreadable.

    Without an offset it is in `zone`; parts of a second are cut.
    """
    text = value.strip()
    if not text:
        return None
    day, rest = _date(text, order)
    moment = datetime(day.year, day.month, day.day, tzinfo=_zone(zone))
    if rest:
        found = _TIME.fullmatch(rest)
        if not found:
            raise Unreadable(Kind.DATE, "Not a time; write it as 2026-11-21 10:50")
        moment = _at(day, found, _zone(zone))
    if not 1 < moment.year < 9999:  # noqa: PLR2004 (at the ends there are zones in which no such time can be written)
        raise Unreadable(Kind.DATE, "No such date")
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def guess_order(values: Iterable[str]) -> Order | None:
    """Return the order of day and month in a column, empty where no value needs one, None where it cannot be known."""
    first = second = seen = 0
    for value in values:
        found = _SHORT.match(value.strip())
        if not found:
            continue
        if found[2] == ".":
            first += 1
            continue
        seen += 1
        first += int(found[1]) > 12  # noqa: PLR2004 (months)
        second += int(found[3]) > 12  # noqa: PLR2004
    if first and second:
        return "dmy" if first > second * 20 else "mdy" if second > first * 20 else None
    if first or second:
        return "dmy" if first else "mdy"
    return None if seen else ""


def _date(text: str, order: Order) -> tuple[date, str]:
    """Return the date at the beginning of the text, and what stands behind it."""
    for shape in (_ISO, _COMPACT):
        found = shape.match(text)
        if found:
            return _day(*found.groups()), text[found.end() :]
    found = _SHORT.match(text)
    if found:
        return _short(found, order), text[found.end() :]
    found = _NAMED.match(text.lower())
    if found and (found[2] or found[3])[:3] in _MONTHS:
        return _day(found[5], _MONTHS[(found[2] or found[3])[:3]], found[1] or found[4]), text[found.end() :]
    if text.startswith(("=", "@", "+")):
        raise Unreadable(Kind.DATE, "Formulas are not read")
    if _TWO_DIGITS.match(text):
        raise Unreadable(Kind.DATE, "Two digits do not say which century; write the year in full")
    raise Unreadable(Kind.DATE, "Not a date; write it as 2026-11-21")


def _short(found: re.Match[str], order: Order) -> date:
    one, mark, two, year = found.groups()
    if mark == "." or order == "dmy":
        return _day(year, two, one)
    if order == "mdy":
        return _day(year, one, two)
    if int(one) > 12 >= int(two):  # noqa: PLR2004 (months)
        return _day(year, two, one)
    if int(two) > 12 >= int(one):  # noqa: PLR2004
        return _day(year, one, two)
    if one == two:
        return _day(year, one, two)
    raise Unreadable(
        Kind.DATE, f"Which is the month, {one} or {two}? Write {year}-{int(two):02}-{int(one):02} or {year}-{int(one):02}-{int(two):02}"
    )


def _day(year: str, month: str | int, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise Unreadable(Kind.DATE, "No such date") from None


def _at(day: date, found: re.Match[str], zone: tzinfo) -> datetime:
    hour, minute, second, half, offset = found.groups()
    hours = int(hour) % 12 + (12 if half.lower() == "pm" else 0) if half else int(hour)
    where = zone if not offset else UTC if offset[0] not in "+-" else _offset(offset)
    try:
        return datetime(day.year, day.month, day.day, hours, int(minute), int(second or 0), tzinfo=where)
    except ValueError:
        raise Unreadable(Kind.DATE, "No such time") from None


def _offset(text: str) -> tzinfo:
    digits = text[1:].replace(":", "").ljust(4, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if span >= timedelta(days=1):
        raise Unreadable(Kind.DATE, "No such time")
    return timezone(-span if text[0] == "-" else span)


@cache
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)
