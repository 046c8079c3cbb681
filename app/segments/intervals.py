"""Comparisons of dates and times as intervals: the one place that says when a day begins and what *after* leaves out.

A date compared with a time means the whole day in the workspace's zone: `after 2026-01-05` begins with the 6th, `lte` includes
the whole 5th. `before` is `lt`, `after` is `gt`. Days ago are counted in steps of 24 hours for times, in dates for dates.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar, cast

from app.segments.nodes import ActivityTest, FieldTest, Scalar
from app.segments.vocabulary import Moment

T = TypeVar("T", date, datetime)


@dataclass(frozen=True, slots=True)
class Interval(Generic[T]):
    """From `low` to `high`; None is open-ended, `low_open` and `high_open` leave the end itself out."""

    low: T | None = None
    high: T | None = None
    low_open: bool = False
    high_open: bool = False

    def in_seconds(self: "Interval[datetime]") -> "Interval[datetime]":
        """Return the interval that holds the same whole seconds and whose ends are whole seconds."""
        low = self.low and (_floor(self.low) if self.low_open else _ceil(self.low))
        high = self.high and (_ceil(self.high) if self.high_open else _floor(self.high))
        return Interval(low, high, self.low_open, self.high_open)

    def holds(self, value: T) -> bool:
        """Tell whether a value lies inside."""
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return self.high is None or value < self.high or (value == self.high and not self.high_open)


def of_dates(test: FieldTest, moment: Moment) -> Interval[date]:
    """Return the dates for which a comparison of a date field holds."""
    today = moment.today
    if test.op == "within_days":
        return Interval(today - timedelta(days=_days(test)), today)
    if test.op == "more_than_days_ago":
        return Interval(high=today - timedelta(days=_days(test)), high_open=True)
    if test.op == "next_days":
        return Interval(today, today + timedelta(days=_days(test)))
    if test.op == "between":
        low, high = cast("tuple[date, date]", test.value)
        return Interval(low, high)
    value = cast("date", test.value)
    return {
        "eq": Interval(value, value),
        "lt": Interval(high=value, high_open=True),
        "lte": Interval(high=value),
        "gt": Interval(low=value, low_open=True),
        "gte": Interval(low=value),
    }[_plain(test.op)]


def of_times(test: FieldTest, moment: Moment) -> Interval[datetime]:
    """Return the times for which a comparison of a time field holds."""
    if test.op == "within_days":
        return Interval(moment.days_ago(_days(test)), moment.now)
    if test.op == "more_than_days_ago":
        return Interval(high=moment.days_ago(_days(test)), high_open=True)
    if test.op == "next_days":
        return Interval(moment.now, moment.days_ago(-_days(test)))
    if test.op == "between":
        low, high = cast("tuple[Scalar, Scalar]", test.value)
        lower, upper = _whole(low, moment), _whole(high, moment)
        return Interval(lower.low, upper.high, high_open=upper.high_open)
    value = _whole(test.value, moment)
    return {
        "eq": value,
        "lt": Interval(high=value.low, high_open=True),
        "lte": Interval(high=value.high, high_open=value.high_open),
        "gt": Interval(low=value.high, low_open=not value.high_open),
        "gte": Interval(low=value.low),
    }[_plain(test.op)]


def of_activities(test: ActivityTest, moment: Moment) -> Interval[datetime]:
    """Return the times at which an activity counts."""
    if test.within_days is not None:
        return Interval(low=moment.days_ago(test.within_days))
    after = None if test.after is None else _whole(test.after, moment)
    before = None if test.before is None else _whole(test.before, moment)
    return Interval(
        low=after.high if after else None,
        high=before.low if before else None,
        low_open=bool(after and not after.high_open),
        high_open=True,
    )


def _floor(time: datetime) -> datetime:
    return time.replace(microsecond=0)


def _ceil(time: datetime) -> datetime:
    return _floor(time) if not time.microsecond else _floor(time) + timedelta(seconds=1)


def _whole(value: object, moment: Moment) -> Interval[datetime]:
    """Return a time as itself, a date as its whole day."""
    if isinstance(value, datetime):
        return Interval(value, value)
    day = cast("date", value)
    return Interval(moment.start(day), moment.end(day), high_open=True)


def _days(test: FieldTest) -> int:
    return cast("int", test.value)


def _plain(op: str) -> str:
    return {"before": "lt", "after": "gt", "ne": "eq"}.get(op, op)
