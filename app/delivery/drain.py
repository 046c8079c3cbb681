"""From the stream (and the table that takes hits while Redis is away) into activities. It commits, and only then deletes.

Whoever dies in between leaves hits that are drained again, and dropped by their key. Two that drain at once do no harm either.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import redis
import structlog

from app.core.db import session
from app.delivery.hits import STREAM, Hit, decode
from app.delivery.queries import hits as queries
from app.delivery.service import hits as service
from app.jobs.clock import Desk, duty

BATCH, ROUND = 5_000, 10
"""Hits that are written together; batches that the clock takes before it looks after others."""
_OLDEST = """
local found = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
local bodies = {}
for i, entry in ipairs(found) do bodies[i] = entry[2][2] end
return {#found, found[1] and found[#found][1] or '', table.concat(bodies, '\\n')}
"""
"""How many entries, the last one's id, and what all hold as one text: to read 5,000 answers one by one takes longer than the rest."""
log = structlog.get_logger()


class Batch(NamedTuple):
    """What was read of the stream: how many entries, the id of the last, and the hits they hold."""

    entries: int
    last: str
    hits: list[Hit]


@duty(every=1, order=40)
def drain_stream(desk: Desk) -> bool:
    """Take the oldest hits of the stream."""
    return drain(desk.redis, ROUND) == ROUND * BATCH


@duty(every=1, order=41)
def drain_table(_desk: Desk) -> bool:
    """Take the oldest hits of the table."""
    rows = session().execute(queries.OLDEST, {"most": BATCH}).all()
    if rows:
        service.record(_read(b"\n".join(bytes(row.body) for row in rows), len(rows)))
        session().execute(queries.FORGET, {"ids": [row.id for row in rows]})
    session().commit()
    return len(rows) == BATCH


def drain(connection: redis.Redis, batches: int = 1) -> int:
    """Drain so many batches of the stream, or what there is; return how many hits it had. Commits each."""
    done, batch = 0, fetch(connection, "-")
    with ThreadPoolExecutor(1) as pool:
        while batch.entries:
            batches -= 1
            more = batches > 0 and batch.entries == BATCH
            coming = pool.submit(fetch, connection, f"({batch.last}") if more else None  # it is read while this one is written
            service.record(batch.hits)
            session().commit()
            forget(connection, batch.last)
            done += batch.entries
            if coming is None:
                break
            batch = coming.result()
    return done


def fetch(connection: redis.Redis, begin: str) -> Batch:
    """Read the oldest entries from this id on (`-`: from the first)."""
    count, last, bodies = connection.register_script(_OLDEST)(keys=[STREAM], args=[begin, BATCH])
    return Batch(count, last.decode(), _read(bodies, count))


def forget(connection: redis.Redis, last: str) -> None:
    """Delete from the stream what is committed: all up to this id. What comes later has a higher one."""
    milliseconds, _, number = last.partition("-")
    connection.xtrim(STREAM, minid=f"{milliseconds}-{int(number) + 1}", approximate=False)


def _read(bodies: bytes, count: int) -> list[Hit]:
    """Read hits; what is none is logged and left behind."""
    hits = decode(bodies.decode(errors="replace"))
    if len(hits) < count:
        log.warning("hits that cannot be read are dropped", count=count - len(hits))
    return hits
