"""Members by day, and why people left."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from app.segments.figures import by_day, chart, main_cause
from app.segments.models import Cause

TODAY = date(2026, 11, 21)
ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Hour:
    hour: datetime
    members: int
    entered: int = 0
    left: int = 0


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_each_day_ends_with_its_last_hour_and_quiet_days_keep_the_number() -> None:
    growth = by_day([Hour(at(18, 8), 5, 5), Hour(at(18, 20), 7, 3, 1), Hour(at(20), 6, 0, 1)], TODAY, ZONE)
    assert growth.days == (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20), TODAY)
    assert growth.members == (7, 7, 6, 6)
    assert (growth.entered, growth.left) == (8, 2)


def test_the_number_before_the_first_day_is_carried_into_it() -> None:
    growth = by_day([Hour(at(1), 9, 9), Hour(at(21), 10, 1)], TODAY, ZONE, days=3)
    assert growth.members == (9, 9, 10)
    assert growth.entered == 1


def test_a_day_is_that_of_the_workspace() -> None:
    assert by_day([Hour(at(20, 23), 4)], TODAY, ZONE, days=2).members == (4,)


def test_a_segment_without_hours_has_no_days() -> None:
    assert by_day([], TODAY, ZONE).days == ()


def test_the_picture_has_a_name_for_each_day() -> None:
    growth = by_day([Hour(at(20), 4), Hour(at(21), 5)], TODAY, ZONE)
    assert chart(growth, ["20 Nov", "21 Nov"])["series"][0]["values"] == [4, 5]


def test_the_commonest_cause_is_named() -> None:
    moves = {(False, Cause.TIME): 171, (False, Cause.CHANGE): 33, (True, Cause.CHANGE): 318}
    assert main_cause(moves, entered=False) == ("time passed", 171)
    assert main_cause(moves, entered=True) == ("something about them changed", 318)
    assert main_cause({}, entered=True) is None
