"""Reads of imports: lists, rejects, what was mapped before."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer

from app.core.db import any_workspace, decode_cursor, encode_cursor, session
from app.customers.models import Act, Customer, Import, ImportReject, ImportState, ImportUndo, Order, UndoState
from app.jobs.models import JobRun, RunState

AT_ONCE = 50
"""Rejects read at once: each holds its row, of up to 2 MB."""
_REMEMBERED = 10


def list_imports(workspace_id: int, limit: int, cursor: str | None = None, *, drafts: bool = False) -> tuple[Sequence[Import], str | None]:
    """Return a page of imports that were started (with `drafts`, of all), newest first, and the cursor of the next page."""
    query = sa.select(Import).where(Import.workspace_id == workspace_id)
    if not drafts:
        query = query.where(Import.state != ImportState.DRAFT)
    if cursor:
        query = query.where(Import.id < decode_cursor(cursor, [int])[0])
    rows = session().scalars(query.order_by(Import.id.desc()).limit(limit + 1)).all()
    return rows[:limit], encode_cursor([rows[limit - 1].id]) if len(rows) > limit else None


def list_rejects(
    workspace_id: int, import_id: int, limit: int, cursor: str | None = None, kind: str | None = None
) -> tuple[Sequence[ImportReject], str | None]:
    """Return a page of an import's rejects in the order of the file, and the cursor of the next page."""
    query = _rejects(workspace_id, import_id, kind)
    if cursor:
        query = query.where(ImportReject.line > decode_cursor(cursor, [int])[0])
    rows = session().scalars(query.options(defer(ImportReject.row)).limit(limit + 1)).all()
    return rows[:limit], encode_cursor([rows[limit - 1].line]) if len(rows) > limit else None


def iterate_rejects(workspace_id: int, import_id: int) -> Iterator[ImportReject]:
    """Yield all rejects of an import in the order of the file, a few at a time."""
    line = 0
    while True:
        query = _rejects(workspace_id, import_id, None).where(ImportReject.line > line).limit(AT_ONCE)
        rows = session().scalars(query).all()
        yield from rows
        if len(rows) < AT_ONCE:
            return
        line = rows[-1].line
        session().expunge_all()


def _rejects(workspace_id: int, import_id: int, kind: str | None) -> sa.Select[ImportReject]:
    query = sa.select(ImportReject).where(ImportReject.workspace_id == workspace_id, ImportReject.import_id == import_id)
    if kind:
        query = query.where(ImportReject.kind == kind)
    return query.order_by(ImportReject.line)


def count_rejects(workspace_id: int, import_id: int) -> dict[str, int]:
    """Return how many rows were rejected by kind of reason, most first."""
    query = sa.select(ImportReject.kind, sa.func.count()).where(
        ImportReject.workspace_id == workspace_id, ImportReject.import_id == import_id
    )
    rows = session().execute(query.group_by(ImportReject.kind).order_by(sa.func.count().desc(), ImportReject.kind)).all()
    return {row[0]: row[1] for row in rows}


def remembered(workspace_id: int, kind: str, digest: str) -> dict[str, Any]:
    """Return what columns were mapped to before, by name: in a file with this very heading, else in any of the last ones, the newest first."""
    base = sa.select(Import.plan).where(Import.workspace_id == workspace_id, Import.kind == kind, Import.state != ImportState.DRAFT)
    same = base.where(Import.heading_digest == digest).order_by(Import.id.desc()).limit(1)
    plans = [*session().scalars(same), *session().scalars(base.order_by(Import.id.desc()).limit(_REMEMBERED))]
    columns: dict[str, Any] = {}
    for plan in plans:
        for column in plan:
            columns.setdefault(column["name"], column)
    return columns


def work_failed(workspace_id: int, import_id: int) -> str | None:
    """Return the first line of the error, if the work on an import has failed so often that it waits for a person."""
    return works_failed(workspace_id, [import_id]).get(import_id)


def works_failed(workspace_id: int, import_ids: Sequence[int]) -> dict[int, str]:
    """Return the first lines of the errors by import, of those whose last work waits for a person."""
    keys = {f"{work}:{import_id}": import_id for import_id in import_ids for work in ("import", "undo")}
    query = sa.select(JobRun.key, JobRun.state, JobRun.error).where(JobRun.workspace_id == workspace_id, JobRun.key.in_(keys))
    last = {keys[str(row.key)]: row for row in session().execute(any_workspace(query.order_by(JobRun.id)))}
    failed = {number: str(row.error or "").split("\n", 1)[0] for number, row in last.items() if row.state == RunState.FAILED}
    return {number: error or "The work failed." for number, error in failed.items()}


def count_orders(workspace_id: int, import_id: int) -> int:
    """Return how many orders an import of orders made."""
    made = (ImportUndo.workspace_id == workspace_id, ImportUndo.import_id == import_id, ImportUndo.act == Act.CREATED)
    return session().scalar(sa.select(sa.func.count()).where(*made, ImportUndo.subject_id > 0)) or 0


def concerned(workspace_id: int, import_id: int, *acts: Act) -> sa.CompoundSelect[int]:
    """Select the customers to whom an import did one of these: theirs, or to their orders."""
    did = (ImportUndo.workspace_id == workspace_id, ImportUndo.import_id == import_id, ImportUndo.act.in_(acts))
    kind = sa.select(Import.kind).where(Import.workspace_id == workspace_id, Import.id == import_id).scalar_subquery()
    orders = sa.select(Order.customer_id).join(ImportUndo, ImportUndo.subject_id == Order.id).where(Order.workspace_id == workspace_id)
    return sa.union_all(
        sa.select(ImportUndo.subject_id).where(*did, kind.is_distinct_from("orders"), ImportUndo.subject_id > 0),
        sa.select(-ImportUndo.subject_id).where(*did, ImportUndo.subject_id < 0),
        orders.where(*did, kind == "orders"),
    )


def list_kept(workspace_id: int, import_id: int, limit: int, cursor: str | None = None) -> tuple[Sequence[Customer], str | None]:
    """Return a page of the customers that undoing an import left alone, or left orders of, and the cursor of the next page."""
    kept = Customer.id.in_(concerned(workspace_id, import_id, Act.KEPT))
    query = sa.select(Customer).where(Customer.workspace_id == workspace_id, kept)
    if cursor:
        query = query.where(Customer.id > decode_cursor(cursor, [int])[0])
    rows = session().scalars(query.order_by(Customer.id).limit(limit + 1)).all()
    return rows[:limit], encode_cursor([rows[limit - 1].id]) if len(rows) > limit else None


def next_to_purge(ended: datetime, drafted: datetime) -> Import | None:
    """Return an import of any workspace that ended before `ended` and was not purged, or a draft from before `drafted`."""
    over = Import.state.in_([ImportState.FINISHED, ImportState.FAILED, ImportState.CANCELLED])
    old = sa.and_(over, Import.finished_at < ended, Import.purged_at.is_(None), Import.undo_state != UndoState.RUNNING)
    draft = sa.and_(Import.state == ImportState.DRAFT, Import.created_at < drafted)
    query = sa.select(Import).where(sa.or_(old, draft)).order_by(Import.id).limit(1).with_for_update(skip_locked=True)
    return session().scalars(any_workspace(query)).one_or_none()
