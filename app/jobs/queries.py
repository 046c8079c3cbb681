"""Statements over the table of work.

Leases and due times are compared with PostgreSQL's clock, never a host's: hosts may disagree, and `clock_timestamp()`
moves on inside a transaction. They look into all workspaces, because the machinery serves all of them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import any_workspace
from app.jobs.models import ALIVE, JobRun, RunState
from app.jobs.registry import Job

CHANNEL = "fairlead"
"""The NOTIFY channel that wakes the clock. It carries no data: rows do."""
STEP_LOCKS = 0x4A4F42
"""The class of the advisory locks that keep two transactions from being in steps of one run."""
LOST_AFTER = 60
"""Seconds after which an id that nobody took from RQ counts as lost, unless RQ still holds older ones."""

clock = sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))
now = sa.func.now(type_=sa.DateTime(timezone=True))


def after(seconds: Any) -> sa.ColumnElement[datetime]:
    """Return the moment so many seconds from now."""
    return clock + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=sa.Interval())


def backoff(failures: Any) -> sa.ColumnElement[float]:
    """Return the wait in seconds after so many earlier failures: 2, 4, 8 … up to 600, each ±20 % so that many do not return at once.

    Ten tries span about 17 minutes.
    """
    doubled = 2.0 * sa.func.power(2.0, sa.func.least(failures, 20), type_=sa.Float())
    return sa.func.least(600.0, doubled, type_=sa.Float()) * (0.8 + 0.4 * sa.func.random(type_=sa.Float()))


def wake() -> sa.ColumnElement[Any]:
    """Return the expression that wakes the clock at commit; in a RETURNING clause it costs no round trip."""
    return sa.func.pg_notify(CHANNEL, "")


def _update(*where: sa.ColumnExpressionArgument[bool]) -> Any:
    statement = sa.update(JobRun).where(*where).execution_options(synchronize_session=False)
    return any_workspace(statement)


def insert_run(job: Job[...], workspace_id: int | None, key: str | None, run_after: datetime | None, arguments: Mapping[str, Any]) -> Any:
    """Insert a queued run and give its id, or nothing while one with this key is alive."""
    row = {
        "workspace_id": workspace_id,
        "job": job.name,
        "args": dict(arguments),
        "key": key,
        "queue": job.queue,
        "lease": job.lease,
        "max_attempts": job.attempts,
        "run_after": run_after or now,
    }
    statement = insert(JobRun).values(**row).on_conflict_do_nothing(index_elements=["key"], index_where=ALIVE)
    return statement.returning(JobRun.id, wake())


def ask_again(key: str | None) -> Any:
    """Mark the living run with this key to go round once more if it is running, and give its id.

    Where it still waits, the row lock alone makes it begin only after the caller's commit.
    """
    return _update(JobRun.key == key, ALIVE).values(again=JobRun.state == RunState.RUNNING).returning(JobRun.id)


def claim(run_id: int, token: UUID) -> Any:
    """Lease a due run and give what to do, or nothing if it is not to be run. Waits for a `start` in progress."""
    values = {"state": RunState.RUNNING, "lease_token": token, "lease_until": after(JobRun.lease)}
    statement = _update(JobRun.id == run_id, JobRun.state == RunState.QUEUED, JobRun.run_after <= clock)
    returned = (JobRun.id, JobRun.job, JobRun.workspace_id, JobRun.args, JobRun.lease, JobRun.lease_token)
    return statement.values(**values, started_at=sa.func.coalesce(JobRun.started_at, clock)).returning(*returned)


def enter_step(run_id: int, token: UUID, lease: int) -> Any:
    """Begin a step: three columns `locked`, `mine`, and a setting.

    The lock is released by commit, rollback or death, so while a step of a run is under way nobody takes the run
    over, however long one statement needs. The setting makes the server itself cut a worker that falls silent
    inside its step for longer than its lease (suspended, or its host gone).
    """
    mine = sa.select(sa.func.count() > 0).where(JobRun.id == run_id, JobRun.lease_token == token).scalar_subquery()
    statement = sa.select(
        sa.func.pg_try_advisory_xact_lock(STEP_LOCKS, run_id % 2**31).label("locked"),
        mine.label("mine"),
        sa.func.set_config("idle_in_transaction_session_timeout", f"{lease}s", sa.true()),
    )
    return any_workspace(statement)


_free: dict[str, Any] = {"lease_token": None, "lease_until": None, "enqueued_at": None}


def _held(run_id: int, token: UUID) -> Any:
    return _update(JobRun.id == run_id, JobRun.lease_token == token)


def go_on(run_id: int, token: UUID) -> Any:
    """End a step of which there is more: the fence, and the lease begins anew. No row: the lease is lost."""
    values = {"steps": JobRun.steps + 1, "attempts": 0, "error": None, "lease_until": after(JobRun.lease)}
    return _held(run_id, token).values(**values).returning(JobRun.state)


def hand_back(run_id: int, token: UUID) -> Any:
    """End a step and let another worker go on. No row: the lease is lost."""
    values = {"steps": JobRun.steps + 1, "attempts": 0, "error": None, "state": RunState.QUEUED, "run_after": clock}
    return _held(run_id, token).values(**values, **_free).returning(JobRun.state, wake())


def release(run_id: int, token: UUID, delay: float) -> Any:
    """Give a leased run back untouched, for another to take after `delay` seconds."""
    return _held(run_id, token).values(state=RunState.QUEUED, run_after=after(delay), **_free).returning(JobRun.state, wake())


def finish(run_id: int, token: UUID) -> Any:
    """End the last step: done, or queued once more if that was asked meanwhile. No row: the lease is lost."""
    values = {
        "steps": JobRun.steps + 1,
        "attempts": 0,
        "error": None,
        "state": sa.case((JobRun.again, RunState.QUEUED), else_=RunState.DONE),
        "finished_at": sa.case((JobRun.again, sa.null()), else_=clock),
        "run_after": sa.case((JobRun.again, clock), else_=JobRun.run_after),
        "again": sa.false(),
    }
    woken = sa.case((JobRun.state == RunState.QUEUED, sa.cast(wake(), sa.Text)))
    return _held(run_id, token).values(**values, **_free).returning(JobRun.state, woken)


def _failed(error: str) -> dict[str, Any]:
    """Return the values of a run that failed once more: queued for a later try, or failed for good."""
    last = JobRun.attempts + 1 >= JobRun.max_attempts
    return {
        **_free,
        "attempts": JobRun.attempts + 1,
        "error": error,
        "again": sa.false(),
        "state": sa.case((last, RunState.FAILED), else_=RunState.QUEUED),
        "run_after": after(backoff(JobRun.attempts)),
        "finished_at": sa.case((last, clock), else_=sa.null()),
    }


def fail(run_id: int, token: UUID, error: str) -> Any:
    """Note a failure of the holder of the lease. No row: the lease is lost, and with it the right to say so."""
    return _held(run_id, token).values(**_failed(error)).returning(JobRun.state)


def expire(error: str, limit: int) -> Any:
    """Take the lease from those who let it run out and are in no step; each time counts as a failure."""
    old = sa.select(JobRun.id).where(JobRun.state == RunState.RUNNING, JobRun.lease_until < clock)
    found = old.limit(limit).with_for_update(skip_locked=True).cte("expired").prefix_with("MATERIALIZED")
    unlocked = sa.func.pg_try_advisory_xact_lock(STEP_LOCKS, sa.cast(found.c.id % 2**31, sa.Integer))
    return _update(JobRun.id == found.c.id, unlocked).values(**_failed(error)).returning(JobRun.id, JobRun.job, JobRun.state)


def mark_due(queue: str, horizon: datetime | None, limit: int) -> Any:
    """Note that due runs of a queue go into RQ now, and give their ids: those never put there, or lost.

    Lost are those put there before `horizon` (None: at any time, because Redis may have forgotten all).
    """
    due = sa.select(JobRun.id).where(JobRun.state == RunState.QUEUED, JobRun.queue == queue, JobRun.run_after <= clock)
    if horizon is not None:
        due = due.where(sa.or_(JobRun.enqueued_at.is_(None), JobRun.enqueued_at < horizon))
    found = due.order_by(JobRun.run_after).limit(limit).with_for_update(skip_locked=True).scalar_subquery()
    return _update(JobRun.id.in_(found)).values(enqueued_at=clock).returning(JobRun.id)


def start_periodic(job: Job[...]) -> Any:
    """Insert a run of a periodic job unless one was made within its interval or is alive."""
    key = f"every:{job.name}"
    recent = sa.exists().where(
        JobRun.job == job.name, JobRun.key == key, JobRun.created_at > clock - sa.func.make_interval(0, 0, 0, 0, 0, 0, job.every)
    )
    values = sa.select(
        sa.literal(job.name),
        sa.text("'{}'::jsonb"),
        sa.literal(key),
        sa.literal(job.queue),
        sa.literal(job.lease),
        sa.literal(job.attempts),
    ).where(~recent)
    columns = ["job", "args", "key", "queue", "lease", "max_attempts"]
    statement = insert(JobRun).from_select(columns, values).on_conflict_do_nothing(index_elements=["key"], index_where=ALIVE)
    return statement.returning(JobRun.id)
