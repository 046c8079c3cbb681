"""Partitions, kept counts, old notes."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask_sqlalchemy.session import Session

from app.core.time import now
from app.customers.models import CustomerChange, KeptCount, Kind, SavedView
from app.customers.queries import counts as queries
from app.customers.queries import partitions
from app.customers.service import counts, upkeep
from app.customers.service.activities import Act, named_id, record_activities
from tests.factories.customers import a_consent, a_customer, a_suppression, customers
from tests.factories.workspaces import workspace


@pytest.fixture
def here(session: Session) -> int:
    return workspace().id


def rows_in(session: Session, table: str) -> int:
    return session.scalar(sa.text(f"select count(*) from {table}")) or 0  # noqa: S608


def test_the_coming_months_get_partitions_in_time(session: Session, here: int) -> None:
    one = a_customer(here)
    with time_machine.travel(datetime(2031, 11, 20, tzinfo=UTC), tick=False):
        moments = [datetime(2031, 10, 5, tzinfo=UTC), datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)]
        record_activities(here, [Act(one.id, Kind.VISITED, at, named_id(here, at)) for at in moments])
        assert rows_in(session, "activities_default") == 3
        made = 0
        while upkeep.make_partition():
            made += 1
        assert made == 4
    assert [rows_in(session, f"activities_{name}") for name in ("default", "2031_11", "2031_12", "2032_01", "2032_02")] == [1, 0, 1, 1, 0]
    assert rows_in(session, "activities") == 3
    assert record_activities(here, [Act(one.id, Kind.VISITED, at, named_id(here, at)) for at in moments]) == 0
    indexes = session.scalars(sa.text("select indexdef from pg_indexes where tablename = 'activities_2031_12'")).all()
    assert len(indexes) == 5


def test_a_month_that_crowds_the_default_gets_its_own(session: Session, here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one = a_customer(here)
    monkeypatch.setattr(upkeep, "CROWDED", 3)
    at = datetime(2019, 5, 1, tzinfo=UTC)
    record_activities(here, [Act(one.id, Kind.VISITED, at + timedelta(days=10 * i), named_id(here, i)) for i in range(5)])
    while upkeep.make_partition():
        pass
    assert (rows_in(session, "activities_2019_05"), rows_in(session, "activities_default")) == (4, 1)
    assert partitions.following(date(2019, 12, 31)) == date(2020, 1, 1)


def test_old_notes_are_forgotten(session: Session, here: int) -> None:
    one, two = customers(here, 2)
    old = sa.update(CustomerChange).where(CustomerChange.workspace_id == here, CustomerChange.customer_id == one.id)
    session.execute(old.values(changed_at=now() - timedelta(days=8)))
    assert not upkeep.forget_changes()
    left = session.scalars(sa.select(CustomerChange.customer_id).where(CustomerChange.workspace_id == here)).all()
    assert left == [two.id]


def test_who_may_be_written_to(session: Session, here: int) -> None:
    yes, no, asked, _unknown, listed, nameless = customers(here, 6)
    for row, state in ((yes, "subscribed"), (no, "unsubscribed"), (asked, "pending"), (listed, "subscribed"), (nameless, "subscribed")):
        a_consent(row, state)
    a_suppression(here, listed.email or "")
    nameless.email, nameless.external_id = None, "x"
    session.flush()
    wanted = {"everyone": queries.everyone(here), "mailable": queries.mailable(here)}
    found = counts.read(here, wanted, budget=60)
    assert {name: one.value for name, one in found.items()} == {"everyone": 6, "mailable": 1}


def test_a_count_is_kept_and_taken_anew_where_it_took_too_long(session: Session, here: int) -> None:
    customers(here, 2)
    view = SavedView(workspace_id=here, name="US", query="country=US")
    session.add(view)
    session.flush()
    name = f"view:{view.id}"
    wanted = {name: queries.of_query(here, view.query)}
    assert counts.read(here, wanted, budget=0)[name] == counts.Counted(None, None)
    a_customer(here, country="US")
    assert counts.recount()
    assert not counts.recount()
    assert counts.read(here, wanted, budget=0)[name].value == 1
    a_customer(here, country="US")
    with time_machine.travel(now() + timedelta(seconds=31), tick=False):
        assert counts.read(here, wanted, budget=0)[name].value == 1
        assert counts.recount()
        assert counts.read(here, wanted, budget=0)[name].value == 2
    with time_machine.travel(now() + timedelta(seconds=90), tick=False):
        session.delete(view)
        counts.read(here, wanted, budget=0)
        counts.recount()
    assert session.scalars(sa.select(KeptCount).where(KeptCount.workspace_id == here)).all() == []
