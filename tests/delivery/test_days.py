"""Days of mailings are the sums of their hours, whatever moved them; bars of them equal the hours themselves."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.days import starts
from app.delivery.models import MailingDay, MailingHour
from app.delivery.queries.days import of_bars
from app.delivery.queries.figures import NAMES, Figures
from app.delivery.service.tallies import add_hours
from tests.factories.analytics import a_mailing
from tests.factories.customers import a_workspace

ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Auckland", "Pacific/Apia")
BEGAN = datetime(2026, 3, 20, tzinfo=UTC)
LEAP = datetime(2011, 12, 28, tzinfo=UTC)
"""Two days before the one that Apia left out."""


def moved(chance: random.Random, workspace_id: int, mailings: list[int], began: datetime) -> None:
    """Move figures of random hours of twelve days up and down, some of one day and mailing at once."""
    for _ in range(30):
        hours = {
            (chance.choice(mailings), began + timedelta(hours=chance.randrange(288))): {
                name: chance.randint(-3, 9) for name in chance.sample(NAMES, 4)
            }
            for _ in range(chance.randint(1, 12))
        }
        add_hours(workspace_id, hours)


def test_days_are_the_sums_of_hours(session: Session) -> None:
    at, chance = a_workspace().id, random.Random(2)
    moved(chance, at, [a_mailing(at).id for _ in range(3)], BEGAN)
    sums: dict[tuple[int, date], Figures] = {}
    for hour in session.scalars(sa.select(MailingHour).where(MailingHour.workspace_id == at)):
        key = hour.mailing_id, hour.hour.astimezone(UTC).date()
        sums[key] = sums.get(key, Figures()) + Figures(*(getattr(hour, name) for name in NAMES))
    days = session.scalars(sa.select(MailingDay).where(MailingDay.workspace_id == at)).all()
    assert {(day.mailing_id, day.day): Figures(*(getattr(day, name) for name in NAMES)) for day in days} == sums
    assert len(sums) > 30


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("began", [BEGAN, LEAP])
def test_bars_equal_the_hours(session: Session, zone: str, began: datetime) -> None:
    at, place, chance = a_workspace(zone=zone).id, ZoneInfo(zone), random.Random(9)
    moved(chance, at, [a_mailing(at).id for _ in range(3)], began)
    elsewhere = a_workspace().id
    moved(chance, elsewhere, [a_mailing(elsewhere).id], began)
    rows = session.scalars(sa.select(MailingHour).where(MailingHour.workspace_id == at)).all()
    for step in (1, 5):
        firsts = [began.date() + timedelta(days=day) for day in range(1, 9, step)]
        end = began.date() + timedelta(days=9)
        found = of_bars(at, firsts, end, place)
        edges = [starts(day, place) for day in (*firsts, end)]
        for at_, first in enumerate(firsts):
            within = [row for row in rows if edges[at_] <= row.hour < edges[at_ + 1]]
            assert found.by_bar[first] == _sum(within), (zone, first)
        mine = [row for row in rows if edges[0] <= row.hour < edges[-1]]
        assert found.total == _sum(mine)
        each = {mailing_id: _sum([row for row in mine if row.mailing_id == mailing_id]) for mailing_id in {row.mailing_id for row in mine}}
        assert found.by_mailing == each
        assert len(each) == 3


def _sum(rows: list[MailingHour]) -> Figures:
    sums = Counter({name: sum(getattr(row, name) for row in rows) for name in NAMES})
    return Figures(**sums)
