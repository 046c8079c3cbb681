"""From the stream (and the table that takes hits while Redis is away) into activities. It commits, and only then deletes.

Whoever dies in between leaves hits that are drained again, and dropped by their key. Two that drain at once do no harm either.
"""

from collections.abc import Sequence
from typing import Any

import redis
import structlog

from app.core.db import session
from app.delivery.hits import FIELD, STREAM, Hit, decode
from app.delivery.queries import hits as queries
from app.delivery.service import hits as service
from app.jobs.clock import Desk, duty

BATCH = 5_000
log = structlog.get_logger()


@duty(every=1, order=40)
def drain_stream(desk: Desk) -> bool:
    """Take the oldest hits of the stream."""
    return drain(desk.redis) == BATCH


@duty(every=1, order=41)
def drain_table(_desk: Desk) -> bool:
    """Take the oldest hits of the table."""
    rows = session().execute(queries.OLDEST, {"most": BATCH}).all()
    if rows:
        service.record(_read([row.body for row in rows]))
        session().execute(queries.FORGET, {"ids": [row.id for row in rows]})
    session().commit()
    return len(rows) == BATCH


def drain(connection: redis.Redis) -> int:
    """Drain a batch of the stream; return how many hits it had. Commits."""
    entries: list[Any] = connection.xrange(STREAM, count=BATCH) or []
    if entries:
        service.record(_read([fields.get(FIELD, b"") for _, fields in entries]))
        session().commit()
        forget(connection, [ident for ident, _ in entries])
    return len(entries)


def forget(connection: redis.Redis, ids: Sequence[bytes]) -> None:
    """Delete from the stream what is committed."""
    connection.xdel(STREAM, *ids)


def _read(bodies: Sequence[bytes]) -> list[Hit]:
    """Read hits; what is none is logged and left behind."""
    read = [decode(bytes(body)) for body in bodies]
    hits = [hit for hit in read if hit is not None]
    if len(hits) < len(bodies):
        log.warning("hits that cannot be read are dropped", count=len(bodies) - len(hits))
    return hits
