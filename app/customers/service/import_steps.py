"""The work of an import, step by step: each is one transaction that moves the cursor and writes what it passed.

A step that is repeated after a crash begins where the last commit left the cursor, so no row is skipped and none is taken twice. The
whole file is checked first (encoding, number of rows), so that a file that cannot be read to its end changes nobody.
"""

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from threading import Lock
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from babel.numbers import get_currency_precision
from sqlalchemy.orm import InstrumentedAttribute

from app.audit import service as audit
from app.core import files
from app.core.actor import Actor
from app.core.db import find, session
from app.core.errors import Invalid
from app.core.time import now
from app.customers.events import CustomersChanged, ImportFinished, OrdersRecorded
from app.customers.imports.cells import Place
from app.customers.imports.dialect import Dialect
from app.customers.imports.mapping import Plan, load
from app.customers.imports.orders import OrderStager
from app.customers.imports.reading import Chunk, Cursor, count_rows, parse, read_block, read_chunk, rows_for
from app.customers.imports.staging import Staged, Stager
from app.customers.models import Act, Import, ImportState
from app.customers.queries import imports as queries
from app.customers.service.import_chunks import Outcome, enter_second_lane, take_chunk, take_new, wait_for_turn
from app.customers.service.import_lane import Lane, Lost, Read, Second
from app.customers.service.import_orders import take_orders
from app.events.service import publish
from app.workspaces.models import Workspace

SCAN_SECONDS = 2.0
"""How long one step checks the file before it notes how far it came."""
MOST_ORDER_ROWS = 5_000
"""Rows of a chunk of orders."""
_LANE = Lane()
_READING = Lock()
_ALIVE = (ImportState.QUEUED, ImportState.RUNNING)
Values = dict[InstrumentedAttribute[Any], Any]


def step(workspace_id: int, import_id: int) -> bool:
    """Take the next chunk of an import; True while there is more. Does nothing once it is paused, stopped or over."""
    row = find(Import, workspace_id, import_id)
    if row is None or row.state not in _ALIVE or row.file_id is None:
        return False
    started = perf_counter()
    try:
        return _take(row, started) if row.scanned else _scan(row, started)
    except Invalid as refusal:
        return _fail(row, " ".join(refusal.errors.values()))


def place_of(workspace_id: int) -> Place:
    """Return what reading depends on in a workspace."""
    workspace = session().get_one(Workspace, workspace_id)
    return Place(workspace.zone, get_currency_precision(workspace.currency))


@lru_cache(maxsize=2)
def stager_of(plan: Plan, place: Place) -> Stager:
    """Return the reader of an import's chunks: kept from step to step, because it remembers what it has read."""
    return Stager(plan, place)


@lru_cache(maxsize=1)
def order_stager_of(plan: Plan, place: Place, currency: str) -> OrderStager:
    """Return the reader of the chunks of a file of orders."""
    return OrderStager(plan, place, currency)


def dialect_of(row: Import) -> Dialect:
    """Return how the file of an import is read."""
    return Dialect(**(row.dialect or {}))


def _scan(row: Import, started: float) -> bool:
    """Count the rows of the next part of the file; a part that is no text fails the import before anybody is changed."""
    stream, dialect = files.open_file(row.workspace_id, row.file_id or 0), dialect_of(row)
    at, rows, final = Cursor(row.scan_offset, row.scan_line), 0, False
    limit = rows_for(len(row.heading))
    while not final and perf_counter() - started < SCAN_SECONDS:
        count, at, final = count_rows(stream, dialect, at, limit)
        rows += count
    values: Values = {
        Import.scan_offset: at.offset,
        Import.scan_line: at.line,
        Import.scanned: final,
        Import.rows_total: row.rows_total + rows,
    }
    return _move(row, Import.scan_offset == row.scan_offset, values, started)


def _take(row: Import, started: float) -> bool:
    """Take one chunk. What it wrote is undone if the import was paused or stopped meanwhile, or if its place is not the next one after all."""
    with session().begin_nested() as savepoint:
        try:
            start, outcome = _orders(row) if row.kind == "orders" else _customers(row)
        except Lost:
            savepoint.rollback()
            return True
        if _move(row, Import.row_offset == start.offset, _progress(outcome), started):
            if outcome.final:
                _finish(row)
            return not outcome.final
        session().refresh(row)
        go_on = row.state in _ALIVE
        savepoint.rollback()
    return go_on


@dataclass(frozen=True, slots=True)
class _Reading:
    """A chunk read at its place, and made ready as far as it may be taken at once."""

    stager: Stager
    chunk: Chunk
    staged: Staged


def _read(row: Import, at: Cursor) -> _Reading:
    raw = read_block(files.open_file(row.workspace_id, row.file_id or 0), at)
    dialect, plan, place = dialect_of(row), load(row.plan), place_of(row.workspace_id)
    with _READING:  # readers remember, and serve one at a time
        stager = stager_of(plan, place)
        chunk = parse(raw, dialect, at, min(rows_for(len(row.heading)), stager.most))
        staged = stager.stage(chunk)
        if staged.chunk.end != chunk.end:
            stager.pace(chunk, staged.chunk.end)
    return _Reading(stager, chunk, staged)


