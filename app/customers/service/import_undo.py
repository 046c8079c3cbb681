"""Taking back an import, batch by batch: each is one transaction, so that a crash undoes nothing twice."""

from collections.abc import Sequence
from typing import Any

from app.audit import service as audit
from app.core import registry
from app.core.actor import Actor
from app.core.db import cursor as raw_cursor
from app.core.db import find, session
from app.core.time import now
from app.customers.events import CustomersChanged, ImportUndone
from app.customers.models import Act, Import, UndoState
from app.customers.queries import import_undo as batches
from app.customers.service.import_undo_orders import take_back_orders
from app.events.service import publish

BATCH = 5_000
_TOP = 2**63 - 1


def step(workspace_id: int, import_id: int) -> bool:
    """Take back the next batch; True while there is more."""
    row = find(Import, workspace_id, import_id, lock=True)
    if row is None or row.undo_state != UndoState.RUNNING:
        return False
    with raw_cursor() as cursor:
        if not row.undo_cursor:
            batches.look_at_sizes(cursor)
        ids = batches.next_batch(cursor, workspace_id, import_id, row.undo_cursor or _TOP, BATCH)
        if not ids:
            return _finish(row)
        if row.kind == "orders":
            take_back_orders(cursor, row, ids)
        else:
            _take_back(cursor, row, ids)
    row.undo_cursor = min(ids)
    session().flush()
    return True


def _take_back(cursor: Any, row: Import, ids: Sequence[int]) -> None:
    """Take back what was done to customers."""
    workspace_id, import_id = row.workspace_id, row.id
    row.kept += batches.keep_used(cursor, workspace_id, import_id, ids, Act.CREATED)
    gone = batches.to_remove(cursor, workspace_id, import_id, ids)
    if gone:
        for erase in registry.erase:
            erase(workspace_id, gone)
        row.removed += batches.remove(cursor, workspace_id, gone)
    row.kept += batches.keep_used(cursor, workspace_id, import_id, ids, Act.UPDATED)
    row.restored += batches.restore(cursor, workspace_id, import_id, ids)


def _finish(row: Import) -> bool:
    row.undo_state, row.undone_at = UndoState.DONE, now()
    counts = {"removed": row.removed, "restored": row.restored, "kept": row.kept}
    audit.record(row.workspace_id, Actor.system(f"Import {row.id}"), "import.taken_back", ("import", row.id, row.file_name), after=counts)
    publish(ImportUndone(row.workspace_id, row.id))
    counts = {"updated": row.restored, "deleted": row.removed} if row.kind == "customers" else {}
    publish(CustomersChanged(row.workspace_id, f"import {row.id} undone", **counts))
    return False
