"""Statements over the table of work. Those on the path of every step are built once; they take their values when executed.

Leases and due times are compared with PostgreSQL's clock, never a host's: hosts may disagree, and `clock_timestamp()`
moves on inside a transaction. They look into all workspaces, because the machinery serves all of them.
"""

from datetime import datetime
from typing import Any, cast

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
_runs = cast("sa.Table", JobRun.__table__)
_run = _runs.c


def after(seconds: Any) -> sa.ColumnElement[datetime]:
    """Return the moment so many seconds from now."""
    wait = sa.func.make_interval(*[sa.literal_column("0")] * 6, sa.cast(seconds, sa.Float), type_=sa.Interval())
    moment: sa.ColumnElement[datetime] = clock + wait
    return moment


def moment_ago(seconds: float) -> sa.Select[Any]:
    """Select the moment so many seconds ago, by PostgreSQL's clock."""
    return sa.select(after(-seconds))


def backoff(failures: Any) -> sa.ColumnElement[float]:
    """Return the wait in seconds after so many earlier failures: 2, 4, 8 … up to 600, each ±20 % so that many do not return at once.

    Ten tries span about 17 minutes.
    """
    doubled = 2.0 * sa.func.power(2.0, sa.func.least(failures, 20), type_=sa.Float())
    return sa.func.least(600.0, doubled, type_=sa.Float()) * (0.8 + 0.4 * sa.func.random(type_=sa.Float()))


def wake() -> sa.ColumnElement[Any]:
    """Return the expression that wakes the clock at commit; in a RETURNING clause it costs no round trip."""
    return sa.func.pg_notify(CHANNEL, "")


def _update(*where: sa.ColumnExpressionArgument[bool]) -> sa.Update:
    return any_workspace(sa.update(_runs).where(*where))


INSERT = insert(_runs).on_conflict_do_nothing(index_elements=["key"], index_where=ALIVE).returning(_run.id, wake())
"""Insert a queued run and give its id, or nothing while one with this key is alive."""

ASK_AGAIN = _update(_run.key == sa.bindparam("run_key"), ALIVE).values(again=_run.state == RunState.RUNNING).returning(_run.id)
"""Mark the living run with this key to go round once more if it is running, and give its id.

Where it still waits, the row lock alone makes it begin only after the caller's commit.
"""

CLAIM = (
    _update(_run.id == sa.bindparam("run"), _run.state == RunState.QUEUED, _run.run_after <= clock)
    .values(
        state=RunState.RUNNING,
        lease_token=sa.bindparam("token"),
        lease_until=after(_run.lease),
        started_at=sa.func.coalesce(_run.started_at, clock),
    )
    .returning(_run.id, _run.job, _run.workspace_id, _run.args, _run.lease, _run.lease_token)
)
"""Lease a due run and give what to do, or nothing if it is not to be run. Waits for a `start` in progress."""

_mine = sa.select(sa.func.count() > 0).where(_run.id == sa.bindparam("run"), _run.lease_token == sa.bindparam("token", type_=sa.Uuid()))
ENTER_STEP = any_workspace(
    sa.select(
        sa.func.pg_try_advisory_xact_lock(STEP_LOCKS, sa.cast(sa.bindparam("run", type_=sa.BigInteger()) % 2**31, sa.Integer)).label(
            "locked"
        ),
        _mine.scalar_subquery().label("mine"),
        sa.func.set_config("idle_in_transaction_session_timeout", sa.bindparam("silence", type_=sa.Text()), sa.true()),
    )
)
"""Begin a step: may it (`locked`, `mine`)?

The lock is released by commit, rollback or death, so while a step of a run is under way nobody takes the run over,
however long one statement needs. The setting makes the server itself cut a worker that falls silent inside its step
for longer than its lease (suspended, or its host gone).
"""

_free: dict[str, Any] = {"lease_token": None, "lease_until": None, "enqueued_at": None}
_stepped: dict[str, Any] = {"steps": _run.steps + 1, "attempts": 0, "error": None}


def _held() -> sa.Update:
    """Update the run only while its lease is the given one: the fence. No row: the lease is lost."""
    return _update(_run.id == sa.bindparam("run"), _run.lease_token == sa.bindparam("token", type_=sa.Uuid()))


GO_ON = _held().values(**_stepped, lease_until=after(_run.lease)).returning(_run.state)
"""End a step of which there is more; the lease begins anew."""

HAND_BACK = _held().values(**_stepped, **_free, state=RunState.QUEUED, run_after=clock).returning(_run.state, wake())
"""End a step and let another worker go on."""

