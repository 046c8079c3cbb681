"""The verbs of imports: create from a file, read, choose, look, start, pause, resume, cancel, undo, discard."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy.dialects.postgresql import insert

from app.audit import service as audit
from app.core import files
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Conflict, Invalid
from app.core.files import File
from app.core.time import now
from app.customers import fields
from app.customers.events import ImportStarted, ImportUndoAsked
from app.customers.imports import mapping
from app.customers.imports.head import Head, read_head
from app.customers.imports.reading import Chunk, Cursor
from app.customers.imports.rejects import Kind, Reject, to_csv
from app.customers.imports.staging import Prepared
from app.customers.models import CustomerField, Import, ImportState, UndoState
from app.customers.queries import imports as queries
from app.customers.schemas.imports import ImportIn, ImportOut
from app.customers.service.fields import MOST as MOST_FIELDS
from app.customers.service.import_steps import dialect_of, place_of, stager_of
from app.events.service import publish

LONGEST_NAME = 200
ALIVE = (ImportState.QUEUED, ImportState.RUNNING)
OVER = (ImportState.FINISHED, ImportState.FAILED, ImportState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Look:
    """A dry run over the first rows of a file: what would be stored, and what would be rejected."""

    head: Head
    ready: Prepared


def create(workspace_id: int, file: File, kind: str, by: Actor) -> Import:
    """Make a draft of an import from a file that has arrived. `read` comes next."""
    name = " ".join(file.name.split())[:LONGEST_NAME] or "file.csv"
    row = Import(workspace_id=workspace_id, kind=kind, file_id=file.id, file_name=name, file_size=file.size, created_by=by.name)
    session().add(row)
    session().flush()
    session().refresh(row)
    return row


def read(row: Import, encoding: str | None = None, delimiter: str | None = None) -> Head:
    """Read a draft's heading and first rows, and plan where its columns go. Raises Invalid, with line, byte or column."""
    head = _head(row, encoding, delimiter)
    row.heading, row.heading_digest, row.dialect = list(head.columns), digest(head.columns), asdict(head.dialect)
    row.scan_offset = row.row_offset = head.body.offset
    row.scan_line = row.row_line = head.body.line
    plan = mapping.make(head, custom_fields(row.workspace_id), {}, remembered=remembered(row), strict=False, kind=row.kind)
    row.plan = mapping.dump(plan)
    session().flush()
    return head


def read_again(workspace_id: int, import_id: int, encoding: str | None, delimiter: str | None) -> Head:
    """Read a draft in another way; where its columns go is guessed anew. Raises Invalid, Conflict once started."""
    return read(get_draft(workspace_id, import_id), encoding, delimiter)


def choose(workspace_id: int, import_id: int, given: ImportIn) -> Import:
    """Set where a draft's columns go and what happens to who is known. Raises Invalid keyed `mapping.<column>`, Conflict once started."""
    row = get_draft(workspace_id, import_id)
    if row.kind == "orders" and given.consent:
        raise Invalid({"consent": "A file of orders brings no consent."})
    dialect = row.dialect or {}
    head = _head(row, given.encoding or dialect.get("encoding"), given.delimiter or dialect.get("delimiter"))
    known = custom_fields(workspace_id)
    plan = mapping.make(head, known, given.mapping, remembered=remembered(row), kind=row.kind)
    _check_room(plan, known)
    row.plan = mapping.dump(tuple(replace(c, label=given.labels[c.name]) if c.new and c.name in given.labels else c for c in plan))
    row.overwrite, row.consent = given.overwrite, given.consent.model_dump() if given.consent else None
    session().flush()
    return row


def accept(workspace_id: int, file: File, given: ImportIn, by: Actor) -> Import:
    """Create, read, choose and start in one go, as the API does. Raises Invalid."""
    row = create(workspace_id, file, given.kind, by)
    read(row, given.encoding, given.delimiter)
    choose(workspace_id, row.id, given)
    return start(workspace_id, row.id, by)


