"""What the pages of a segment show as figures: members by day, who came and went and why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from app.segments.models import Cause

DAYS = 28
WHY = {
    Cause.CHANGE: "something about them changed",
    Cause.TIME: "time passed",
    Cause.RULES: "the rules were edited",
    Cause.HAND: "somebody took them off the list",
}


class Hour(Protocol):
    """The members at the end of an hour, and the coming and going in it."""

    hour: datetime
    members: int
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Members by day, and all coming and going in these days."""

    days: tuple[date, ...]
    members: tuple[int, ...]
    entered: int
    left: int


def by_day(hours: Sequence[Hour], today: date, zone: ZoneInfo, days: int = DAYS) -> Growth:
    """Return the number of members at the end of each of the last days; days before the first known hour are left out."""
    first = today - timedelta(days=days - 1)
    ends: dict[date, int] = {}
    for hour in hours:
        ends[hour.hour.astimezone(zone).date()] = hour.members
    shown: list[tuple[date, int]] = []
    current = max(((day, number) for day, number in ends.items() if day < first), default=(first, None))[1]
    for i in range(days):
        day = first + timedelta(days=i)
        current = ends.get(day, current)
        if current is not None:
            shown.append((day, current))
    since = [hour for hour in hours if hour.hour.astimezone(zone).date() >= first]
    return Growth(
        tuple(day for day, _ in shown),
        tuple(number for _, number in shown),
        sum(hour.entered for hour in since),
        sum(hour.left for hour in since),
    )


def chart(growth: Growth, names: Sequence[str]) -> dict[str, Any]:
    """Return the data of the picture; `names` are the days as people write them."""
    return {
        "x": list(names),
        "unit": "count",
        "series": [{"name": "Members", "kind": "line", "colour": "c1", "values": list(growth.members)}],
    }


def main_cause(moves: Mapping[tuple[bool, int], int], *, entered: bool) -> tuple[str, int] | None:
    """Return why most of those who entered (or left) did so, and how many; None where nobody moved."""
    found = {cause: number for (came, cause), number in moves.items() if came == entered}
    if not found:
        return None
    cause = max(found, key=lambda each: found[each])
    return WHY[Cause(cause)], found[cause]
