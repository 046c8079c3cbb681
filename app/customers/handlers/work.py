"""Work that begins when its event is known."""

from app.customers.events import BulkActStarted, FieldDeleted
from app.customers.jobs import run_bulk_act, strip_field
from app.events.service import on
from app.jobs import service as jobs


@on(BulkActStarted)
def run_act(event: BulkActStarted) -> None:
    """Begin a bulk act."""
    jobs.start(run_bulk_act, workspace_id=event.workspace_id, key=f"bulk_act:{event.act_id}", act_id=event.act_id)


@on(FieldDeleted)
def strip_deleted_field(event: FieldDeleted) -> None:
    """Begin to strip the values of a removed field."""
    jobs.start(strip_field, workspace_id=event.workspace_id, key=f"strip_field:{event.field_id}", field_id=event.field_id)