def look(workspace_id: int, import_id: int) -> Look:
    """Return what the first rows of a draft would become. Raises Invalid if the file cannot be read."""
    row = get(Import, workspace_id, import_id)
    dialect = dialect_of(row)
    head = _head(row, dialect.encoding, dialect.delimiter)
    start, end = head.body, Cursor(head.body.offset, (head.lines or [head.body.line])[-1] + 1)
    chunk = Chunk(start, end, final=True, rows=list(head.rows), lines=list(head.lines), rejects=list(head.rejects))
    chunk.positions = [0] * len(head.rows)
    return Look(head, stager_of(mapping.load(row.plan), place_of(workspace_id)).prepare(chunk))


def start(workspace_id: int, import_id: int, by: Actor) -> Import:
    """Let a draft begin: custom fields are made, the work is queued. Raises Invalid, Conflict if it has begun already."""
    row = get_draft(workspace_id, import_id)
    plan = mapping.load(row.plan)
    mapping.check(plan, row.kind)
    _make_fields(workspace_id, plan)
    row.state = ImportState.QUEUED
    session().flush()
    choices = {"overwrite": row.overwrite, "consent": row.consent, "columns": {c.name: c.target for c in plan}}
    audit.record(workspace_id, by, "import.started", ("import", row.id, row.file_name), after=choices)
    publish(ImportStarted(workspace_id, row.id), by)
    return row


def pause(workspace_id: int, import_id: int, by: Actor) -> Import:
    """Stop after the present chunk until somebody resumes. Raises Conflict if it does not run."""
    return _switch(workspace_id, import_id, ALIVE, ImportState.PAUSED, "import.paused", by)


def resume(workspace_id: int, import_id: int, by: Actor) -> Import:
    """Go on where it stopped; also after its work failed too often. Raises Conflict if it is over."""
    row = _switch(workspace_id, import_id, (ImportState.PAUSED, *ALIVE), ImportState.QUEUED, "import.resumed", by)
    publish(ImportStarted(workspace_id, row.id), by)
    return row


def cancel(workspace_id: int, import_id: int, by: Actor) -> Import:
    """Stop for good; what was taken stays, and can be undone. Raises Conflict if it is over."""
    row = _switch(workspace_id, import_id, (ImportState.PAUSED, *ALIVE), ImportState.CANCELLED, "import.cancelled", by)
    row.finished_at = now()
    session().flush()
    return row


def undo(workspace_id: int, import_id: int, by: Actor) -> Import:
    """Take back what an import did, stopping it first. Raises Conflict if that was done, or is too long ago."""
    row = get(Import, workspace_id, import_id, lock=True)
    if row.state in (ImportState.PAUSED, *ALIVE):
        row = cancel(workspace_id, import_id, by)
    if row.state not in OVER or row.undo_state != UndoState.NONE:
        raise Conflict("This import is undone already." if row.undo_state != UndoState.NONE else "This import has not begun.")
    if row.purged_at:
        raise Conflict("This import ended more than 30 days ago; what is needed to undo it is gone.")
    row.undo_state = UndoState.RUNNING
    session().flush()
    audit.record(workspace_id, by, "import.undone", ("import", row.id, row.file_name))
    publish(ImportUndoAsked(workspace_id, row.id), by)
    return row


def discard(workspace_id: int, import_id: int) -> None:
    """Remove a draft and its file. Raises Conflict if it has begun."""
    row = get_draft(workspace_id, import_id)
    if row.file_id:
        files.delete(workspace_id, row.file_id)
    session().delete(row)
    session().flush()


def custom_fields(workspace_id: int) -> dict[str, mapping.Field]:
    """Return the custom fields of a workspace as plans need them."""
    return {info.key: mapping.Field(info.type, info.label, info.choices) for info in fields.custom(workspace_id).values()}


def remembered(row: Import) -> dict[str, str | None]:
    """Return where columns of these names went before."""
    columns = queries.remembered(row.workspace_id, row.kind, row.heading_digest or "")
    known = {name: mapping.Column(**{**column, "choices": tuple(column["choices"])}) for name, column in columns.items()}
    return {name: column.said for name, column in known.items()}


def digest(heading: Sequence[str]) -> str:
    """Return what files with the same heading have in common."""
    return hashlib.sha256("\x1f".join(heading).encode()).hexdigest()


