"""Work on mailings that were stopped."""

from datetime import timedelta

from app.core.time import now
from app.delivery.models import Skip
from app.delivery.service import stopping
from app.jobs import service as jobs
from app.jobs.registry import job

AGAIN = timedelta(seconds=15)
"""What was on its way when the rest was put away may come back to waiting; so it is looked at again until all have ended."""


@job(queue="bulk", lease=120)
def put_rest_away(workspace_id: int, mailing_id: int, reason: str) -> bool:
    """Mark who waits in a stopped mailing as skipped, until nobody waits or is on the way."""
    if stopping.step(workspace_id, mailing_id, Skip(reason)):
        return True
    if stopping.is_stopped(workspace_id, mailing_id):
        jobs.start(put_rest_away, workspace_id=workspace_id, run_after=now() + AGAIN, mailing_id=mailing_id, reason=reason)
    return False
