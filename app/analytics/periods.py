"""Which days a report is about, and which it is compared with. Pure: today is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from app.core.errors import Invalid

Named = Literal["7d", "28d", "90d", "12m"]
Compare = Literal["previous", "year", "none"]
DAYS = {"7d": 7, "28d": 28, "90d": 90}
LONGEST = 1100
"""Days: three years and a little."""
_EARLIEST = date(2000, 1, 1)
_BY_DAY, _BY_WEEK = 45, 130
"""Up to so many days a picture has a bar a day, or a bar a week; beyond, a bar a month."""


@dataclass(frozen=True, slots=True)
class Days:
    """From `first` to `last`, both included."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """Return how many days these are."""
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        """Yield each day."""
        return (self.first + timedelta(days=at) for at in range(self.length))


@dataclass(frozen=True, slots=True)
class Bucket(Days):
    """Days that share a bar."""


def of_query(period: Named, first: date | None, last: date | None, today: date) -> Days:
    """Return the days that were asked for: `first` and `last` where both are given, else the named period, which ends today.

    Twelve months begin the day after this day a year ago. Raises Invalid naming `from` or `to`.
    """
    if first is None and last is None:
        start = today - timedelta(days=DAYS[period] - 1) if period in DAYS else a_year_before(today) + timedelta(days=1)
        return Days(start, today)
    if first is None or last is None:
        raise Invalid({"from" if first is None else "to": "Both ends are needed, or neither."})
    if last > today:
        raise Invalid({"to": "This day is still to come."})
    if first > last:
        raise Invalid({"from": "This is after the last day."})
    if first < _EARLIEST:
        raise Invalid({"from": "Nothing is that old. Begin in 2000 or later."})
    if (last - first).days >= LONGEST:
        raise Invalid({"from": f"At most {LONGEST:,} days at once."})
    return Days(first, last)


def before(days: Days, compare: Compare) -> Days | None:
    """Return what is compared with: as many days just before, or the same days of the year before; None for `none`."""
    if compare == "none":
        return None
    if compare == "year":
        return Days(a_year_before(days.first), a_year_before(days.last))
    return Days(days.first - timedelta(days=days.length), days.first - timedelta(days=1))


def a_year_before(day: date) -> date:
    """Return the same day of the year before; for 29 February the 28th."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def step(days: Days) -> Literal["day", "week", "month"]:
    """Return what a bar of a picture of these days stands for."""
    return "day" if days.length <= _BY_DAY else "week" if days.length <= _BY_WEEK else "month"


def buckets(days: Days) -> list[Bucket]:
    """Return the days by bar: single days, weeks counted from the first day, or calendar months; the first and last may be cut."""
    if step(days) == "day":
        return [Bucket(day, day) for day in days]
    found: list[Bucket] = []
    at = days.first
    while at <= days.last:
        end = at + timedelta(days=6) if step(days) == "week" else _next_month(at) - timedelta(days=1)
        found.append(Bucket(at, min(end, days.last)))
        at = end + timedelta(days=1)
    return found


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
