"""Exports leave a trace: who took whose data out of the house."""

from app.audit import service as audit
from app.core.actor import Actor
from app.customers.schemas.lists import CustomerFilter, to_query


def note_export(workspace_id: int, given: CustomerFilter, by: Actor) -> None:
    """Note an export of whom these filters find."""
    audit.record(workspace_id, by, "customers.exported", ("customers", None, to_query(given) or "everyone"))
