"""Periodic jobs about events."""

from app.events import service
from app.jobs.registry import job


@job(every=3600, queue="bulk")
def forget_old_news() -> bool:
    """Delete events that everybody has heard of."""
    return service.forget_old_news()
