"""What the clock takes for lost in RQ."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis as redis_client
from flask_sqlalchemy.session import Session

from app.core.time import now
from app.jobs import carrier, clock, queries
from app.jobs.clock import Desk


@pytest.fixture
def desk(session: Session, redis: redis_client.Redis) -> Iterator[Desk]:
    """The desk of a clock that has just begun to lead."""
    desk = Desk(redis)
    desk.look()
    yield desk
    redis.delete(carrier.queue_of(redis, "bulk").key)


def near(seconds_ago: float, moment: object) -> bool:
    return abs(moment - (now() - timedelta(seconds=seconds_ago))) < timedelta(seconds=2)  # type: ignore[operator]


def test_what_an_empty_queue_was_given_is_lost_at_once_when_redis_or_the_clock_began_anew(desk: Desk) -> None:
    assert near(0, desk.horizon("bulk"))
    desk.trusted -= timedelta(hours=1)  # type: ignore[operator]
    assert near(queries.LOST_AFTER, desk.horizon("bulk"))


def test_what_a_queue_still_holds_is_not_put_there_again(desk: Desk, redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.carrier.time.time_ns", lambda: int((now() - timedelta(minutes=10)).timestamp() * 1e9))
    carrier.push(redis, "bulk", "runs", [[1], [2]])
    assert near(600 + clock.ONE_PUSH, desk.horizon("bulk"))
    assert near(0, desk.horizon("fast"))
    monkeypatch.undo()
    redis.lpop(carrier.queue_of(redis, "bulk").key)
    carrier.push(redis, "bulk", "runs", [[3]])
    assert near(600 + clock.ONE_PUSH, desk.horizon("bulk"))
    redis.lpop(carrier.queue_of(redis, "bulk").key)
    assert near(clock.ONE_PUSH, desk.horizon("bulk"))
