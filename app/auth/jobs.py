"""What the clock does for this room."""

from app.auth import service
from app.jobs.registry import job


@job(every=3600)
def purge_ended() -> bool:
    """Remove sessions, tokens, links and counts that are past their time."""
    service.purge()
    return False
