"""What RQ carries: a kind and row ids, nothing else. What it loses is put there again; what it brings twice does nothing."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol

import redis
from rq import Queue, Retry
from rq.registry import clean_registries
from rq.serializers import JSONSerializer

from app.jobs.registry import QUEUES

TIMEOUT = 900
"""Seconds after which RQ breaks off a worker that hangs; far beyond every lease."""
_number = count()


class Carry(Protocol):
    """Work on rows by id; `stop()` asks to leave the rest, `note(current)` tells the slate what is under way."""

    def __call__(self, ids: Sequence[int], stop: Callable[[], bool], note: Callable[[Any], None]) -> None:
        """Do it; a row done before is left alone."""


class Settle(Protocol):
    """Take care of what a dead worker had: `ids`, and what it had noted as under way."""

    def __call__(self, ids: Sequence[int], current: Any, error: str, patience: float = 2.0) -> None:
        """Do it; a database that is away is waited for `patience` seconds a statement, then leases run out by themselves."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A kind of rows: how to work on them, and what to do about those a dead worker had."""

    carry: Carry
    settle: Settle


carriers: dict[str, Carrier] = {}
"""Rooms add theirs when they are loaded."""


def connect(url: str) -> redis.Redis:
    """Return a client whose timeouts suit a worker that waits for work."""
    return redis.Redis.from_url(url, socket_timeout=30, socket_connect_timeout=2, socket_keepalive=True)


def queue_of(connection: redis.Redis, name: str) -> Queue:
    """Return the RQ queue of this name."""
    return Queue(name, connection=connection, serializer=JSONSerializer, default_timeout=TIMEOUT)


def push(connection: redis.Redis, queue: str, kind: str, batches: Iterable[Sequence[int]]) -> None:
    """Put one RQ job per batch of ids on the queue."""
    datas = [
        Queue.prepare_data(
            "app.jobs.worker.carry",
            args=(kind, list(ids)),
            timeout=TIMEOUT,
            result_ttl=0,
            failure_ttl=3600,
            description=kind,
            job_id=f"{kind}-{time.time_ns() // 1_000_000}-{next(_number) % 10**6}",
            retry=Retry(max=2),
        )
        for ids in batches
    ]
    if datas:
        queue_of(connection, queue).enqueue_many(datas)


def oldest(connection: redis.Redis, queue: str) -> datetime | None:
    """Return when the entry that is next in the queue was put there; None if it is empty."""
    head = connection.lindex(queue_of(connection, queue).key, 0)
    if head is None:
        return None
    stamp = head.decode().split("-")[1]  # type: ignore[union-attr]
    return datetime.fromtimestamp(int(stamp) / 1000, UTC)


def clean(connection: redis.Redis) -> None:
    """Take out of RQ's registries what dead workers left there: otherwise only a worker does so, every ten minutes."""
    for name in QUEUES:
        clean_registries(queue_of(connection, name))
