"""The drain: hits become activities, flags and figures, each once."""

import concurrent.futures
import random
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import redis as redis_client
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy.session import Session

from app.core.db import apart, db
from app.customers.models import CustomerStats, Kind
from app.delivery.drain import drain, drain_table
from app.delivery.gauges import hits as gauges
from app.delivery.hits import FIELD, STREAM, Hit, encode
from app.delivery.models import Hit as Row
from app.delivery.models import HitAgent, Message, MessageKind, MessageState
from app.delivery.service import hits as service
from app.delivery.service import seen
from app.jobs.clock import Desk
from tests.factories.customers import a_customer
from tests.factories.tracking import BOT, CHROME, a_hit, a_mailing, a_message, acts, counted_raw, hit, hour_of, kept_figures
from tests.factories.workspaces import workspace
from tests.support import counted

NOON = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)


def put(redis: redis_client.Redis, *hits: Hit) -> None:
    for one in hits:
        redis.xadd(STREAM, {FIELD: encode(one)})


def flags(message: Message) -> tuple[datetime | None, datetime | None]:
    db.session.refresh(message)
    return message.opened_at, message.clicked_at


def test_hits_become_activities_with_all_that_is_known(session: Session, redis: redis_client.Redis) -> None:
    place = workspace().id
    mailing = a_mailing(place)
    message = a_message(mailing, sent=NOON)
    opened, clicked = (
        a_hit(message, at=NOON + timedelta(minutes=5, microseconds=7)),
        a_hit(message, 2, at=NOON + timedelta(hours=1), agent=BOT),
    )
    put(redis, opened, clicked)
    assert drain(redis) == 2
    agents = {row.text: row.id for row in session.scalars(sa.select(HitAgent))}
    found = [(act.event_id, act.occurred_at, act.kind, act.customer_id, act.source_id, act.data) for act in acts(place)]
    data = {"message": message.id, "address": "192.0.2.7", "method": "GET"}
    assert found == [
        (UUID(opened.event_id), NOON + timedelta(minutes=5, microseconds=7), Kind.OPENED, message.customer_id, mailing.source_id,
         data | {"link": None, "agent": agents[CHROME], "why": "browser"}),
        (UUID(clicked.event_id), NOON + timedelta(hours=1), Kind.CLICKED_MACHINE, message.customer_id, mailing.source_id,
         data | {"link": 2, "agent": agents[BOT], "why": "crawler"}),
    ]  # fmt: skip
    assert flags(message) == (NOON + timedelta(minutes=5, microseconds=7), None)
    assert kept_figures() == counted_raw() == {
        (mailing.id, hour_of(NOON), "sent"): 1, (mailing.id, hour_of(NOON), "opened"): 1, (mailing.id, hour_of(NOON), "opens"): 1,
        (mailing.id, hour_of(NOON), "hits_opened"): 1, (mailing.id, hour_of(NOON) + timedelta(hours=1), "hits_clicked_machine"): 1,
    }  # fmt: skip
    assert redis.xlen(STREAM) == 0


def test_a_click_of_a_person_shows_that_it_was_opened_and_the_order_of_hits_does_not_matter(session: Session) -> None:
    mailing = a_mailing(workspace().id)
    times = {"open": NOON + timedelta(hours=3), "click": NOON + timedelta(hours=2), "late": NOON + timedelta(hours=1)}
    for order in (("click", "open", "late"), ("late", "click", "open"), ("open", "late", "click")):
        message = a_message(mailing, sent=NOON)
        for name in order:
            hit(message, 0 if name == "click" else None, at=times[name])
        assert flags(message) == (times["late"], times["click"]), order
    assert kept_figures() == counted_raw()
    only = a_message(mailing, sent=NOON)
    hit(only, 0, at=times["click"])
    assert flags(only) == (times["click"], times["click"])
    assert kept_figures() == counted_raw()


def test_a_hit_drained_again_changes_nothing(session: Session, redis: redis_client.Redis) -> None:
    place = workspace().id
    message = a_message(a_mailing(place))
    hits = [a_hit(message), a_hit(message, 1), a_hit(message, 1, agent="Mozilla/5.0")]
    put(redis, *hits, *hits)
    assert drain(redis) == 6
    before, figures = [act.event_id for act in acts(place)], kept_figures()
    put(redis, *hits, another := a_hit(message))
    drain(redis)
    assert sorted(act.event_id for act in acts(place)) == sorted([*before, UUID(another.event_id)])
    assert kept_figures() == counted_raw() != figures


def test_what_counts_for_nothing_leaves_nothing(session: Session, redis: redis_client.Redis) -> None:
    place = workspace().id
    mailing = a_mailing(place)
    test, system = a_message(mailing, kind=MessageKind.TEST), a_message(mailing, kind=MessageKind.SYSTEM)
    erased, gone = a_message(mailing, customer_id=None), a_message(mailing)
    session.execute(sa.delete(CustomerStats).where(CustomerStats.workspace_id == place, CustomerStats.customer_id == gone.customer_id))
    unknown = Hit("a" * 32, 1_700_000_000_000_000, 999_999_999, None, "GET", "", CHROME)
    put(redis, unknown, *(a_hit(message) for message in (test, system, erased, gone)))
    redis.xadd(STREAM, {FIELD: b"nonsense"})
    redis.xadd(STREAM, {"other": b"nonsense"})
    assert drain(redis) == 7
    assert (acts(place), redis.xlen(STREAM)) == ([], 0)
    assert kept_figures() == counted_raw()


