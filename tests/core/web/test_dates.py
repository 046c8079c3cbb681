from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.web import dates

NOW = datetime(2026, 11, 20, 16, 2, tzinfo=UTC)  # a Friday, 11:02 in New York
NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 20, 15, 50, tzinfo=UTC), "10:50"),
        (datetime(2026, 11, 20, 5, 0, tzinfo=UTC), "00:00"),  # the first minute of the day there
        (datetime(2026, 11, 20, 4, 59, tzinfo=UTC), "Thu 23:59"),
        (datetime(2026, 11, 16, 5, 0, tzinfo=UTC), "Mon 00:00"),
        (datetime(2026, 11, 21, 19, 20, tzinfo=UTC), "Sat 14:20"),  # still to come, this week
        (datetime(2026, 11, 16, 4, 59, tzinfo=UTC), "15 Nov"),
        (datetime(2026, 11, 14, 19, 20, tzinfo=UTC), "14 Nov"),
        (datetime(2026, 11, 23, 5, 0, tzinfo=UTC), "23 Nov"),
        (datetime(2025, 11, 14, 19, 20, tzinfo=UTC), "14 Nov 2025"),
        (datetime(2027, 1, 1, 3, 0, tzinfo=UTC), "31 Dec"),  # the year of the zone counts
        (None, "–"),
    ],
)
def test_when(moment: datetime | None, text: str) -> None:
    assert dates.when(moment, NOW, NEW_YORK) == text


def test_when_follows_the_locale() -> None:
    assert dates.when(datetime(2026, 11, 14, 19, 20, tzinfo=UTC), NOW, "Europe/Berlin", "de_DE") == "14. Nov."
    assert dates.when(datetime(2026, 11, 20, 9, 5, tzinfo=UTC), NOW, "Europe/Berlin", "de_DE") == "10:05"


def test_a_moment_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        dates.when(datetime(2026, 11, 20), NOW)  # noqa: DTZ001 (that is what is tried)


def test_in_full_names_the_zone() -> None:
    assert dates.in_full(datetime(2026, 11, 14, 19, 20, tzinfo=UTC), NEW_YORK) == "Saturday, 14 November 2026, 14:20 EST"
    assert dates.in_full(datetime(2026, 7, 14, 19, 20, tzinfo=UTC), NEW_YORK, "en_GB") == "Tuesday, 14 July 2026, 15:20 EDT"
    assert dates.in_full(datetime(2026, 11, 14, 19, 20, tzinfo=UTC), "Europe/Berlin", "de") == "Samstag, 14. November 2026, 20:20 CET"
    assert dates.in_full(datetime(2026, 11, 14, 19, 20, tzinfo=UTC), "America/Sao_Paulo") == "Saturday, 14 November 2026, 16:20 UTC-03"


def test_hour() -> None:
    assert dates.hour(datetime(2026, 1, 2, 19, 5, tzinfo=UTC), NEW_YORK) == "14:05"


def test_day_and_heading() -> None:
    today = date(2026, 11, 20)
    assert dates.day(date(2026, 11, 14), today) == "14 Nov"
    assert dates.day(date(1988, 6, 8), today) == "8 Jun 1988"
    assert dates.day(None, today) == "–"
    assert dates.heading(today, today) == "Today"
    assert dates.heading(date(2026, 11, 19), today) == "Yesterday"
    assert dates.heading(date(2026, 11, 14), today) == "Saturday, 14 November"
    assert dates.heading(date(2025, 11, 14), today) == "Friday, 14 November 2025"
    assert dates.heading(date(2026, 11, 14), today, "de") == "Samstag, 14. November 2026"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=12, seconds=59), "12 min ago"),
        (timedelta(minutes=60), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(hours=24), "Thu 11:02"),
        (timedelta(days=17), "3 Nov"),
        (timedelta(minutes=-12), "in 12 min"),
        (timedelta(seconds=-20), "just now"),
    ],
)
def test_ago_up_to_a_day(before: timedelta, text: str) -> None:
    assert dates.ago(NOW - before, NOW, NEW_YORK) == text


def test_ago_of_nothing() -> None:
    assert dates.ago(None, NOW) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.084, "84 ms"),
        (0.9996, "1 s"),
        (41, "41 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (400, "6 min 40 s"),
        (599.7, "10 min"),
        (1140, "19 min"),
        (3599.7, "1 h"),
        (12_000, "3 h 20 min"),
        (50_400, "14 h"),
        (86_399, "1.0 d"),
        (224_640, "2.6 d"),
        (34 * 86_400, "34 d"),
        (None, "–"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert dates.duration(seconds) == text


def test_a_forecast_says_about() -> None:
    assert dates.duration(timedelta(seconds=400), about=True) == "about 6 min 40 s"
    assert dates.duration(224_640, "de") == "2,6 d"
