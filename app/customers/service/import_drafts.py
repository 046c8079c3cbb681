"""Drafts of imports as people work on them: opened, read in another way, rehearsed before the deed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import defer

from app.core import files
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Conflict
from app.core.files import File
from app.customers.imports import mapping
from app.customers.imports.dialect import WrongBytes
from app.customers.imports.head import Head, read_head
from app.customers.imports.mapping import Plan
from app.customers.imports.orders import OrderStager, Ready
from app.customers.imports.reading import Chunk, Cursor, read_chunk, rows_for
from app.customers.imports.readings import Reading, readings
from app.customers.imports.staging import Prepared
from app.customers.models import Act, Import, ImportReject, ImportState, UndoState
from app.customers.queries.consent import count_unasked
from app.customers.service import imports
from app.customers.service.import_chunks import Outcome, take_chunk, wait_for_turn
from app.customers.service.import_orders import take_orders
from app.customers.service.import_steps import dialect_of, order_stager_of, place_of, stager_of
from app.workspaces.models import Workspace

PREVIEW = 20
"""Rows shown as they would be stored."""
REHEARSED = 2_000
"""Rows taken and taken back in a dry run."""
_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Draft:
    """An import that has not begun: its file's beginning, where its columns go now, and where they would go by themselves."""

    row: Import
    head: Head
    plan: Plan
    guessed: Plan
    remembered: Mapping[str, str | None]
    custom: Mapping[str, mapping.Field]


@dataclass(slots=True)
class Rehearsal:
    """What came of the first rows, which were then taken back. `preview` are the first as they would be stored.

    `rows` were looked at, all there are if `whole`; `rows_total` is how many the file has, or about, by its length. `made`: customers
    whom orders would bring. `asked`: who would be asked by letter to confirm their consent.
    """

    preview: Prepared | Ready
    made: int = 0
    asked: int = 0
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejects: Sequence[ImportReject] = ()
    kinds: dict[str, int] = field(default_factory=dict)
    rejected: int = 0
    whole: bool = False
    rows_total: int = 0


def receive(workspace_id: int, file: File, kind: str, by: Actor) -> Import:
    """Make a draft of a file that has arrived and read its beginning.

    A file that is text, but in another encoding, stays, so that it need not be sent again. Raises Invalid where it is no CSV.
    """
    row = imports.create(workspace_id, file, kind, by)
    try:
        imports.read(row)
    except WrongBytes as refusal:
        row.error = " ".join(refusal.errors.values())
        session().flush()
    return row


def start_over(workspace_id: int, import_id: int, by: Actor) -> Import:
    """Make a new draft of the file of an import that failed, was stopped or was undone: it need not be sent again. Raises Conflict."""
    row = get(Import, workspace_id, import_id, lock=True)
    if row.file_id is None or not may_start_over(row):
        raise Conflict("The file of this import is not here any more." if row.file_id is None else "This import is under way, or done.")
    draft = imports.create(workspace_id, get(File, workspace_id, row.file_id), row.kind, by)
    row.file_id = None
    imports.read(draft, **{name: (row.dialect or {}).get(name) for name in ("encoding", "delimiter")})
    draft.error = row.error
    session().flush()
    return draft


def may_start_over(row: Import) -> bool:
    """Tell whether the file of an import may be imported again without being sent again."""
    return row.file_id is not None and (row.state in {ImportState.FAILED, ImportState.CANCELLED} or row.undo_state == UndoState.DONE)


def read_again(workspace_id: int, import_id: int, encoding: str | None, delimiter: str | None) -> None:
    """Read a draft in another encoding, or with another delimiter. Raises Invalid, Conflict once started."""
    imports.read_again(workspace_id, import_id, encoding, delimiter)
    imports.get_draft(workspace_id, import_id).error = None
    session().flush()


def open_draft(workspace_id: int, import_id: int) -> Draft:
    """Return a draft with the beginning of its file. Raises Conflict once started, and while nobody said in which encoding it is."""
    row = imports.get_draft(workspace_id, import_id)
    if row.dialect is None:
        raise Conflict("Say first in which encoding the file is.")
    dialect = dialect_of(row)
    with files.open_file(workspace_id, row.file_id or 0) as stream:
        head = read_head(stream, dialect.encoding, dialect.delimiter)
    known, before = imports.custom_fields(workspace_id), imports.remembered(row)
    guessed = mapping.make(head, known, {}, remembered=before, strict=False, kind=row.kind)
    return Draft(row, head, mapping.load(row.plan), guessed, before, known)


