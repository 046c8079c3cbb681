"""How an import stands, as its pages say it: phase, pace, time left, what may be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.customers.imports.rejects import LABELS, Kind
from app.customers.models import Import, ImportState, UndoState
from app.customers.queries import imports as queries
from app.customers.service.import_purge import KEPT
from app.customers.service.imports import ALIVE, OVER
from app.customers.views.readings import read_as

_MOST_COUNTED = 100_000
"""Refused rows up to which their kinds are counted anew for each look at a running import."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is a word of `_states.html`. `phase` changes when the page must look otherwise: other buttons, another step.

    `rate` is in rows a second of work, `left` in seconds; both None where nobody can know. `until`: undo is possible till then.
    """

    row: Import
    phase: str
    state: str
    error: str | None
    rate: float | None
    left: float | None
    read_as: str
    until: datetime | None

    @property
    def alive(self) -> bool:
        """Tell whether it may look otherwise in a moment, by itself or by somebody else's doing."""
        return self.phase in {"active", "paused", "stuck", "undoing", "undo-stuck"}

    @property
    def over(self) -> bool:
        """Tell whether no more rows will be taken."""
        return self.row.state in OVER

    @property
    def scanning(self) -> bool:
        """Tell whether the file is still being read through, before anybody is changed."""
        return not self.row.scanned and not self.over

    @property
    def taken(self) -> int:
        """Return how many customers it created or changed."""
        return self.row.created + self.row.updated

    @property
    def undoable(self) -> bool:
        """Tell whether it can be taken back."""
        begun = self.row.state != ImportState.DRAFT
        return begun and self.row.undo_state == UndoState.NONE and self.row.purged_at is None and (self.taken > 0 or not self.over)


def standings(rows: Sequence[Import]) -> list[Standing]:
    """Return how imports of one workspace stand, in one query."""
    working = [row.id for row in rows if row.state in ALIVE or row.undo_state == UndoState.RUNNING]
    problems = queries.works_failed(rows[0].workspace_id, working) if working else {}
    return [_standing(row, problems.get(row.id)) for row in rows]


def standing(row: Import) -> Standing:
    """Return how an import stands."""
    return standings([row])[0]


def _standing(row: Import, problem: str | None) -> Standing:
    rate = row.rows_done / row.seconds if row.seconds > 0 and row.rows_done else None
    rest = row.rows_total - row.rows_done
    return Standing(
        row=row,
        phase=_phase(row, problem),
        state=_state(row, problem),
        error=problem or row.error,
        rate=rate,
        left=rest / rate if rate and row.state in ALIVE and row.scanned else None,
        read_as=read_as(row),
        until=row.finished_at + KEPT if row.finished_at and row.purged_at is None else None,
    )


def _phase(row: Import, problem: str | None) -> str:
    if row.undo_state != UndoState.NONE:
        return "undone" if row.undo_state == UndoState.DONE else "undo-stuck" if problem else "undoing"
    if row.state in ALIVE:
        return "stuck" if problem else "active"
    return str(row.state)


def _state(row: Import, problem: str | None) -> str:
    if row.undo_state == UndoState.DONE:
        return "undone"
    if problem:
        return "failed"
    return "running" if row.undo_state == UndoState.RUNNING else str(row.state)


def kinds(row: Import) -> list[tuple[str, str, int]]:
    """Return the refused rows by reason: (kind, in words, how many); nothing where there are too many to count each second."""
    if not row.rejected or (row.rejected > _MOST_COUNTED and row.state not in OVER):
        return []
    return [(kind, LABELS[Kind(kind)], count) for kind, count in queries.count_rejects(row.workspace_id, row.id).items()]
