"""The work of imports."""

from app.customers.service import import_purge, import_steps, import_undo
from app.jobs.registry import job


@job(queue="bulk", lease=180)
def run_import(workspace_id: int, import_id: int) -> bool:
    """Take the next chunk of an import."""
    return import_steps.step(workspace_id, import_id)


@job(queue="bulk", lease=180)
def undo_import(workspace_id: int, import_id: int) -> bool:
    """Take back the next batch of what an import did."""
    return import_undo.step(workspace_id, import_id)


@job(queue="bulk", every=3600)
def purge_imports() -> bool:
    """Forget what undoing needs, rejects and files of imports that ended 30 days ago, and drafts that nobody started."""
    return import_purge.step()
