"""One chunk of a file of customers: staged, matched, merged, its rejects kept. The caller commits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2.errors

from app.core.db import cursor as raw_cursor
from app.core.db import session
from app.customers.imports.reading import Cursor
from app.customers.imports.rejects import Kind, Reject, Unreadable
from app.customers.imports.staging import Staged, Stager, same_as
from app.customers.models import Import
from app.customers.queries import import_merge as merge

_TRIES = 3
"""How often a chunk is merged anew when somebody adds one of its customers in that very moment."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a chunk: where the next one begins, whether there is none, how many rows by Act, how many rejected.

    Of orders also: how many customers it brought, and of which order more rows follow that are not taken.
    """

    end: Cursor
    final: bool
    acts: dict[int, int]
    rejected: int
    made: int = 0
    refusing: str | None = None


def wait_for_turn(row: Import, ours: int | None = None) -> int:
    """Wait for other imports of the workspace to end their chunks; return our backend. The backend `ours` is our own second lane."""
    with raw_cursor() as cursor:
        return merge.queue_up(cursor, row.workspace_id, ours)


def take_chunk(row: Import, stager: Stager, staged: Staged, meanwhile: Callable[[], None] = lambda: None) -> Outcome:
    """Merge a chunk whose turn it is; a customer who came to be between the look-up and the insert makes it look again.

    `meanwhile` is called when all of it is going to be written and its customers are numbered.
    """
    with raw_cursor() as cursor:
        merge.know_sizes(cursor, row.workspace_id, row.created if row.rows_done else None)
    for attempt in range(1, _TRIES + 1):
        try:
            with session().begin_nested():
                return _merge(row, stager, staged, meanwhile)
        except psycopg2.errors.UniqueViolation:
            if attempt == _TRIES:
                raise
    raise AssertionError


def enter_second_lane(row: Import, stager: Stager, staged: Staged, main: int) -> tuple[int, list[Reject]] | None:
    """Stage a chunk in the second lane of its workspace, behind that of the backend `main`; return our backend, and the rows not taken.

    None where the lane is taken, or where somebody in the chunk is known: other than by a row that was taken before, which is no good anyhow.
    Also while PostgreSQL does not know how many customers there are: that is mended by the chunk at hand, and seen once that is committed.
    """
    here = row.created + 2 * len(staged.lines)  # with what both lanes are writing
    rejects = [*staged.rejects, *(repeat.reject for repeat in staged.repeats)]
    with raw_cursor() as cursor:
        backend = merge.enter_second_lane(cursor, row.workspace_id, main)
        if backend is None or merge.errs(cursor, row.workspace_id, here):
            return None
        merge.begin(cursor)
        merge.copy(cursor, staged.columns, staged.data)
        known = merge.match(cursor, row.workspace_id, staged.columns)
        if known:
            clashes = [clash for clash in merge.clashes(cursor, row.id) if clash.taken is not None]
            if len(clashes) < known or _waiting(cursor, row, staged, clashes) is not None:
                return None
            merge.drop_clashes(cursor, None)
            rejects += _explain(stager, staged, clashes)
    return backend, rejects


def take_new(row: Import, staged: Staged, rejects: Sequence[Reject]) -> Outcome:
    """Merge a chunk that entered the second lane."""
    with raw_cursor() as cursor:
        acts = _write(cursor, row, staged.columns)
        merge.insert_rejects(cursor, row.workspace_id, row.id, rejects)
    return Outcome(staged.chunk.end, staged.chunk.final, acts, len(rejects))


def _merge(row: Import, stager: Stager, staged: Staged, meanwhile: Callable[[], None]) -> Outcome:
    """Bring the chunk in, up to the first row that what comes before it might concern."""
    chunk, rejects = staged.chunk, [*staged.rejects, *(repeat.reject for repeat in staged.repeats)]
    acts: dict[int, int] = {}
    cut = None
    with raw_cursor() as cursor:
        merge.begin(cursor)
        if staged.lines:
            merge.copy(cursor, staged.columns, staged.data)
            if merge.match(cursor, row.workspace_id, staged.columns):
                clashes = merge.clashes(cursor, row.id)
                cut = min(filter(None, (merge.meeting(cursor), _waiting(cursor, row, staged, clashes))), default=None)
                merge.drop_clashes(cursor, cut)
                rejects += _explain(stager, staged, clashes)
                if cut is not None:
                    chunk, rejects = chunk.before(cut), [reject for reject in rejects if reject.line < cut]
            if cut is None:
                meanwhile()
            acts = _write(cursor, row, staged.columns)
        merge.insert_rejects(cursor, row.workspace_id, row.id, rejects)
    return Outcome(chunk.end, chunk.final, acts, len(rejects))


def _write(cursor: Any, row: Import, columns: Sequence[str]) -> dict[int, int]:
    """Write what is left in the chunk; return how many rows by Act."""
    merge.insert_new(cursor, row.workspace_id, row.id, columns)
    if row.overwrite != "never":
        merge.update_known(cursor, row.workspace_id, columns, row.overwrite)
    if row.consent:
        merge.record_consent(cursor, row.workspace_id, row.id, row.consent, row.created_by)
    return merge.note_acts(cursor, row.workspace_id, row.id)


def _waiting(cursor: Any, row: Import, staged: Staged, clashes: Sequence[merge.Clash]) -> int | None:
    """Return the first line that repeats a key of a row that was not taken, or whose customer does not take the key on."""
    if not staged.repeats:
        return None
    lost = {clash.line for clash in clashes}
    free: set[tuple[int, str]] = set()
    if row.overwrite != "always":
        free = merge.not_taken_on(cursor, row.workspace_id, [repeat.of for repeat in staged.repeats], row.overwrite)
    waiting = (repeat.reject.line for repeat in staged.repeats if repeat.of in lost or (repeat.of, repeat.key) in free)
    return min(waiting, default=None)


def _explain(stager: Stager, staged: Staged, clashes: Sequence[merge.Clash]) -> list[Reject]:
    """Return the rejects of the rows that clash with customers who are here."""
    if not clashes:
        return []
    rows = dict(zip(staged.lines, staged.rows, strict=True))
    return [stager.reject_row(clash.line, rows[clash.line], *_why(clash)) for clash in clashes]


def _why(clash: merge.Clash) -> tuple[str, Unreadable]:
    """Return the key that clashes, and the reason."""
    if clash.taken is not None:
        return clash.key, same_as(clash.key, clash.taken)
    if clash.other_id is not None:
        return "email", Unreadable(Kind.CONFLICT, f"This address belongs to the customer with the id {clash.other_id}")
    if clash.phones > 1:
        return "phone", Unreadable(Kind.CONFLICT, "Several customers have this phone")
    return "email", Unreadable(Kind.CONFLICT, "The address and the id belong to two different customers")
