"""Failed work."""

import itertools
from typing import Any

from app.core.db import session
from app.core.time import now
from app.events.models import Delivery, Outbox
from app.jobs.models import JobRun

_numbers = itertools.count(1)


def failed_run(workspace_id: int | None, **fields: Any) -> JobRun:
    """Return a run that has failed for good."""
    values = {
        "job": "customers.run_import",
        "state": "failed",
        "attempts": 10,
        "finished_at": now(),
        "error": "RuntimeError: the disk is full\n  File x, line 1",
    }
    row = JobRun(workspace_id=workspace_id, args={}, queue="bulk", lease=60, max_attempts=10, **{**values, **fields})
    session().add(row)
    session().flush()
    return row


def failed_delivery(workspace_id: int, **fields: Any) -> Delivery:
    """Return a delivery that has failed for good."""
    event = Outbox(name="CustomerCreated", workspace_id=workspace_id, payload={}, relayed_at=now(), published_at=now())
    session().add(event)
    session().flush()
    values = {"state": "failed", "attempts": 10, "done_at": now(), "error": "KeyError: 'colour'\n  File y, line 2"}
    row = Delivery(event_id=event.id, handler=f"segments.note_{next(_numbers)}", **{**values, **fields})
    session().add(row)
    session().flush()
    return row


STRANGERS = {
    "run_id": lambda workspace_id: failed_run(workspace_id).id,
    "delivery_id": lambda workspace_id: failed_delivery(workspace_id).id,
}
