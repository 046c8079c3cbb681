"""Members follow what happens to customers, and only those touched are looked at."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import registry
from app.core.db import any_workspace, db
from app.core.time import now
from app.customers.models import Customer
from app.events.models import Outbox
from app.segments.compiler import Scope, select_customers
from app.segments.jobs import follow_customers, look_for_news, refresh_late
from app.segments.models import Cause, Segment, SegmentCursor
from app.segments.service import filling, news
from tests.factories.customers import a_consent, a_customer, a_field, a_workspace, customers, stats
from tests.factories.segments import CUSTOM, a_segment, acts, did, field, member_of, members, moves, negated
from tests.segments import crowd

pytestmark = pytest.mark.committed
US = field("country", "eq", "US")


@pytest.fixture
def place(session: Any) -> int:
    return a_workspace().id


def commit() -> None:
    db.session.commit()


def follow(place: int) -> list[int]:
    commit()
    whole = list(news.follow(place))
    commit()
    return whole


def jobs() -> list[tuple[str, dict[str, Any]]]:
    return [(row.job, row.args) for row in db.session.execute(sa.text("select job, args from job_runs order by id"))]


def test_one_change_moves_one_customer(place: int) -> None:
    person, other = customers(place, 2, country="DE")
    made = a_segment(place, US)
    commit()
    person.country = "US"
    assert follow(place) == []
    assert members(made) == [person.id]
    assert (made.members, moves(made)) == (1, [(person.id, True, Cause.CHANGE)])
    person.country = "DE"
    other.country = "US"
    follow(place)
    assert members(made) == [other.id]
    assert made.members == 1


CHANGES: dict[str, tuple[Any, Callable[[Customer], Any]]] = {
    "profile": (US, lambda person: setattr(person, "country", "US")),
    "custom field": (field("fields.plan", "eq", "pro"), lambda person: setattr(person, "attributes", {"plan": "pro"})),
    "tags": (field("tags", "contains", "vip"), lambda person: setattr(person, "tags", ["vip"])),
    "computed": (field("stats.orders_count", "gte", 2), lambda person: stats(person, orders_count=2)),
    "consent": (field("consent.email", "eq", "subscribed"), a_consent),
    "activity": (did("bought", "at_least", 1), lambda person: acts(person, "bought", [now()])),
    "in the past": (
        did("bought", "at_least", 1, before="2026-01-01"),
        lambda person: acts(person, "bought", [now() - timedelta(days=900)]),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_kind_of_news_is_heard(place: int, what: str) -> None:
    rule, change = CHANGES[what]
    a_field(place, "plan")
    person, _ = customers(place, 2, country="DE")
    made = a_segment(place, rule)
    commit()
    change(person)
    follow(place)
    assert members(made) == [person.id]


def test_a_new_customer_enters_at_once_even_where_a_rule_speaks_of_nothing(place: int) -> None:
    made = a_segment(place, did("opened", "never"))
    commit()
    person = a_customer(place)
    follow(place)
    assert members(made) == [person.id]


def test_a_transaction_that_commits_late_is_not_skipped(place: int, app: Flask) -> None:
    slow, fast = customers(place, 2, country="DE")
    made = a_segment(place, US)
    commit()
    with db.engine.connect() as other, other.begin() as late:
        other.execute(sa.text("update customers set country = 'US' where id = :id"), {"id": slow.id})
        fast.country = "US"
        follow(place)
        late.commit()
    follow(place)
    assert members(made) == sorted([slow.id, fast.id])


def test_what_no_segment_reads_wakes_nobody(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    person = a_customer(place, country="DE")
    a_segment(place, US)
    follow(place)
    monkeypatch.setattr(filling, "read", lambda _segment: pytest.fail("no segment reads this"))
    person.city = "Basel"
    stats(person, engagement=3)
    acts(person, "opened", [now()])
    follow(place)


def test_segments_that_name_others_follow_in_the_same_step(place: int) -> None:
    person = a_customer(place, country="DE")
    first = a_segment(place, US)
    second = a_segment(place, negated(member_of(first.id)))
    third = a_segment(place, member_of(second.id))
    commit()
    person.country = "US"
    db.session.execute(sa.text("delete from outbox"))
    follow(place)
    assert [members(found) for found in (first, second, third)] == [[person.id], [], []]
    told = db.session.scalars(any_workspace(sa.select(Outbox).order_by(Outbox.created_at))).all()
    assert {(row.payload["segment_id"], row.payload["spread"]) for row in told} == {(found.id, True) for found in (first, second, third)}


def test_a_flood_is_handed_to_whole_refreshes_and_not_again_for_a_while(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "MANY", 5)
    first = a_segment(place, US)
    second = a_segment(place, member_of(first.id))
    commit()
    customers(place, 6, country="US")
    assert follow(place) == [first.id, second.id]
    customers(place, 6, country="US")
    assert follow(place) == []
    db.session.execute(any_workspace(sa.update(SegmentCursor).values(whole_at=now() - timedelta(minutes=1))))
    assert follow(place) == [first.id, second.id]


def test_a_reader_that_was_away_too_long_begins_anew(place: int) -> None:
    made = a_segment(place, US)
    commit()
    db.session.execute(any_workspace(sa.update(SegmentCursor).values(read_at=now() - timedelta(days=8))))
    assert follow(place) == [made.id]
    assert follow(place) == []


def test_an_erasure_is_followed_even_by_who_was_put_in_meanwhile(place: int) -> None:
    person = a_customer(place, country="US")
    made = a_segment(place, US)
    commit()
    for erase in registry.erase:
        erase(place, [person.id])
    db.session.execute(sa.text("delete from customers where id = :id"), {"id": person.id})
    db.session.execute(sa.text("insert into segment_members values (:s, :c, now())"), {"s": made.id, "c": person.id})
    made.members = 1
    follow(place)
    assert (members(made), made.members) == ([], 0)


def test_the_clock_finds_who_has_news(place: int) -> None:
    quiet = a_workspace().id
    for where in (place, quiet):
        a_segment(where, US)
    follow(place)
    follow(quiet)
    db.session.execute(sa.text("delete from job_runs"))
    a_customer(place, country="US")
    commit()
    look_for_news()
    assert jobs() == [("segments.follow_customers", {})]
    follow_customers(place)
    commit()
    db.session.execute(sa.text("delete from job_runs"))
    look_for_news()
    assert jobs() == []


def test_what_time_alone_changes_is_refreshed_every_hour_and_all_once_a_day(place: int) -> None:
    hourly = a_segment(place, did("opened", "never", within_days=3))
    daily = a_segment(place, US)
    unfilled = a_segment(place, US)
    a_segment(place)
    hourly.refreshed_at = now() - timedelta(minutes=61)
    daily.refreshed_at = now() - timedelta(hours=23)
    unfilled.filled_at, unfilled.updated_at = None, now() - timedelta(minutes=2)
    commit()
    assert sorted(news.late()) == sorted([(place, hourly.id), (place, unfilled.id)])
    daily.refreshed_at = now() - timedelta(hours=25)
    commit()
    db.session.execute(sa.text("delete from job_runs"))
    refresh_late()
    assert sorted(args["segment_id"] for _, args in jobs()) == sorted([hourly.id, daily.id, unfilled.id])


def test_after_random_news_the_members_are_those_of_the_rules(place: int) -> None:
    """The long way round: any tree, any change, the same members as if everybody were looked at."""
    source = crowd.a_source(place)
    for key, kind in CUSTOM.items():
        a_field(place, key, kind)
    other = a_segment(place, field("city", "exists"))
    people = crowd.make(place, 5, 40, other.id, source)
    filling.refresh(place, other.id)
    commit()
    dice = random.Random(5)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(crowd.trees(other.id, source), min_size=1, max_size=3))
    def stays_current(rules: list[Any]) -> None:
        made = [a_segment(place, rule) for rule in rules]
        commit()
        for customer in dice.sample(sorted(people), 6):
            crowd.change(dice, place, customer, source)
        follow(place)
        for segment in [*made, other]:
            node = filling.read(segment)
            moment = filling.moment_of(place)
            expected = sorted(db.session.scalars(select_customers(node, Scope(place, moment))))
            assert members(segment) == expected
            assert segment.members == len(expected)
        db.session.execute(sa.delete(Segment).where(Segment.workspace_id == place, Segment.id != other.id))
        commit()

    stays_current()
