"""The clock's duties about runs."""

import json
import os
import socket

import structlog

from app.core.db import session
from app.core.time import now
from app.jobs import carrier, carry, queries
from app.jobs.clock import Desk, duty
from app.jobs.registry import QUEUES, jobs

BATCH = 500
SILENT = "The worker died, was suspended, or was silent inside a step for longer than its lease."
BEAT_KEY = "fl:beat:clock"
BEAT_TTL = 20
log = structlog.get_logger()


@duty(every=2, order=0)
def look_at_redis(desk: Desk) -> None:
    """Notice whether Redis may have forgotten what was queued."""
    desk.look()


@duty(every=1, woken=True, order=20)
def enqueue_due(desk: Desk) -> bool:
    """Put runs that are due into RQ. Noted first, pushed after the commit: what dies between is found by its age."""
    more = False
    for queue in QUEUES:
        ids = session().scalars(queries.MARK_DUE, {"from_queue": queue, "horizon": desk.horizon(queue), "most": BATCH}).all()
        session().commit()
        carrier.push(desk.redis, queue, carry.KIND, [[run_id] for run_id in ids])
        more |= len(ids) == BATCH
    return more


@duty(every=1)
def expire_leases(_desk: Desk) -> bool:
    """Take runs from workers that fell silent."""
    rows = session().execute(queries.EXPIRE, {"why": SILENT, "most": BATCH}).all()
    session().commit()
    for row in rows:
        log.warning("lease expired", run=row.id, job=row.job, state=row.state)
    return len(rows) == BATCH


@duty(every=5)
def start_periodic(_desk: Desk) -> None:
    """Start the jobs that name an interval."""
    for job in jobs.values():
        if job.every is not None:
            session().execute(queries.start_periodic(job))
            session().commit()


@duty(every=20)
def clean_registries(desk: Desk) -> None:
    """Clear RQ's registries of what dead workers left."""
    carrier.clean(desk.redis)


@duty(every=5)
def beat(desk: Desk) -> None:
    """Say that a clock leads."""
    says = {"at": now().isoformat(), "host": socket.gethostname(), "pid": os.getpid()}
    desk.redis.set(BEAT_KEY, json.dumps(says), ex=BEAT_TTL)
