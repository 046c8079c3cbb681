"""Customers by when they were created: the roll-up and the strips beside it equal counting one by one, whatever came and went."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.actor import Actor
from app.core.days import starts
from app.core.db import db
from app.core.time import now
from app.customers.models import Customer, CustomerDay, CustomerDayMove
from app.customers.queries import made
from app.customers.service import erase, upkeep
from tests.factories.customers import a_customer, a_workspace
from tests.factories.imports import imported, undone

ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Auckland", "Pacific/Kiritimati")
LEAP = datetime(2011, 12, 30, tzinfo=UTC)
"""Apia had no 30 December 2011."""


def one_by_one(workspace_id: int, moments: list[datetime]) -> list[int]:
    created = db.session.scalars(sa.select(Customer.created_at).where(Customer.workspace_id == workspace_id)).all()
    return [sum(at < moment for at in created) for moment in moments]


def check(workspace_id: int) -> None:
    """Compare day by day and month by month, in several zones, before and after moves are added to their days."""
    db.session.flush()
    for zone in map(ZoneInfo, ZONES):
        today = now().astimezone(zone).date()
        for step in (1, 30):
            moments = [starts(today - timedelta(days=back), zone) for back in range(60, -2, -step)]
            assert made.before(workspace_id, moments) == one_by_one(workspace_id, moments), (zone, step)


def test_it_equals_counting_whatever_comes_and_goes(session: Session) -> None:
    at, other = a_workspace().id, a_workspace().id
    chance = random.Random(5)
    crowd = [a_customer(at, created_at=now() - timedelta(days=61) * chance.random()) for _ in range(120)]
    a_customer(other)
    check(at)
    row = imported(at, "email\n" + "".join(f"new{n}@b.example\n" for n in range(9)))
    check(at)
    while upkeep.add_moves():
        pass
    check(at)
    erase.delete_many(at, [one.id for one in chance.sample(crowd, 50)], Actor.system("test"))
    undone(row)
    check(at)
    assert not upkeep.add_moves()
    check(at)
    assert session.scalar(sa.select(sa.exists().where(CustomerDayMove.workspace_id.in_((at, other))))) is False
    kept = sa.select(sa.func.sum(CustomerDay.n))
    assert [session.scalar(kept.where(CustomerDay.workspace_id == each)) for each in (at, other)] == [70, 1]


def test_edges_that_meet_and_a_day_that_never_was(session: Session) -> None:
    at, apia = a_workspace(zone="Pacific/Apia").id, ZoneInfo("Pacific/Apia")
    for hour in range(-40, 40):
        a_customer(at, created_at=LEAP + timedelta(hours=hour, minutes=30))
    moments = [starts(LEAP.date() + timedelta(days=day), apia) for day in range(-2, 4)]
    assert made.before(at, moments) == one_by_one(at, moments) == [2, 26, 50, 50, 74, 80]


def test_moves_are_added_in_steps(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    at = a_workspace().id
    monkeypatch.setattr(upkeep, "_STEP", 2)
    for _ in range(3):
        a_customer(at)
        session.flush()
    assert [upkeep.add_moves() for _ in range(2)] == [True, False]
    assert made.before(at, [now() - timedelta(days=1), now() + timedelta(days=1)]) == [0, 3]


@pytest.mark.committed
def test_nobody_waits_for_another_and_nothing_is_lost(session: Session) -> None:
    """Two transactions create customers of the same day while moves are added: neither waits, and what was not committed is added later."""
    at = a_workspace().id
    session.commit()
    later = [now() + timedelta(days=2)]
    new = sa.text("insert into customers (workspace_id, email) values (:at, :email)")
    with db.engine.connect() as one, db.engine.connect() as two:
        one.execute(new, {"at": at, "email": "one@b.example"})
        two.execute(sa.text("set local lock_timeout = '2s'"))
        two.execute(new, {"at": at, "email": "two@b.example"})
        two.commit()
        upkeep.add_moves()
        session.commit()
        assert made.before(at, later) == [1]
        one.commit()
    session.rollback()
    assert made.before(at, later) == [2]
    upkeep.add_moves()
    assert made.before(at, later) == [2]