def _head(row: Import, encoding: str | None, delimiter: str | None) -> Head:
    with files.open_file(row.workspace_id, row.file_id or 0) as stream:
        return read_head(stream, encoding, delimiter)


def get_draft(workspace_id: int, import_id: int) -> Import:
    """Return an import that has not begun, and keep it so until the transaction ends. Raises NotFound, Conflict."""
    row = get(Import, workspace_id, import_id, lock=True)
    if row.state != ImportState.DRAFT:
        raise Conflict("This import has begun already.")
    return row


def _switch(workspace_id: int, import_id: int, allowed: Sequence[ImportState], state: ImportState, action: str, by: Actor) -> Import:
    row = get(Import, workspace_id, import_id, lock=True)
    if row.state not in allowed:
        raise Conflict(f"This import is {row.state}.")
    row.state = state
    session().flush()
    audit.record(workspace_id, by, action, ("import", row.id, row.file_name))
    return row


def _make_fields(workspace_id: int, plan: Sequence[mapping.Column]) -> None:
    """Make the custom fields a plan names. Raises Invalid where one came to be meanwhile with another type, or is being deleted."""
    new = {column.field: column for column in plan if column.new and column.field}
    if not new:
        return
    _check_room(plan, custom_fields(workspace_id))
    rows = [{"workspace_id": workspace_id, "key": key, "label": column.label, "type": column.type} for key, column in new.items()]
    session().execute(insert(CustomerField).values(rows).on_conflict_do_nothing(index_elements=["workspace_id", "key"]))
    known = custom_fields(workspace_id)
    _check_fields(new, known)


def _check_room(plan: Sequence[mapping.Column], known: Mapping[str, mapping.Field]) -> None:
    """Refuse a plan that would make more custom fields than a workspace may have. Raises Invalid."""
    new = {column.field for column in plan if column.new} - set(known)
    if len(known) + len(new) > MOST_FIELDS:
        reason = f"{MOST_FIELDS} custom fields are the most: there are {len(known):,}, and this file would bring {len(new):,} more. Leave some out."
        raise Invalid({"mapping": reason})


def _check_fields(new: Mapping[str, mapping.Column], known: Mapping[str, mapping.Field]) -> None:
    for key, column in new.items():
        if key not in known:
            raise Invalid({f"mapping.{column.name}": f"A field with the key {key} is being deleted; choose another, or wait a minute."})
        if known[key].type != column.type:
            raise Invalid({f"mapping.{column.name}": f"The field {key} exists already and holds {known[key].type}."})


def get_import(workspace_id: int, import_id: int) -> Import:
    """Return an import. Raises NotFound."""
    return get(Import, workspace_id, import_id)


def describe(row: Import) -> ImportOut:
    """Return how an import stands; a paused one, and one whose work waits for a person, says so."""
    state, error = row.state, row.error
    if state in ALIVE and (problem := queries.work_failed(row.workspace_id, row.id)):
        state, error = ImportState.FAILED.value, problem
    shown = ImportState.QUEUED.value if state in {ImportState.PAUSED, ImportState.DRAFT} else str(state)
    names = (
        "rows_total",
        "rows_done",
        "created",
        "updated",
        "unchanged",
        "rejected",
        "customers_created",
        "overwrite",
        "consent",
        "removed",
        "restored",
        "kept",
    )
    values = {name: getattr(row, name) for name in (*names, "id", "kind", "file_name", "created_at", "started_at", "finished_at")}
    values |= {"state": shown, "error": error, "paused": state == ImportState.PAUSED, "undo": row.undo_state}
    return ImportOut.model_validate(values)


def rejects_csv(workspace_id: int, import_id: int) -> Iterator[str]:
    """Yield the rejects of an import as CSV. Raises NotFound at once."""
    row = get(Import, workspace_id, import_id)
    found = (
        Reject(r.line, r.column, r.found, Kind(r.kind), r.reason, tuple(r.row)) for r in queries.iterate_rejects(workspace_id, import_id)
    )
    return to_csv(row.heading, found)
