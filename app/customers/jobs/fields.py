"""Removed custom fields."""

from app.customers.service import fields
from app.jobs.registry import job


@job(queue="bulk", lease=120)
def strip_field(workspace_id: int, field_id: int) -> bool:
    """Take the values of a removed field from the next customers."""
    return fields.strip(workspace_id, field_id)
