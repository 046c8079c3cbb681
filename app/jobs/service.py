"""The verbs of work: start, cancel, retry, discard."""

from datetime import datetime
from typing import Any

from app.core.db import session
from app.core.time import now
from app.jobs import queries
from app.jobs.registry import Job, Json, jobs

KEEP_DAYS = 14
"""How long a run that was done can be looked up."""
BATCH = 5000


def start(
    job: Job[...] | str, *, workspace_id: int | None = None, key: str | None = None, run_after: datetime | None = None, **arguments: Json
) -> int:
    """Insert a run in the caller's transaction and return its id; it begins after the commit, not before `run_after`.

    A `key` is unique among what is alive: while a run with it waits, that run's id is returned and nothing is
    inserted; while one runs, it is asked to go round once more when it ends, so that news since its last look is
    not missed. What has ended may be started again. Raises TypeError where the arguments do not fit the function.
    """
    known = jobs[job] if isinstance(job, str) else job
    known.check(_call(known, workspace_id, arguments))
    row = {
        "workspace_id": workspace_id,
        "job": known.name,
        "args": arguments,
        "key": key,
        "queue": known.queue,
        "lease": known.lease,
        "max_attempts": known.attempts,
        "run_after": run_after or now(),
    }
    while True:
        run_id = session().execute(queries.INSERT, row).scalar_one_or_none()
        if run_id is None:
            # The one that is alive may end between these two statements; then there is room for ours.
            run_id = session().execute(queries.ASK_AGAIN, {"run_key": key}).scalar_one_or_none()
        if run_id is not None:
            return int(run_id)


def cancel(run_id: int) -> bool:
    """Stop a run, in the caller's transaction: what waits never begins, the step under way comes to nothing. False: it had ended."""
    return session().execute(queries.CANCEL, {"run": run_id}).one_or_none() is not None


def forget_old_runs() -> bool:
    """Delete a batch of what ended long ago; True: there may be more."""
    return _deleted(session().execute(queries.delete_old(BATCH, KEEP_DAYS))) == BATCH


def _deleted(result: Any) -> int:
    return int(result.rowcount)


def _call(job: Job[...], workspace_id: int | None, arguments: dict[str, Any]) -> dict[str, Any]:
    return arguments | {"workspace_id": workspace_id} if job.takes_workspace() else arguments
