"""Runs as a kind of what RQ carries."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from app.jobs import queries, runner
from app.jobs.carrier import Carrier, carriers

KIND = "runs"


def carry(ids: Sequence[int], stop: Callable[[], bool], note: Callable[[Any], None]) -> None:
    """Work on each run in turn; asked to stop, give back what was not begun."""
    for done, run_id in enumerate(ids):
        if stop():
            runner.persist(queries.UNMARK, {"ids": list(ids[done:])}, patience=2)
            return
        runner.run(run_id, stop=stop, note=lambda claim: note([claim.id, str(claim.token)]))
        note(None)


def settle(ids: Sequence[int], current: Any, error: str, patience: float = 2.0) -> None:
    """Count a failure of the run that was under way when its worker died; give back what was not begun."""
    if current is not None:
        run_id, token = current
        runner.persist(queries.FAIL, {"run": run_id, "token": UUID(token), "why": error}, patience)
    runner.persist(queries.UNMARK, {"ids": list(ids)}, patience)


carriers[KIND] = Carrier(carry, settle)