def ways_to_read(row: Import) -> list[Reading]:
    """Return how the place that is not UTF-8 reads in other encodings."""
    with files.open_file(row.workspace_id, row.file_id or 0) as stream:
        try:
            read_head(stream)
        except WrongBytes as refusal:
            return readings(stream, refusal.byte)
    return []


def rehearse(draft: Draft) -> Rehearsal:
    """Take the first rows for real, see what comes of it, and take it back: nobody is changed. Takes 3 s at most."""
    row, head = draft.row, draft.head
    found = Rehearsal(_first(draft))
    with session().begin_nested() as savepoint:
        _try(draft, found)
        savepoint.rollback()
    session().expire(row)
    found.rows_total = found.rows if found.whole else _about(row, head)
    if not found.whole and found.rows:
        found.asked = _rounded(found.asked * found.rows_total / found.rows)
    return found


def _first(draft: Draft) -> Prepared | Ready:
    """Return the first rows as they would be stored."""
    row, head = draft.row, draft.head
    if row.kind == "orders":
        with files.open_file(row.workspace_id, row.file_id or 0) as stream:
            return _order_stager(draft).take(partial(read_chunk, stream, head.dialect, head.body), PREVIEW)
    count = min(PREVIEW, len(head.rows))
    first = Chunk(head.body, head.end, final=True, rows=head.rows[:count], lines=head.lines[:count], positions=[0] * count)
    return stager_of(draft.plan, place_of(row.workspace_id)).prepare(first)


def _order_stager(draft: Draft) -> OrderStager:
    workspace = session().get_one(Workspace, draft.row.workspace_id)
    return order_stager_of(draft.plan, place_of(draft.row.workspace_id), workspace.currency)


def _take(draft: Draft, stream: BinaryIO, at: Cursor, most: int) -> Outcome:
    """Take the next chunk as the import would."""
    row, head = draft.row, draft.head
    read, limit = partial(read_chunk, stream, head.dialect, at), rows_for(len(head.columns), most)
    if row.kind == "orders":
        outcome = take_orders(row, _order_stager(draft), read, limit)
        row.refusing = outcome.refusing
        return outcome
    stager = stager_of(draft.plan, place_of(row.workspace_id))
    wait_for_turn(row)
    return take_chunk(row, stager, stager.stage(read(limit)))


def _try(draft: Draft, found: Rehearsal) -> None:
    """Take chunks until there are enough rows; the caller takes all back."""
    row, head = draft.row, draft.head
    at, acts, started = head.body, Counter[int](), perf_counter()
    with files.open_file(row.workspace_id, row.file_id or 0) as stream:
        while not found.whole and found.rows < REHEARSED and perf_counter() - started < _SECONDS:
            outcome = _take(draft, stream, at, REHEARSED - found.rows)
            acts.update(outcome.acts)
            found.rejected += outcome.rejected
            found.made += outcome.made
            found.rows += sum(outcome.acts.values()) + outcome.rejected
            at, found.whole = outcome.end, outcome.final
    found.created, found.updated, found.unchanged = acts[Act.CREATED], acts[Act.UPDATED], acts[Act.UNCHANGED]
    found.asked = count_unasked(row.workspace_id, row.id)
    mine = (ImportReject.workspace_id == row.workspace_id, ImportReject.import_id == row.id)
    query = sa.select(ImportReject).where(*mine).options(defer(ImportReject.row)).order_by(ImportReject.line)
    found.rejects = session().scalars(query).all()
    found.kinds = dict(Counter(reject.kind for reject in found.rejects).most_common())
    for reject in found.rejects:
        session().expunge(reject)


def _about(row: Import, head: Head) -> int:
    """Return how many rows the file has by the length of those seen, to two figures."""
    seen = len(head.rows) + len(head.rejects)
    length = (head.end.offset - head.body.offset) / max(seen, 1)
    return max(_rounded((row.file_size - head.body.offset) / max(length, 1)), seen)


def _rounded(number: float) -> int:
    """Return a number to two figures."""
    whole = round(number)
    return round(whole, -max(len(str(whole)) - 2, 0))
