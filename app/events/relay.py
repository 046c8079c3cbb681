"""From the outbox to the handlers' queue and the channel. Each step can die anywhere and be done again."""

import json
from collections.abc import Sequence
from typing import Any

import redis

from app.core.db import session
from app.events.queries import news as queries
from app.events.registry import handlers_of
from app.jobs import carrier
from app.jobs.clock import Desk, duty

CHANNEL = "crm_events"
KIND = "deliveries"
QUEUE = "default"
BATCH = 500
FEW, TOGETHER = 8, 20
"""Up to FEW deliveries each get an RQ job, so that they spread; beyond, TOGETHER share one, because RQ costs more than a handler."""
MARK = "fl:told:"
MARK_TTL = 86_400
_TELL = """
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then
  return redis.call('PUBLISH', KEYS[2], ARGV[2])
end
return -1
"""


@duty(every=1, woken=True, order=10)
def relay(desk: Desk) -> bool:
    """Give every new event its deliveries, put these into RQ, and tell the channel."""
    count, deliveries = expand()
    push(desk.redis, deliveries)
    told = tell(desk.redis)
    return BATCH in {count, told}


@duty(every=1, woken=True, order=20)
def enqueue_due(desk: Desk) -> bool:
    """Put deliveries into RQ whose time for another try has come, or which RQ lost."""
    ids = session().scalars(queries.MARK_DUE, {"horizon": desk.horizon(QUEUE), "most": BATCH}).all()
    session().commit()
    push(desk.redis, ids)
    return len(ids) == BATCH


def expand() -> tuple[int, Sequence[int]]:
    """Write one row per handler of each new event; return how many events, and the deliveries' ids. Commits."""
    news = session().execute(queries.CLAIM_NEWS, {"most": BATCH}).all()
    pairs = [(row.id, handler) for row in news for handler in handlers_of(row.name)]
    ids: Sequence[int] = []
    if pairs:
        events, names = zip(*pairs, strict=True)
        ids = session().scalars(queries.INSERT_DELIVERIES, {"events": list(events), "handlers": list(names)}).all()
    if news:
        session().execute(queries.MARK_RELAYED, {"ids": [row.id for row in news]})
    session().commit()
    return len(news), ids


def push(connection: redis.Redis, ids: Sequence[int]) -> None:
    """Put deliveries into RQ, few alone, many together."""
    size = 1 if len(ids) <= FEW else TOGETHER
    carrier.push(connection, QUEUE, KIND, [ids[i : i + size] for i in range(0, len(ids), size)])


def tell(connection: redis.Redis) -> int:
    """Put new events on the channel, each once however often this is repeated; return how many. Commits."""
    news = session().execute(queries.UNPUBLISHED, {"most": BATCH}).all()
    session().commit()  # no transaction stays open while Redis is spoken to
    if news:
        send(connection, news)
        session().execute(queries.MARK_PUBLISHED, {"ids": [row.id for row in news]})
        session().commit()
    return len(news)


def send(connection: redis.Redis, news: Sequence[Any]) -> None:
    """Mark and publish each event in one step of Redis: whoever repeats it, because it died before noting it, finds the marker."""
    script = connection.register_script(_TELL)
    with connection.pipeline(transaction=False) as pipe:
        for row in news:
            script(keys=[f"{MARK}{row.id}", CHANNEL], args=[MARK_TTL, message(row)], client=pipe)
        pipe.execute()


def message(row: Any) -> str:
    """Return the channel's JSON of an event."""
    says = {
        "id": str(row.id),
        "event": row.name,
        "workspace_id": row.workspace_id,
        "occurred_at": row.created_at.isoformat(),
        "data": row.payload,
    }
    return json.dumps(says, separators=(",", ":"))
