"""Statements over the table of work.

Leases and due times are compared with PostgreSQL's clock, never a host's: hosts may disagree, and `clock_timestamp()`
moves on inside a transaction. They look into all workspaces, because the machinery serves all of them.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import any_workspace
from app.jobs.models import ALIVE, JobRun, RunState
from app.jobs.registry import Job

CHANNEL = "fairlead"
"""The NOTIFY channel that wakes the clock. It carries no data: rows do."""
clock = sa.func.clock_timestamp()


def wake() -> sa.ColumnElement[Any]:
    """Return the expression that wakes the clock at commit; in a RETURNING clause it costs no round trip."""
    return sa.func.pg_notify(CHANNEL, "")


def insert_run(job: Job[...], workspace_id: int | None, key: str | None, run_after: datetime | None, arguments: dict[str, Any]) -> Any:
    """Insert a queued run and give its id, or nothing while one with this key is alive."""
    row = {
        "workspace_id": workspace_id,
        "job": job.name,
        "args": arguments,
        "key": key,
        "queue": job.queue,
        "max_attempts": job.attempts,
        "run_after": run_after or sa.func.now(),
    }
    statement = insert(JobRun).values(**row).on_conflict_do_nothing(index_elements=["key"], index_where=ALIVE)
    return statement.returning(JobRun.id, wake())


def ask_again(key: str | None) -> Any:
    """Mark the living run with this key to go round once more if it is running, and give its id."""
    statement = sa.update(JobRun).where(JobRun.key == key, ALIVE).values(again=JobRun.state == RunState.RUNNING)
    return any_workspace(statement.returning(JobRun.id).execution_options(synchronize_session=False))