def _customers(row: Import) -> tuple[Cursor, Outcome]:
    """Take a chunk, and begin the next one in the second lane. Raises Lost where the chunk there before it was not taken."""
    at = Cursor(row.row_offset, row.row_line)
    found = _LANE.take(row.id, at)
    if found is None:
        session().refresh(row)
        at = Cursor(row.row_offset, row.row_line)
    else:
        at = found[1].end
    reading = _read(row, at)
    staged = reading.staged
    if found and not staged.keys.isdisjoint(found[1].keys) and not _settled(found[0]):
        raise Lost
    main = wait_for_turn(row, found[1].backend if found else None)
    work = partial(_take_second, row.workspace_id, row.id, main=main, avoid=staged.keys)

    def meanwhile() -> None:
        if not staged.chunk.final:
            _LANE.begin(Second(row.id, staged.chunk.end), work)

    outcome = take_chunk(row, reading.stager, staged, meanwhile)
    if found and not _settled(found[0]):
        raise Lost
    with _READING:
        reading.stager.pace(reading.chunk, outcome.end)
    return at, outcome


def _settled(second: Second) -> bool:
    """Wait for the chunk in the second lane; tell whether it was taken."""
    taken = second.settled()
    if not taken:
        _LANE.failed(second)
    return taken


def _take_second(workspace_id: int, import_id: int, second: Second, *, main: int, avoid: frozenset[str | None]) -> None:
    """Take a chunk in the second lane, while the backend `main` takes the one before it, with the keys `avoid`. Raises Lost."""
    row = find(Import, workspace_id, import_id)
    if row is None or row.state not in _ALIVE:
        raise Lost
    reading = _read(row, second.start)
    staged = reading.staged
    if staged.chunk.final or not staged.lines or not staged.keys.isdisjoint(avoid):
        raise Lost
    entered = enter_second_lane(row, reading.stager, staged, main)
    if entered is None:
        raise Lost
    backend, rejects = entered
    second.read.set_result(Read(staged.chunk.end, staged.keys, backend))
    values = _progress(take_new(row, staged, rejects))
    del reading, staged, entered, rejects  # memory: the next chunk is read while this one waits
    second.follow(lambda: _move_second(row, second.start, values))


def _move_second(row: Import, start: Cursor, values: Values) -> bool | None:
    """Move the cursor on from where the chunk before left it; None where it never will be there."""
    if _move(row, Import.row_offset == start.offset, values, perf_counter()):
        return True
    return False if row.state in _ALIVE and row.row_offset < start.offset else None


def _orders(row: Import) -> tuple[Cursor, Outcome]:
    stream, dialect, at = files.open_file(row.workspace_id, row.file_id or 0), dialect_of(row), Cursor(row.row_offset, row.row_line)
    workspace = session().get_one(Workspace, row.workspace_id)
    stager = order_stager_of(load(row.plan), place_of(row.workspace_id), workspace.currency)
    return at, take_orders(row, stager, partial(read_chunk, stream, dialect, at), rows_for(len(row.heading), MOST_ORDER_ROWS))


def _progress(outcome: Outcome) -> Values:
    rows = sum(outcome.acts.values()) + outcome.rejected
    return {
        Import.row_offset: outcome.end.offset,
        Import.row_line: outcome.end.line,
        Import.rows_done: Import.rows_done + rows,
        Import.created: Import.created + outcome.acts.get(Act.CREATED, 0),
        Import.updated: Import.updated + outcome.acts.get(Act.UPDATED, 0),
        Import.unchanged: Import.unchanged + outcome.acts.get(Act.UNCHANGED, 0),
        Import.rejected: Import.rejected + outcome.rejected,
        Import.customers_created: Import.customers_created + outcome.made,
        Import.refusing: outcome.refusing,
    }


def _move(row: Import, where: sa.ColumnElement[bool], values: Values, started: float) -> bool:
    """Note how far the import came, unless somebody paused or stopped it, or another worker came before; tell whether it was noted.

    The row is not locked before: a person who presses Pause does not wait for the chunk to end.
    """
    fixed: Values = {
        Import.state: ImportState.RUNNING,
        Import.started_at: sa.func.coalesce(Import.started_at, now()),
        Import.seconds: Import.seconds + (perf_counter() - started),
    }
    statement = sa.update(Import).where(Import.workspace_id == row.workspace_id, Import.id == row.id, Import.state.in_(_ALIVE), where)
    moved = session().execute(statement.values(values | fixed).returning(Import.id)).scalar_one_or_none()
    session().expire(row)
    return moved is not None


def _finish(row: Import) -> None:
    row.state, row.finished_at = ImportState.FINISHED, now()
    _tell(row, "import.finished")
    publish(ImportFinished(row.workspace_id, row.id))
    if row.kind == "orders":
        publish(OrdersRecorded(row.workspace_id, queries.count_orders(row.workspace_id, row.id)))
        publish(CustomersChanged(row.workspace_id, f"import {row.id}", created=row.customers_created))
    else:
        publish(CustomersChanged(row.workspace_id, f"import {row.id}", created=row.created, updated=row.updated))


def _fail(row: Import, reason: str) -> bool:
    """End an import whose file cannot be read; what was taken before stays and can be undone."""
    session().refresh(row, with_for_update=True)
    if row.state in _ALIVE:
        row.state, row.error, row.finished_at = ImportState.FAILED, reason, now()
        _tell(row, "import.failed")
        publish(ImportFinished(row.workspace_id, row.id))
    return False


def _tell(row: Import, action: str) -> None:
    """Leave a trace in the audit log: one for the import, none for its rows."""
    counts = {name: getattr(row, name) for name in ("rows_total", "created", "updated", "unchanged", "rejected", "error")}
    audit.record(row.workspace_id, replace(Actor.system(f"Import {row.id}")), action, ("import", row.id, row.file_name), after=counts)