RELEASE = _held().values(**_free, state=RunState.QUEUED, run_after=after(sa.bindparam("delay"))).returning(_run.state, wake())
"""Give a leased run back untouched, for another to take after `delay` seconds."""

FINISH = (
    _held()
    .values(
        **_stepped,
        **_free,
        state=sa.case((_run.again, RunState.QUEUED), else_=RunState.DONE),
        finished_at=sa.case((_run.again, sa.null()), else_=clock),
        run_after=sa.case((_run.again, clock), else_=_run.run_after),
        again=sa.false(),
    )
    .returning(_run.state, sa.case((_run.state == RunState.QUEUED, sa.cast(wake(), sa.Text))))
)
"""End the last step: done, or queued once more if that was asked meanwhile."""

_last = _run.attempts + 1 >= _run.max_attempts
_failed: dict[str, Any] = {
    **_free,
    "attempts": _run.attempts + 1,
    "error": sa.bindparam("why"),
    "again": sa.false(),
    "state": sa.case((_last, RunState.FAILED), else_=RunState.QUEUED),
    "run_after": after(backoff(_run.attempts)),
    "finished_at": sa.case((_last, clock), else_=sa.null()),
}

FAIL = _held().values(**_failed).returning(_run.state)
"""Note a failure of the holder of the lease: queued for a later try, or failed for good."""

_expired = (
    sa.select(_run.id)
    .where(_run.state == RunState.RUNNING, _run.lease_until < clock)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("expired")
    .prefix_with("MATERIALIZED")
)
EXPIRE = (
    _update(_run.id == _expired.c.id, sa.func.pg_try_advisory_xact_lock(STEP_LOCKS, sa.cast(_expired.c.id % 2**31, sa.Integer)))
    .values(**_failed)
    .returning(_run.id, _run.job, _run.state)
)
"""Take the lease from those who let it run out and are in no step; each time counts as a failure."""

_due = (
    sa.select(_run.id)
    .where(
        _run.state == RunState.QUEUED,
        _run.queue == sa.bindparam("from_queue"),
        _run.run_after <= clock,
        sa.or_(_run.enqueued_at.is_(None), _run.enqueued_at < sa.bindparam("horizon")),
    )
    .order_by(_run.run_after)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
    .prefix_with("MATERIALIZED")
)
MARK_DUE = _update(_run.id == _due.c.id).values(enqueued_at=clock).returning(_run.id)
"""Note that due runs of a queue go into RQ now, and give their ids: those never put there, or put there before `horizon` and lost."""

UNMARK = (
    _update(_run.id == sa.func.any(sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger))), _run.state == RunState.QUEUED)
    .values(enqueued_at=None)
    .returning(_run.state, wake())
)
"""Ask for these runs to be put into RQ again: whoever took them out has died or has to go."""


CANCEL = (
    _update(_run.id == sa.bindparam("run"), ALIVE)
    .values(**_free, state=RunState.CANCELLED, again=sa.false(), finished_at=clock)
    .returning(_run.state)
)
"""Stop a living run; the step under way comes to nothing."""


def delete_old(limit: int, days: int) -> sa.Delete:
    """Delete runs that ended so many days ago, and failures of periodic jobs that have succeeded since."""
    later = _runs.alias("later")
    since = sa.exists().where(later.c.job == _run.job, later.c.state == RunState.DONE, later.c.created_at > _run.created_at)
    over = sa.and_(_run.state.in_((RunState.DONE, RunState.CANCELLED)), _run.finished_at < after(-86_400 * days))
    moot = sa.and_(_run.state == RunState.FAILED, _run.key == sa.func.concat("every:", _run.job), since)
    return any_workspace(sa.delete(_runs).where(_run.id.in_(sa.select(_run.id).where(sa.or_(over, moot)).limit(limit))))


def start_periodic(job: Job[...]) -> Any:
    """Insert a run of a periodic job unless one was made within its interval or is alive."""
    key = f"every:{job.name}"
    recent = sa.exists().where(_run.job == job.name, _run.key == key, _run.created_at > after(-(job.every or 0)))
    row = {"job": job.name, "key": key, "queue": job.queue, "lease": job.lease, "max_attempts": job.attempts}
    values = sa.select(sa.text("'{}'::jsonb"), *(sa.literal(value) for value in row.values())).where(~recent)
    statement = insert(_runs).from_select(["args", *row], values)
    return statement.on_conflict_do_nothing(index_elements=["key"], index_where=ALIVE).returning(_run.id)
