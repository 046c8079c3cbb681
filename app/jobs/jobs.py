"""Periodic jobs about jobs."""

from app.jobs import service
from app.jobs.registry import job


@job(every=3600, queue="bulk")
def forget_old_runs() -> bool:
    """Delete what ended long ago."""
    return service.forget_old_runs()
