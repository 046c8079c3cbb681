"""Forgetting: after 30 days an import keeps its counts only; a draft that nobody started goes after a day."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core import files
from app.core.db import session
from app.core.time import now
from app.customers.models import Import, ImportReject, ImportState, ImportUndo
from app.customers.queries import imports as queries

KEPT = timedelta(days=30)
DRAFTS_KEPT = timedelta(days=1)
_BATCH = 50_000


def step() -> bool:
    """Forget the next part of one import; True while there is more."""
    row = queries.next_to_purge(now() - KEPT, now() - DRAFTS_KEPT)
    if row is None:
        return False
    for table in (ImportReject, ImportUndo):
        if _forget(table, row):
            return True
    if row.file_id:
        files.delete(row.workspace_id, row.file_id)
    if row.state == ImportState.DRAFT:
        session().delete(row)
    else:
        row.file_id, row.purged_at = None, now()
    session().flush()
    return True


def _forget(table: Any, row: Import) -> bool:
    """Delete a batch of an import's rows; tell whether there were any."""
    mine = (table.workspace_id == row.workspace_id, table.import_id == row.id)
    some = sa.select(sa.literal_column("ctid")).select_from(table).where(*mine).limit(_BATCH).scalar_subquery()
    gone = session().execute(
        sa.delete(table).where(*mine, sa.literal_column("ctid").in_(some)).execution_options(synchronize_session=False)
    )
    return bool(gone.rowcount)  # type: ignore[attr-defined]
