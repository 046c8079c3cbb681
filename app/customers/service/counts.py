"""Counts on pages: taken at once where that is quick, else the last one kept, counted again in the background."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import session, time_limit
from app.core.errors import Invalid, Unavailable
from app.core.time import now
from app.customers.models import KeptCount
from app.customers.queries import counts as queries
from app.customers.queries.counts import Count

FRESH = timedelta(seconds=30)
BUDGET = 0.06
"""Seconds a page may spend on counting."""
_LONGEST = 120.0
"""Seconds the background may spend on one count."""
_LONGEST_NAME = 1_000
"""Characters of a name under which a count is kept: PostgreSQL indexes no long ones."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Counted:
    """A count, and when it was taken; `value` None: not counted yet."""

    value: int | None
    at: datetime | None


def read(workspace_id: int, wanted: Mapping[str, Count], budget: float | None = None) -> dict[str, Counted]:
    """Return counts by name: kept ones where they are fresh, new ones as far as `budget` (seconds; else BUDGET) lasts, else old ones."""
    kept = queries.kept(workspace_id, wanted.keys())
    found: dict[str, Counted] = {}
    left = BUDGET if budget is None else budget
    for name, statement in wanted.items():
        row = kept.get(name)
        if row is not None and now() - row.counted_at < FRESH:
            found[name] = Counted(row.value, row.counted_at)
            continue
        began = perf_counter()
        value = _count(statement, left) if left > 0 else None
        left -= perf_counter() - began
        found[name] = _keep(workspace_id, name, value, row) if len(name) <= _LONGEST_NAME else Counted(value, now())
    return found


def recount() -> bool:
    """Count again one that a page found too old; True while there may be more."""
    row = queries.next_wanted()
    if row is None:
        return False
    try:
        statement = queries.of_name(row.workspace_id, row.name)
    except Invalid:
        statement = None
    if statement is None:
        session().delete(row)
    else:
        value = _count(statement, _LONGEST)
        row.counted_at = now()
        row.value = row.value if value is None else value
    session().flush()
    return True


def forget(workspace_id: int, name: str) -> None:
    """Drop a kept count."""
    session().execute(sa.delete(KeptCount).where(KeptCount.workspace_id == workspace_id, KeptCount.name == name))


def _count(statement: Count, seconds: float) -> int | None:
    try:
        with time_limit(seconds, "This takes too long to count."):
            return int(session().scalar(statement) or 0)
    except Unavailable:
        return None


def _keep(workspace_id: int, name: str, value: int | None, row: KeptCount | None) -> Counted:
    if value is not None:
        fresh = {"value": value, "counted_at": now()}
        rows = insert(KeptCount).values(workspace_id=workspace_id, name=name, **fresh)
        session().execute(rows.on_conflict_do_update(index_elements=["workspace_id", "name"], set_=fresh))
        return Counted(value, fresh["counted_at"])  # type: ignore[arg-type]
    if row is None:
        rows = insert(KeptCount).values(workspace_id=workspace_id, name=name, value=0, counted_at=_NEVER, wanted_at=now())
        session().execute(rows.on_conflict_do_nothing())
        return Counted(None, None)
    mine = (KeptCount.workspace_id == workspace_id, KeptCount.name == name)
    session().execute(sa.update(KeptCount).where(*mine).values(wanted_at=now()))
    return Counted(None, None) if row.counted_at == _NEVER else Counted(row.value, row.counted_at)
