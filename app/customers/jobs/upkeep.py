"""Periodic work."""

from app.customers.service import counts, upkeep
from app.jobs.registry import job


@job(every=3600, queue="bulk", lease=300)
def make_partitions() -> bool:
    """Make the coming months' partitions of activities."""
    return upkeep.make_partition()


@job(every=3600, queue="bulk", lease=300)
def forget_changes() -> bool:
    """Delete notes of changes that all readers have seen long ago."""
    return upkeep.forget_changes()


@job(every=60, queue="bulk", lease=180)
def recount() -> bool:
    """Take the counts anew that pages found too old."""
    return counts.recount()


@job(every=60, queue="bulk", lease=180)
def add_customer_days() -> bool:
    """Add customers who came and went to the days on which they were created."""
    return upkeep.add_moves()
