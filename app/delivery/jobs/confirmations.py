"""Double opt-in of many at once."""

from datetime import datetime, timedelta

from app.core.time import now
from app.delivery.service import confirmations
from app.jobs import service as jobs
from app.jobs.registry import job

AGAIN = timedelta(seconds=5)
"""How long letters that jam are given."""


@job(queue="bulk", lease=120)
def ask_many(workspace_id: int, topic_id: int, since: str) -> bool:
    """Ask those whose consent came to wait for them at this time, a few at a time."""
    more = confirmations.send_many(workspace_id, topic_id, datetime.fromisoformat(since))
    if more is None:
        jobs.start(ask_many, workspace_id=workspace_id, run_after=now() + AGAIN, topic_id=topic_id, since=since)
    return bool(more)


@job(queue="bulk", lease=120)
def ask_imported(workspace_id: int, import_id: int) -> bool:
    """Ask those whose consent a file left to them, a few at a time."""
    more = confirmations.send_imported(workspace_id, import_id)
    if more is None:
        jobs.start(ask_imported, workspace_id=workspace_id, run_after=now() + AGAIN, import_id=import_id)
    return bool(more)