def test_a_burst_is_seen_across_batches(session: Session) -> None:
    place = workspace().id
    message = a_message(a_mailing(place), sent=NOON)
    for position in range(3):
        hit(message, position, at=NOON + timedelta(minutes=1, seconds=3 * position))
    hit(message, 0, at=NOON + timedelta(minutes=10))
    assert [(act.kind, act.data["why"]) for act in acts(place)][2:] == [(Kind.CLICKED_MACHINE, "burst"), (Kind.CLICKED, "browser")]  # type: ignore[index]
    together = a_message(a_mailing(place), sent=NOON)
    service.record([a_hit(together, position, at=NOON + timedelta(minutes=1, seconds=position)) for position in range(3)])
    assert [act.kind for act in acts(place, customer_id=together.customer_id)] == [Kind.CLICKED_MACHINE] * 3
    assert flags(together) == (None, None)


def test_hits_before_the_server_took_the_mail_are_machines(session: Session) -> None:
    place = workspace().id
    mailing = a_mailing(place)
    waiting = a_message(mailing, state=MessageState.PENDING, sent_at=None)
    doubt = a_message(mailing, state=MessageState.IN_DOUBT, sent_at=None, claimed_at=NOON)
    hit(waiting)
    hit(doubt, at=NOON + timedelta(hours=1))
    assert Counter(act.kind for act in acts(place)) == {Kind.OPENED_MACHINE: 1, Kind.OPENED: 1}
    assert kept_figures() == counted_raw()


def test_hits_of_the_table_are_drained_too(session: Session, redis: redis_client.Redis) -> None:
    place = workspace().id
    message = a_message(a_mailing(place))
    session.add_all([Row(body=encode(a_hit(message))), Row(body=b"nonsense"), Row(body=encode(a_hit(message, 0)))])
    session.flush()
    put(redis, a_hit(message))
    assert {sample.labels["where"]: sample.value for family in gauges() for sample in family.samples} == {"table": 3, "stream": 1}
    assert drain_table(Desk(redis)) is False
    assert [act.kind for act in acts(place)] == [Kind.OPENED, Kind.CLICKED]
    assert session.scalar(sa.select(sa.func.count()).select_from(Row)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_random_hits_in_random_batches_leave_what_counting_the_rows_says(session: Session, seed: int) -> None:
    dice = random.Random(seed)
    places = [workspace().id, workspace().id]
    messages = [a_message(a_mailing(place), sent=NOON - timedelta(minutes=dice.randrange(300))) for place in places for _ in range(6)]
    agents, positions = [CHROME, CHROME, BOT, "Mozilla/5.0"], [None, None, 0, 1, 2]
    times = [NOON + timedelta(minutes=dice.randrange(400)) for _ in range(150)]
    hits = [a_hit(dice.choice(messages), dice.choice(positions), at=at, agent=dice.choice(agents)) for at in times]
    rest = [*hits, *dice.sample(hits, 40)]
    while rest:
        size = dice.randrange(1, 40)
        batch, rest = rest[:size], rest[size:]
        service.record(batch)
        assert kept_figures() == counted_raw()
    assert sum(len(acts(place)) for place in places) == 150


def test_the_number_of_statements_does_not_depend_on_the_number_of_hits(session: Session) -> None:
    mailing = a_mailing(workspace().id)
    taken = []
    for size in (1, 30):
        hits = [a_hit(a_message(mailing), position, agent=f"{CHROME} {size} {position}") for _ in range(size) for position in (None, 0)]
        session.flush()
        with counted() as statements:
            service.record(hits)
        taken.append(len(statements))
    assert taken[0] == taken[1] < 20


@pytest.mark.committed
def test_two_drains_at_once_count_each_hit_once(app: Flask, session: Session, redis: redis_client.Redis) -> None:
    place = workspace().id
    mailing = a_mailing(place)
    messages = [a_message(mailing, a_customer(place)) for _ in range(20)]
    put(redis, *(a_hit(message, position) for message in messages for position in (None, None, 0)))
    session.commit()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(apart(drain), redis) for _ in range(4)]:
            done.result()
    assert len(acts(place)) == 60
    assert kept_figures() == counted_raw()
    assert redis.xlen(STREAM) == 0


@pytest.mark.committed
@pytest.mark.parametrize("most", [20_000, 3])
def test_people_are_seen_when_they_open_or_click_and_machines_are_not(session: Session, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(seen, "_MOST", most)
    mailing = a_mailing(workspace().id)
    messages = [a_message(mailing, sent=NOON) for _ in range(4)]
    for minutes, (message, values) in enumerate(
        [
            (messages[0], {}),
            (messages[0], {"position": 0}),
            (messages[1], {}),
            (messages[2], {"agent": BOT}),
            (messages[3], {"method": "HEAD"}),
        ]
    ):
        hit(message, values.pop("position", None), at=NOON + timedelta(minutes=5 - minutes), **values)
        session.commit()
    while seen.follow():
        session.commit()
    session.commit()
    mine = CustomerStats.workspace_id == mailing.workspace_id
    found = {row[0]: row[1] for row in session.execute(sa.select(CustomerStats.customer_id, CustomerStats.last_activity_at).where(mine))}
    times = [NOON + timedelta(minutes=5), NOON + timedelta(minutes=3), None, None]
    assert [found[message.customer_id or 0] for message in messages] == times
    with counted() as statements:
        assert seen.follow() is False
    assert not [one for one in statements if "customer_stats" in one]
