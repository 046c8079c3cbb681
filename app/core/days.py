"""Local days beside those of UTC, by which roll-ups are kept. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_HALF = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Strip:
    """What lies between the moment number `place` and the midnight of UTC next to it; `early`: the moment comes first."""

    place: int
    low: datetime
    high: datetime
    early: bool


def starts(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which a local day begins."""
    return datetime.combine(day, time(), zone)


def midnight(moment: datetime) -> datetime:
    """Return the midnight of UTC that is nearest to a moment."""
    return datetime.combine((moment.astimezone(UTC) + _HALF).date(), time(), UTC)


def strips(moments: Sequence[datetime]) -> list[Strip]:
    """Return what lies between moments and the midnights of UTC nearest to them; nothing for those that are one."""
    found = []
    for place, moment in enumerate(moments):
        whole = midnight(moment)
        if whole != moment:
            found.append(Strip(place, min(moment, whole), max(moment, whole), moment < whole))
    return found
