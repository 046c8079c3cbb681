"""When a day begins, and what before, after and between leave out."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.segments.intervals import Interval, of_activities, of_dates, of_times
from tests.factories.segments import NOON, did, every, field, moment, tree

BERLIN = ZoneInfo("Europe/Berlin")
FIFTH = datetime(2026, 1, 5, tzinfo=BERLIN)
TICK = timedelta(microseconds=1)


def times(op: str, value: Any) -> None:
    return of_times(tree(every(field("created_at", op, value))).children[0], moment())


def dates(op: str, value: Any) -> None:
    return of_dates(tree(every(field("birthday", op, value))).children[0], moment())


def activities(**says: dict[str, Any]) -> None:
    return of_activities(tree(every(did("opened", "never", **says))).children[0], moment())


@pytest.mark.parametrize(
    ("op", "inside", "outside"),
    [
        ("eq", [FIFTH, FIFTH + timedelta(days=1) - TICK], [FIFTH - TICK, FIFTH + timedelta(days=1)]),
        ("lt", [FIFTH - TICK], [FIFTH]),
        ("before", [FIFTH - TICK], [FIFTH]),
        ("lte", [FIFTH + timedelta(days=1) - TICK], [FIFTH + timedelta(days=1)]),
        ("gt", [FIFTH + timedelta(days=1)], [FIFTH + timedelta(days=1) - TICK]),
        ("after", [FIFTH + timedelta(days=1)], [FIFTH + timedelta(days=1) - TICK]),
        ("gte", [FIFTH], [FIFTH - TICK]),
    ],
)
def test_a_date_means_the_whole_day_in_the_zone_of_the_workspace(op: str, inside: Any, outside: Any) -> None:
    found = times(op, "2026-01-05")
    assert [found.holds(at) for at in inside + outside] == [True] * len(inside) + [False] * len(outside)


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("eq", [False, True, False]),
        ("lt", [True, False, False]),
        ("lte", [True, True, False]),
        ("gt", [False, False, True]),
        ("gte", [False, True, True]),
    ],
)
def test_a_time_means_itself(op: str, expected: Any) -> None:
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    found = times(op, "2026-01-05T10:00:00Z")
    assert [found.holds(other) for other in (at - TICK, at, at + TICK)] == expected


def test_between_includes_both_days() -> None:
    found = times("between", ["2026-01-05", "2026-01-06"])
    end = FIFTH + timedelta(days=2)
    assert [found.holds(at) for at in (FIFTH - TICK, FIFTH, end - TICK, end)] == [False, True, True, False]


def test_the_day_of_summer_time_has_23_hours() -> None:
    found = times("eq", "2026-03-29")
    assert found.high - found.low == timedelta(hours=23)


def test_days_ago_are_steps_of_24_hours_for_times() -> None:
    edge = NOON - timedelta(days=30)
    within, earlier = times("within_days", 30), times("more_than_days_ago", 30)
    assert [within.holds(at) for at in (edge - TICK, edge, NOON, NOON + TICK)] == [False, True, True, False]
    assert [earlier.holds(at) for at in (edge - TICK, edge)] == [True, False]
    ahead = times("next_days", 1)
    assert [ahead.holds(at) for at in (NOON - TICK, NOON, NOON + timedelta(days=1), NOON + timedelta(days=1) + TICK)] == [
        False,
        True,
        True,
        False,
    ]


def test_days_ago_are_dates_for_dates() -> None:
    today = date(2026, 11, 21)
    within, earlier = dates("within_days", 1), dates("more_than_days_ago", 1)
    assert [within.holds(today + timedelta(days=i)) for i in (-2, -1, 0, 1)] == [False, True, True, False]
    assert [earlier.holds(today + timedelta(days=i)) for i in (-2, -1)] == [True, False]
    assert [dates("next_days", 1).holds(today + timedelta(days=i)) for i in (-1, 0, 1, 2)] == [False, True, True, False]


def test_today_is_that_of_the_workspace() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert (moment(late).today, moment(late, "UTC").today) == (date(2026, 11, 22), date(2026, 11, 21))


def test_activities_count_after_the_end_of_a_day_and_before_the_start_of_another() -> None:
    found = activities(after="2026-01-05", before="2026-01-08")
    sixth, eighth = FIFTH + timedelta(days=1), FIFTH + timedelta(days=3)
    assert [found.holds(at) for at in (sixth - TICK, sixth, eighth - TICK, eighth)] == [False, True, True, False]


def test_activities_of_the_last_days_have_no_upper_end_so_that_a_fast_clock_hides_none() -> None:
    found = activities(within_days=30)
    assert (found.low, found.high) == (NOON - timedelta(days=30), None)


def test_an_activity_with_times_leaves_both_ends_out() -> None:
    found = activities(after="2026-01-05T10:00:00Z", before="2026-01-05T11:00:00Z")
    ten = datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert [found.holds(ten + timedelta(hours=h)) for h in (0, 0.5, 1)] == [False, True, False]


@pytest.mark.parametrize("fraction", [0, 1, 500_000, 999_999])
@pytest.mark.parametrize("low_open", [True, False])
@pytest.mark.parametrize("high_open", [True, False])
def test_whole_seconds_hold_the_same_seconds(fraction: Any, low_open: Any, high_open: Any) -> None:
    low = NOON.replace(microsecond=fraction)
    exact = Interval(low, low + timedelta(seconds=3), low_open, high_open)
    seconds = [NOON + timedelta(seconds=i) for i in range(-2, 8)]
    assert [exact.in_seconds().holds(at) for at in seconds] == [exact.holds(at) for at in seconds]


def test_the_29th_of_february_is_kept_on_the_28th_in_other_years() -> None:
    assert "02-29" in moment(datetime(2026, 2, 27, 12, tzinfo=UTC)).coming_days(1)
    assert "02-29" not in moment(datetime(2028, 2, 27, 12, tzinfo=UTC)).coming_days(1)
    assert "02-29" in moment(datetime(2028, 2, 27, 12, tzinfo=UTC)).coming_days(2)
    assert len(moment().coming_days(36_500)) == 366
