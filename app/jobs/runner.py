"""Runs a piece of work: claim, steps, hand back, failure. Knows neither RQ nor Redis."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import DBAPIError

from app.core.db import session
from app.jobs import queries
from app.jobs.registry import Job, jobs

SLICE = 30.0
"""Seconds after which a run that has more to do is handed back, so that others get their turn."""
BUSY_PAUSE = 5
"""Seconds until the next look at a run whose former worker is still in a step."""
ERROR_LENGTH = 4000
log = structlog.get_logger()


class LeaseLost(Exception):  # noqa: N818 (it is news, no error)
    """Another worker has the run, or it was cancelled: write nothing more."""


class Busy(Exception):  # noqa: N818
    """The step of a worker that lost its lease has not ended yet."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is ours while nobody else holds a newer token."""

    id: int
    job: str
    workspace_id: int | None
    args: dict[str, Any]
    lease: int
    token: UUID

    @property
    def held(self) -> dict[str, Any]:
        """Return the values of the fence."""
        return {"run": self.id, "token": self.token}


def run(run_id: int, *, stop: Callable[[], bool] = lambda: False, note: Callable[[Claim], None] = lambda _: None) -> str:
    """Work on a run until it is done, `stop()` says so between two steps, or its slice of time is over.

    Returns what came of it: `done`, `queued` (handed back or to be tried again), `failed`, `lost`, or `skipped` when
    there was nothing to claim. `note` hears of the claim before work begins. Commits.
    """
    mine = _claim(run_id)
    if mine is None:
        return "skipped"
    note(mine)
    began = time.monotonic()
    with structlog.contextvars.bound_contextvars(run=mine.id, job=mine.job, workspace=mine.workspace_id):
        try:
            outcome = _steps(mine, began + SLICE, stop)
        except LeaseLost:
            session().rollback()
            outcome = "lost"
        except Exception as problem:  # noqa: BLE001 (whatever a job raises becomes a row on the page of failed work)
            session().rollback()
            outcome = _failed(mine, problem)
        log.info("job", outcome=outcome, seconds=round(time.monotonic() - began, 4))
    return outcome


def _claim(run_id: int) -> Claim | None:
    row = session().execute(queries.CLAIM, {"run": run_id, "token": uuid4()}).one_or_none()
    session().commit()
    return Claim(*row) if row else None


def _steps(mine: Claim, until: float, stop: Callable[[], bool]) -> str:
    job = jobs.get(mine.job)
    if job is None:
        msg = f"This version knows no job named {mine.job}."
        raise LookupError(msg)
    while True:
        try:
            more = _step(mine, job)
        except Busy:
            return _fenced(mine, queries.RELEASE, delay=BUSY_PAUSE)
        if not more:
            return _fenced(mine, queries.FINISH)
        if stop() or time.monotonic() >= until:
            return _fenced(mine, queries.HAND_BACK)
        _fenced(mine, queries.GO_ON)


def _step(mine: Claim, job: Job[...]) -> bool:
    """Open the step's transaction and call the function in it; the caller closes it with the fence."""
    entered = session().execute(queries.ENTER_STEP, mine.held | {"silence": f"{mine.lease}s"}).one()
    if not entered.mine:
        raise LeaseLost
    if not entered.locked:
        session().rollback()
        raise Busy
    workspace = {"workspace_id": mine.workspace_id} if job.takes_workspace() else {}
    return bool(job.function(**mine.args, **workspace))


def _fenced(mine: Claim, statement: Any, **values: Any) -> str:
    """Write the outcome and commit, both or neither, and only while the lease is ours."""
    session().flush()
    row = session().execute(statement, mine.held | values).one_or_none()
    if row is None:
        raise LeaseLost
    session().commit()
    return str(row.state)


def _failed(mine: Claim, problem: Exception) -> str:
    log.warning("job failed", exc_info=problem)
    return persist(queries.FAIL, mine.held | {"why": explain(problem)}) or "lost"


def persist(statement: Any, values: dict[str, Any], patience: float = 20) -> str | None:
    """Execute a statement that returns `state`, and commit; where the connection breaks, again for up to `patience` seconds.

    None: there was no such row (any more), or the database stayed away; then the lease runs out by itself.
    """
    until = time.monotonic() + patience
    while True:
        try:
            row = session().execute(statement, values).first()
            session().commit()
        except DBAPIError as problem:
            session().rollback()
            if time.monotonic() > until:
                log.warning("outcome not noted", exc_info=problem)
                return None
            time.sleep(0.5)
        else:
            return str(row.state) if row else None


def explain(problem: BaseException) -> str:
    """Return the problem in one line and where it came from, without the values of local variables."""
    head = f"{type(problem).__name__}: {problem}"[:ERROR_LENGTH]
    trace = "".join(traceback.format_tb(problem.__traceback__)[-6:])
    return f"{head}\n{trace}"[:ERROR_LENGTH].replace("\x00", "�")
