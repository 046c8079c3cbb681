"""From publish to handler, and to the channel."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session
from redis import Redis

from app.core.actor import Actor
from app.core.time import now
from app.events import deliver, relay, service
from app.events.models import Delivery, Outbox
from app.events.queries import news as queries
from app.events.registry import Event, News, forget, on, on_any
from tests.factories.jobs import drain

heard: list[object] = []
trouble: list[Exception] = []


@dataclass(frozen=True)
class Rang(Event):
    times: int


@pytest.fixture(autouse=True)
def listeners(session: Session) -> Iterator[None]:
    heard.clear()
    trouble.clear()

    @on(Rang)
    def listen(event: Rang) -> None:
        session.execute(
            sa.text("insert into workspaces (name, slug, sandbox, currency, zone, locale) values ('x', :n, false, 'EUR', 'UTC', 'en')"),
            {"n": event.times},
        )
        if trouble:
            raise trouble[0]
        heard.append(event)

    @on_any
    def note(news: News) -> None:
        heard.append(news)

    session.execute(sa.delete(Outbox).execution_options(any_workspace=True))
    yield
    forget("test_delivery.listen")
    forget("test_delivery.note")


def deliveries(session: Session) -> list[Delivery]:
    session.expire_all()
    return list(session.scalars(sa.select(Delivery).order_by(Delivery.id)))


def rows(session: Session) -> int:
    return int(session.scalar(sa.text("select count(*) from workspaces")) or 0)


def test_every_handler_hears_it_once(session: Session) -> None:
    service.publish(Rang(4, 2), Actor("Ada", user_id=9, address="10.0.0.1"))
    drain()
    event, news = sorted(heard, key=lambda h: isinstance(h, News))
    assert event == Rang(4, 2)
    assert isinstance(news, News)
    assert (news.event, news.workspace_id, news.data) == ("Rang", 4, {"times": 2})
    actor = session.scalars(sa.select(Outbox.actor).execution_options(any_workspace=True)).one()
    assert actor == {"name": "Ada", "user_id": 9, "key_id": None, "request_id": None}, "no address"


def test_a_delivery_brought_twice_does_nothing_the_second_time(session: Session) -> None:
    service.publish(Rang(4, 2))
    _, ids = relay.expand()
    assert [deliver.deliver(i) for i in ids] == ["done", "done"]
    assert [deliver.deliver(i) for i in ids] == ["skipped", "skipped"]
    assert (len(heard), rows(session)) == (2, 1)


def test_expanded_again_an_event_has_no_second_deliveries(session: Session) -> None:
    service.publish(Rang(4, 2))
    relay.expand()
    session.execute(sa.update(Outbox).values(relayed_at=None).execution_options(any_workspace=True))
    assert relay.expand() == (1, [])
    assert len(deliveries(session)) == 2


def test_a_failing_handler_is_undone_and_tried_ten_times_and_then_waits_for_a_person(session: Session) -> None:
    trouble.append(RuntimeError("no such planet"))
    service.publish(Rang(4, 2))
    _, ids = relay.expand()
    for attempt in range(1, 11):
        assert deliver.deliver(ids[0]) == ("failed" if attempt == 10 else "queued")
        found = deliveries(session)[0]
        assert found.attempts == attempt
        assert (found.error or "").startswith("RuntimeError: no such planet\n")
        assert rows(session) == 0
        if attempt < 10:
            assert deliver.deliver(ids[0]) == "skipped", "not before its time"
        session.execute(sa.update(Delivery).values(next_try_at=now() - timedelta(seconds=1)))
    assert deliver.deliver(ids[0]) == "skipped"
    assert deliver.deliver(ids[1]) == "done", "the other handler has nothing to do with it"


def test_a_handler_this_version_does_not_know_is_tried_again(session: Session) -> None:
    service.publish(Rang(4, 2))
    _, ids = relay.expand()
    session.execute(sa.update(Delivery).where(Delivery.id == ids[0]).values(handler="gone.away"))
    assert deliver.deliver(ids[0]) == "queued"


def test_stopped_in_a_batch_the_rest_is_given_back(session: Session) -> None:
    service.publish(Rang(4, 2))
    _, ids = relay.expand()
    noted: list[object] = []
    deliver.carry(ids, lambda: len(noted) == 1, noted.append)
    assert noted == [ids[0]]
    assert [(d.state, d.enqueued_at is None) for d in deliveries(session)] == [("done", False), ("queued", True)]


def test_what_a_dead_worker_held_is_counted_and_given_back(session: Session) -> None:
    service.publish(Rang(4, 2))
    _, ids = relay.expand()
    deliver.settle(ids, ids[0], "killed")
    assert [(d.attempts, d.error, d.enqueued_at) for d in deliveries(session)] == [(1, "killed", None), (0, None, None)]


def test_the_channel_gets_each_event_once_however_often_it_is_told(session: Session, redis: Redis) -> None:
    line = redis.pubsub()
    line.subscribe(relay.CHANNEL)
    assert line.get_message(timeout=1)["type"] == "subscribe"
    service.publish(Rang(4, 2))
    assert relay.tell(redis) == 1
    session.execute(sa.update(Outbox).values(published_at=None).execution_options(any_workspace=True))
    assert relay.tell(redis) == 1, "the relay died before it noted what it had told"
    assert relay.tell(redis) == 0
    event = session.execute(sa.select(Outbox).execution_options(any_workspace=True)).scalar_one()
    heard = []  # a channel is shared by all numbers of a Redis, so by all workers of the run
    while (said := line.get_message(timeout=1)) is not None:
        heard += [found for found in [json.loads(said["data"])] if found["id"] == str(event.id)]
    (message,) = heard
    assert message == {
        "id": str(event.id),
        "event": "Rang",
        "workspace_id": 4,
        "occurred_at": event.created_at.isoformat(),
        "data": {"times": 2},
    }
    line.close()


def test_old_news_is_forgotten_unless_somebody_has_not_heard_it(session: Session, redis: Redis) -> None:
    for _ in range(3):
        service.publish(Rang(4, 2))
    relay.tell(redis)
    _, ids = relay.expand()
    first, second, third = session.scalars(sa.select(Outbox.id).order_by(Outbox.seq).execution_options(any_workspace=True))
    session.execute(sa.update(Delivery).where(Delivery.event_id == first).values(state="done"))
    session.execute(sa.update(Delivery).where(Delivery.event_id == second).values(state="failed"))
    assert service.forget_old_news() is False
    session.execute(
        sa.update(Outbox).values(created_at=now() - timedelta(days=service.KEEP_DAYS + 1)).execution_options(any_workspace=True)
    )
    service.forget_old_news()
    assert set(session.scalars(sa.select(Outbox.id).execution_options(any_workspace=True))) == {second, third}
    assert len(ids) == 6


def test_deliveries_that_were_lost_are_found(session: Session) -> None:
    service.publish(Rang(4, 2))
    _, ids = relay.expand()

    def marked(horizon: timedelta) -> list[int]:
        return sorted(session.scalars(queries.MARK_DUE, {"horizon": now() - horizon, "most": 10}))

    assert marked(timedelta(seconds=60)) == []
    assert marked(timedelta(seconds=-60)) == sorted(ids)
