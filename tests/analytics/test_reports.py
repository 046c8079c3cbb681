"""Every figure of a report equals the slow answer from the rows themselves."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.analytics import periods
from app.analytics.periods import Bucket, buckets
from app.analytics.schemas import PeriodQuery
from app.analytics.service import reports
from app.campaigns.models import Campaign
from app.core import time
from app.customers.models import Customer
from app.delivery.models import Conversion, MailingDay, MailingHour, Message
from app.delivery.queries.days import Period, of_bars
from app.delivery.queries.figures import NAMES, Figures
from app.delivery.service.tallies import add_hours
from tests.analytics import raw
from tests.factories.analytics import a_mailing, a_sent_campaign, a_year
from tests.factories.customers import a_workspace

ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia")
COUNTED = ("sent", "bounced", "opened", "clicked", "ordered", "unsubscribed", "complained", "refused", "orders", "revenue")


def counted(figures: Figures) -> Counter[str]:
    return Counter({name: getattr(figures, name) for name in COUNTED})


def same(one: Counter[str], two: Counter[str]) -> bool:
    return {name: n for name, n in one.items() if n} == {name: n for name, n in two.items() if n}


@pytest.mark.parametrize("zone", ZONES)
def test_a_report_equals_the_rows(session: Session, zone: str) -> None:
    at = a_workspace(zone=zone).id
    a_year(at, campaigns=2, people=24, seed=ZONES.index(zone), within=timedelta(days=14))
    a_year(a_workspace(zone=zone).id, campaigns=1, people=8, seed=3)
    for period, compare, daily in (("28d", "previous", True), ("7d", "year", False), ("90d", "none", False), ("12m", "none", False)):
        check(at, PeriodQuery(period=period, compare=compare), ZoneInfo(zone), daily=daily)


def of_days(workspace_id: int, first: date, last: date, zone: ZoneInfo) -> Period:
    return of_bars(workspace_id, list(periods.Days(first, last)), last + timedelta(days=1), zone)


def this_hour() -> datetime:
    return time.now().replace(minute=0, second=0, microsecond=0)


def check(at: int, query: PeriodQuery, place: ZoneInfo, *, daily: bool) -> None:
    """Compare a report with the rows, section by section, bar by bar, campaign by campaign."""
    found = reports.report(at, query, with_people=True, daily=daily)
    messages, sold = raw.rows(Message, at), raw.rows(Conversion, at)
    campaigns, people = raw.rows(Campaign, at), raw.rows(Customer, at)
    for section in (found.now, found.before):
        if section is None:
            assert query.compare == "none"
            continue
        first, last = section.days.first, section.days.last
        assert same(counted(section.figures), raw.figures(messages, sold, first, last, place))
        for bar in [Bucket(day, day) for day in section.days] if daily else buckets(section.days):
            assert same(counted(section.by_bar.get(bar.first, Figures())), raw.figures(messages, sold, bar.first, bar.last, place)), bar
            assert section.new[bar.first] == raw.created(people, bar.first, bar.last, place)
        assert section.cost == raw.cost(campaigns, first, last, place)
        assert section.new_customers == raw.created(people, first, last, place)
        assert section.customers == raw.created(people, date(1900, 1, 1), last, place)
    assert found.now.figures.sent > 0 or query.period == "7d"  # both campaigns may be older, which depends on the hour of the day
    for part in found.campaigns:
        mine = next(row for row in campaigns if row.id == part.campaign_id)
        theirs = [row for row in messages if row.mailing_id == mine.mailing_id]
        its = [row for row in sold if row.mailing_id == mine.mailing_id]
        assert same(counted(part.figures), raw.figures(theirs, its, found.now.days.first, found.now.days.last, place))
    assert sum(part.cost for part in found.campaigns) == found.now.cost
    assert sum((part.figures for part in found.campaigns), Figures()) == found.now.figures


def test_the_edge_of_a_day_is_the_workspaces(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """New York, clocks back on 1 November 2026: midnight is 04:00 UTC before and 05:00 after; the day has 25 hours."""
    monkeypatch.setattr(time, "now", lambda: datetime(2026, 11, 3, 12, tzinfo=UTC))
    at = a_workspace(zone="America/New_York").id
    mailing = a_mailing(at)
    began = datetime(2026, 11, 1, tzinfo=UTC)
    add_hours(at, {(mailing.id, began + timedelta(hours=hour)): {"sent": 1} for hour in range(-3, 30)})
    found = of_days(at, date(2026, 11, 1), date(2026, 11, 1), ZoneInfo("America/New_York"))
    assert (found.total.sent, {day: one.sent for day, one in found.by_bar.items()}) == (25, {date(2026, 11, 1): 25})
    earlier = of_days(at, date(2026, 10, 31), date(2026, 10, 31), ZoneInfo("America/New_York"))
    assert earlier.total.sent == 7
    both = of_days(at, date(2026, 10, 31), date(2026, 11, 2), ZoneInfo("America/New_York"))
    assert [one.sent for one in both.by_bar.values()] == [7, 25, 1]
    assert (both.total.sent, {mailing_id: one.sent for mailing_id, one in both.by_mailing.items()}) == (33, {mailing.id: 33})


@pytest.mark.parametrize(("zone", "begins"), [("Asia/Kolkata", 19), ("Asia/Kathmandu", 19), ("UTC", 0)])
def test_an_hour_over_midnight_counts_to_the_day_it_began_in(session: Session, zone: str, begins: int) -> None:
    """Midnight in Kolkata is 18:30 UTC, in Kathmandu 18:15: the hour from 18:00 began the day before."""
    at = a_workspace(zone=zone).id
    mailing = a_mailing(at)
    began = datetime(2026, 5, 4, tzinfo=UTC)
    add_hours(at, {(mailing.id, began + timedelta(hours=hour)): {"sent": 1} for hour in range(48)})
    found = of_days(at, date(2026, 5, 5), date(2026, 5, 5), ZoneInfo(zone))
    assert found.total.sent == 24
    first = min(hour for hour in range(48) if raw.day_of(began + timedelta(hours=hour), ZoneInfo(zone)) == date(2026, 5, 5))
    assert first % 24 == begins


def test_nothing_adds_up_to_nothing(session: Session) -> None:
    found = reports.report(a_workspace().id, PeriodQuery(), with_people=True)
    assert found.now.figures == Figures()
    assert (found.now.cost, found.now.roi, found.now.customers, found.now.new_customers, list(found.campaigns)) == (0, None, 0, 0, [])


def test_cost_belongs_to_the_day_of_the_launch(session: Session) -> None:
    at = a_workspace().id
    a_sent_campaign(at, cost=5_000, launched_at=time.now() - timedelta(days=3))
    old = a_sent_campaign(at, cost=9_000, launched_at=time.now() - timedelta(days=40))
    add_hours(at, {(old.mailing_id, this_hour()): {"orders": 2, "revenue": 15_000}})
    found = reports.report(at, PeriodQuery())
    assert (found.now.cost, found.now.figures.revenue, found.now.roi) == (5_000, 15_000, 2.0)
    assert [(part.cost, part.figures.revenue, part.roi) for part in found.campaigns] == [(0, 15_000, None), (5_000, 0, -1.0)]
    assert found.before is not None
    assert found.before.cost == 9_000


def test_mail_of_no_campaign_is_named_and_adds_up(session: Session) -> None:
    at = a_workspace().id
    mailing = a_mailing(at)
    add_hours(at, {(mailing.id, this_hour()): {"sent": 4, "opened": 1}})
    found = reports.report(at, PeriodQuery())
    assert [(part.campaign_id, part.name, part.figures.sent) for part in found.campaigns] == [(None, reports.NO_CAMPAIGN, 4)]


def test_the_columns_of_hours_are_those_that_are_added(session: Session) -> None:
    for table in (MailingHour, MailingDay):
        assert set(NAMES) == {column.name for column in sa.inspect(table).columns} - {"workspace_id", "mailing_id", "hour", "day"}


def test_no_rate_passes_one_whatever_was_counted() -> None:
    chance = random.Random(4)
    for _ in range(200):
        made = Figures(*(chance.randint(0, 9) for _ in NAMES))
        for name in ("open_rate", "click_rate", "order_rate", "unsubscribe_rate", "complaint_rate", "bounce_rate"):
            rate = getattr(made, name)
            assert rate.value is None or 0 <= rate.low <= rate.value <= rate.high <= 1
