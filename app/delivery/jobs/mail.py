"""Upkeep of what the sandbox caught."""

from app.delivery.service import mail
from app.jobs.registry import job


@job(every=3600, queue="bulk", lease=120)
def forget_mail() -> bool:
    """Delete what was caught more than thirty days ago."""
    return mail.forget_old()
