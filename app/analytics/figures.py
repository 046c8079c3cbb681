"""Figures as pages draw them: series by bar, the funnel's steps. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.analytics.periods import Bucket, Days, buckets, step
from app.core.stats import Rate
from app.delivery.queries.figures import Figures

STEPS = (("Sent", "sent"), ("Delivered", "delivered"), ("Opened", "opened"), ("Clicked", "clicked"), ("Ordered", "ordered"))
"""The steps of the funnel: their words, and where `Figures` has them."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel: people, of how many at the step before (None: the first), of how many at the first, of how many delivered."""

    name: str
    key: str
    people: int
    of_before: Rate | None
    of_first: Rate
    of_delivered: Rate | None

    @property
    def left(self) -> int:
        """Return how many did not come here from the step before."""
        return max(0, self.of_before.whole - self.people) if self.of_before else 0


def funnel(figures: Figures) -> list[Step]:
    """Return the steps from sent to ordered.

    Somebody may click without an opening that was seen (pictures are off), so a step can have more people than the one before: its share
    then stops at all of them.
    """
    found: list[Step] = []
    for name, key in STEPS:
        people = getattr(figures, key)
        before = Rate(people, found[-1].people) if found else None
        reached = Rate(people, figures.delivered) if len(found) > 1 else None
        found.append(Step(name, key, people, before, Rate(people, figures.sent), reached))
    return found


def series(days: Days, of_day: Callable[[date], int]) -> list[int]:
    """Return a sum for each bar of a picture of these days."""
    return [sum(of_day(day) for day in bucket) for bucket in buckets(days)]


def by_first(figures: Mapping[date, Figures], name: str) -> Callable[[date], int]:
    """Return what reads one figure of the bar that begins with a day; on other days there is nothing, 0."""
    return lambda day: getattr(figures[day], name) if day in figures else 0


def running(values: Sequence[int], end: int) -> list[int]:
    """Return a level at the end of each bar, from what each added and where it ended."""
    level = end - sum(values)
    found = []
    for value in values:
        level += value
        found.append(level)
    return found


def money_chart(names: Sequence[str], revenue: Sequence[int], cost: Sequence[int], before: Sequence[int] | None) -> dict[str, Any]:
    """Return the picture of revenue and cost, with the earlier revenue as a dashed line over the same number of bars."""
    drawn: list[dict[str, Any]] = [
        {"name": "Revenue", "kind": "bar", "colour": "c1", "values": list(revenue)},
        {"name": "Cost", "kind": "bar", "colour": "c2", "values": list(cost)},
    ]
    if before is not None:
        fitted = [*before, *([None] * len(names))][: len(names)]
        drawn.append({"name": "Revenue before", "kind": "before", "values": fitted})
    return {"x": list(names), "unit": "money", "series": drawn}


def labels(days: Days, write: Callable[[date], str], month: Callable[[date], str]) -> list[str]:
    """Return the names of the bars: the day or the first day of a week, or the month."""
    return [month(bucket.first) if step(days) == "month" else write(bucket.first) for bucket in buckets(days)]


def best(parts: Sequence[Bucket], values: Sequence[int]) -> tuple[Bucket, int] | None:
    """Return the bar with the most, and how much; None where there is nothing."""
    top = max(range(len(values)), key=lambda at: values[at], default=None)
    return (parts[top], values[top]) if top is not None and values[top] > 0 else None
