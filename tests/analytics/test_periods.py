"""Which days a report is about."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.figures import running, series
from app.analytics.periods import LONGEST, Days, a_year_before, before, buckets, of_query, step
from app.core.errors import Invalid

TODAY = date(2026, 11, 21)
DAYS = st.tuples(st.dates(date(2001, 1, 1), date(2030, 1, 1)), st.integers(0, LONGEST)).map(
    lambda pair: Days(pair[0], pair[0] + timedelta(days=pair[1]))
)


@pytest.mark.parametrize(
    ("period", "first", "length"),
    [("7d", date(2026, 11, 15), 7), ("28d", date(2026, 10, 25), 28), ("90d", date(2026, 8, 24), 90), ("12m", date(2025, 11, 22), 365)],
)
def test_named_periods_end_today(period: str, first: date, length: int) -> None:
    days = of_query(period, None, None, TODAY)
    assert (days.first, days.last, days.length) == (first, TODAY, length)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 11, 2), date(2026, 11, 1), "from"),
        (date(2026, 11, 2), date(2026, 11, 22), "to"),
        (date(1999, 1, 1), date(1999, 2, 1), "from"),
        (date(2020, 1, 1), TODAY, "from"),
        (None, TODAY, "from"),
        (TODAY, None, "to"),
    ],
)
def test_days_that_make_no_sense_are_refused_by_name(first: date | None, last: date | None, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        of_query("28d", first, last, TODAY)
    assert list(refused.value.errors) == [field]


@given(DAYS)
def test_the_period_before_ends_the_day_before_and_is_as_long(days: Days) -> None:
    earlier = before(days, "previous")
    assert earlier is not None
    assert (earlier.length, earlier.last) == (days.length, days.first - timedelta(days=1))
    assert before(days, "none") is None


def test_a_year_before_knows_leap_years() -> None:
    assert before(Days(date(2024, 2, 29), date(2024, 3, 1)), "year") == Days(date(2023, 2, 28), date(2023, 3, 1))
    assert a_year_before(date(2025, 2, 28)) == date(2024, 2, 28)


@given(DAYS)
def test_bars_share_the_days_out(days: Days) -> None:
    found = [day for bucket in buckets(days) for day in bucket]
    assert found == list(days)
    assert len(buckets(days)) <= {"day": 45, "week": 19, "month": 38}[step(days)]
    if step(days) == "month":
        assert all(bucket.first.day == 1 for bucket in buckets(days)[1:])


@given(DAYS, st.integers(0, 10**6))
def test_a_series_adds_up_and_a_level_ends_where_it_is(days: Days, end: int) -> None:
    values = series(days, lambda day: day.day)
    assert sum(values) == sum(day.day for day in days)
    levels = running(values, end)
    assert (levels[-1], levels[0]) == (end, end - sum(values[1:]))
