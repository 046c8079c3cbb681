"""When people were last seen, in the background."""

from app.delivery.service import seen
from app.jobs.registry import job


@job(every=2, lease=120)
def note_seen() -> bool:
    """Note when those who opened or clicked were last seen."""
    return seen.follow()
