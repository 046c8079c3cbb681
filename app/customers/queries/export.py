"""Rows of an export, in pieces: memory is the same for ten customers and for a million."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.db import session
from app.customers.coerce import Place, as_text
from app.customers.imports.rejects import safe_cell
from app.customers.models import Customer
from app.customers.queries.find import Wanted
from app.customers.queries.lists import Row, load
from app.customers.values import PROFILE, STATS, FieldInfo

_PIECE = 2_000
FIRST = ("id", *(info.path for info in PROFILE), "tags", "consent_email", "suppressed")


def heading(custom: Mapping[str, FieldInfo]) -> list[str]:
    """Return the names of the columns: those of the profile, of consent, of computed figures, then custom fields by key."""
    return [*FIRST, *(info.key for info in STATS), *(safe_cell(info.key) for info in custom.values())]


def pieces(wanted: Wanted, custom: Mapping[str, FieldInfo], place: Place) -> Iterator[list[list[str]]]:
    """Yield the rows of whom the list finds, in the order of ids. Each piece is read in a transaction of its own, ended before it is sent."""
    cursor = 0
    while True:
        statement = wanted.select(Customer.id).where(Customer.id > cursor).order_by(Customer.id).limit(_PIECE)
        ids = list(session().scalars(statement))
        rows = [_cells(row, custom, place) for row in load(wanted.workspace_id, ids)]
        session().rollback()
        session().expunge_all()
        if not ids:
            return
        cursor = ids[-1]
        yield rows


def _cells(row: Row, custom: Mapping[str, FieldInfo], place: Place) -> list[str]:
    profile = [_cell(getattr(row.customer, info.path)) for info in PROFILE]
    figures = [
        as_text(info, getattr(row.stats, info.key), place) if info.type == "money" else _cell(getattr(row.stats, info.key))
        for info in STATS
    ]
    own = [_own(info, row.customer.attributes.get(info.key), place) for info in custom.values()]
    return [str(row.customer.id), *profile, safe_cell("|".join(row.customer.tags)), row.consent or "", row.suppressed or "", *figures, *own]


def _own(info: FieldInfo, value: Any, place: Place) -> str:
    if isinstance(value, list):
        return safe_cell("|".join(map(str, value)))
    return safe_cell(as_text(info, value, place)) if info.type in ("money", "boolean") else _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return safe_cell(value.isoformat() if hasattr(value, "isoformat") else str(value))
