"""What the names in a tree may mean in one workspace, and how its dates and money read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.customers.values import FieldInfo

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of activity: `opened`, `bought`, or a custom event. `label` reads after «who»: *opened an e-mail*."""

    id: int
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The fields, activities, sources and segments of a workspace."""

    fields: Mapping[str, FieldInfo]
    kinds: Mapping[str, Kind]
    segments: Mapping[int, str] = field(default_factory=dict)
    sources: Mapping[int, str] = field(default_factory=dict)
    zone: ZoneInfo = UTC_ZONE
    currency: str = "USD"
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Moment:
    """The one `now` of an evaluation, and the zone in which its days begin."""

    now: datetime
    zone: ZoneInfo = UTC_ZONE

    @property
    def today(self) -> date:
        """Return the workspace's date."""
        return self.now.astimezone(self.zone).date()

    def start(self, day: date) -> datetime:
        """Return when a day begins in the workspace's zone, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def end(self, day: date) -> datetime:
        """Return when the next day begins."""
        return self.start(day + timedelta(days=1))

    def days_ago(self, days: int) -> datetime:
        """Return this moment `days` times 24 hours earlier."""
        return self.now - timedelta(days=days)

    def coming_days(self, days: int) -> list[str]:
        """Return today and the next `days` dates as `MM-DD`; 29 February is kept on the 28th in other years."""
        found: dict[str, None] = {}
        for i in range(min(days, 366) + 1):
            day = self.today + timedelta(days=i)
            found[f"{day:%m-%d}"] = None
            if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).day == 1:
                found["02-29"] = None
        return list(found)
