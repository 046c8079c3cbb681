"""Is everything there that work needs? Answers of the database, of Redis, of workers and clock, and how long work waits."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import any_workspace, session
from app.core.redis import client
from app.core.time import now
from app.jobs.models import JobRun, RunState
from app.jobs.registry import QUEUES
from app.jobs.supervisor import BEAT_KEY as WORKERS
from app.jobs.sweep import BEAT_KEY as CLOCK

LATE = 300
"""Seconds that due work may wait before the operator should look."""


@dataclass(frozen=True, slots=True)
class Check:
    """How one part does. `needed`: without it nothing can be answered; else the rest goes on, late."""

    name: str
    ok: bool
    value: Any
    needed: bool = False


def checks() -> list[Check]:
    """Ask every part; none may raise."""
    found = [_database(), _redis()]
    if found[1].ok:
        found += [_clock(), _workers()]
    if found[0].ok:
        found.append(_queues())
    return found


def _database() -> Check:
    try:
        version = session().scalar(sa.text("show server_version"))
    except SQLAlchemyError as problem:
        session().rollback()
        return Check("database", ok=False, value=type(problem).__name__, needed=True)
    return Check("database", ok=True, value=version, needed=True)


def _redis() -> Check:
    try:
        client().ping()
    except redis.RedisError as problem:
        return Check("redis", ok=False, value=type(problem).__name__, needed=True)
    return Check("redis", ok=True, value="answers", needed=True)


def _clock() -> Check:
    beat = _read(CLOCK)
    return Check("clock", ok=beat is not None, value=f"{_age(beat):.0f} s ago" if beat else "no heartbeat")


def _workers() -> Check:
    beats = [beat for key in client().scan_iter(match=WORKERS + "*", count=100) if (beat := _read(key)) is not None]
    alive = sum(int(beat["alive"]) for beat in beats)
    return Check("workers", ok=alive > 0, value=f"{alive} of {sum(int(beat['of']) for beat in beats)}" if beats else "no heartbeat")


def _read(key: str | bytes) -> dict[str, Any] | None:
    try:
        raw = client().get(key)
    except redis.RedisError:
        return None
    found: dict[str, Any] | None = json.loads(raw) if raw else None
    return found


def _age(beat: dict[str, Any]) -> float:
    return (now() - datetime.fromisoformat(beat["at"])).total_seconds()


def _queues() -> Check:
    waits = waiting()
    oldest = max((age for _, age in waits.values()), default=0.0)
    return Check(
        "queues", ok=oldest < LATE, value={name: {"waiting": n, "oldest_seconds": round(age, 1)} for name, (n, age) in waits.items()}
    )


def waiting() -> dict[str, tuple[int, float]]:
    """Return for each queue how many runs are due and not begun, and for how many seconds the oldest has waited."""
    age = sa.func.extract("epoch", sa.func.now() - sa.func.min(JobRun.run_after))
    due = (JobRun.state == RunState.QUEUED, JobRun.run_after <= sa.func.now())
    rows = session().execute(any_workspace(sa.select(JobRun.queue, sa.func.count(), age).where(*due).group_by(JobRun.queue)))
    found = {queue: (count, float(seconds)) for queue, count, seconds in rows}
    return {queue: found.get(queue, (0, 0.0)) for queue in QUEUES}
