"""Periodic jobs about jobs."""

from app.core import files, kept_answers
from app.core.time import now
from app.jobs import service
from app.jobs.registry import job


@job(every=3600, queue="bulk")
def forget_old_runs() -> bool:
    """Delete what ended long ago."""
    return service.forget_old_runs()


@job(every=3600, queue="bulk")
def forget_old_keys() -> bool:
    """Delete idempotency keys, and the answers kept under them, after a day."""
    kept_answers.purge(now())
    return False


@job(every=3600, queue="bulk")
def forget_unfinished_files() -> bool:
    """Delete what arrived of files whose upload was cut off by the end of a process, after a day."""
    return files.forget_unfinished(now())
