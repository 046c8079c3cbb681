"""Does here and now what relay, workers and clock would do, without Redis: for tests of handlers and jobs."""

import sqlalchemy as sa

from app.core.db import any_workspace, session
from app.events import deliver, relay
from app.events.models import Delivery, DeliveryState
from app.jobs import runner
from app.jobs.models import JobRun, RunState

ROUNDS = 100


def drain() -> dict[str, int]:
    """Deliver all events and run all work that is due, and what comes of it, until nothing is; return how often what came out.

    What failed waits for its next try, as it would in life: look at `JobRun` and `Delivery`, or use `must_drain`.
    """
    seen: dict[str, int] = {}
    for _ in range(ROUNDS):
        relay.expand()
        outcomes = [deliver.deliver(i) for i in _due_deliveries()] + [runner.run(i) for i in _due_runs()]
        for outcome in outcomes:
            seen[outcome] = seen.get(outcome, 0) + 1
        if not outcomes:
            return seen
    raise AssertionError(f"still not done after {ROUNDS} rounds: {seen}")


def must_drain() -> None:
    """Drain, and fail the test with the first error if any handler or job failed."""
    drain()
    for table, queued in ((JobRun, RunState.QUEUED), (Delivery, DeliveryState.QUEUED)):
        wrong = (
            session()
            .scalars(any_workspace(sa.select(table.error).where(table.error.is_not(None), table.state.in_((queued, "failed")))))
            .all()
        )
        assert not wrong, wrong[0]


def _due_deliveries() -> list[int]:
    due = sa.select(Delivery.id).where(Delivery.state == DeliveryState.QUEUED, Delivery.next_try_at <= sa.func.clock_timestamp())
    return list(session().scalars(any_workspace(due.order_by(Delivery.id))))


def _due_runs() -> list[int]:
    due = sa.select(JobRun.id).where(JobRun.state == RunState.QUEUED, JobRun.run_after <= sa.func.clock_timestamp())
    return list(session().scalars(any_workspace(due.order_by(JobRun.id))))
