"""Imports begin, go on and are undone in a worker."""

from app.customers.events import ImportStarted, ImportUndoAsked
from app.customers.jobs.imports import run_import, undo_import
from app.events.service import on
from app.jobs.service import start


@on(ImportStarted)
def start_import(event: ImportStarted) -> None:
    """Queue the work, unless it is under way."""
    start(run_import, workspace_id=event.workspace_id, key=f"import:{event.import_id}", import_id=event.import_id)


@on(ImportUndoAsked)
def start_undo(event: ImportUndoAsked) -> None:
    """Queue the taking back."""
    start(undo_import, workspace_id=event.workspace_id, key=f"undo:{event.import_id}", import_id=event.import_id)
