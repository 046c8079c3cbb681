"""Computed columns, written in bulk by their owners; rows are locked in the order of ids, so that two writers never wait for each other."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.db import session
from app.customers.models import CustomerStats

CHUNK = 5_000
COLUMNS: dict[str, Any] = {"engagement": sa.SmallInteger, "last_activity_at": sa.DateTime(timezone=True)}
"""What owners of computed columns may write; the figures of orders are computed here, from the orders."""


T = TypeVar("T")


def chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the rows in lists of at most `size`."""
    rest = iter(rows)
    while chunk := list(islice(rest, size)):
        yield chunk


def record_computed(workspace_id: int, column: str, rows: Iterable[tuple[int, Any]]) -> int:
    """Set a computed column of many customers: `rows` are (customer_id, value). Returns how many values really changed.

    `last_activity_at` only moves forward. Raises KeyError for a column that is not among COLUMNS.
    """
    kind = COLUMNS[column]
    return sum(_write(workspace_id, column, kind, chunk) for chunk in chunks(rows, CHUNK))


def _write(workspace_id: int, column: str, kind: Any, rows: Sequence[tuple[int, Any]]) -> int:
    latest = dict(rows)
    lock(workspace_id, latest)
    arrays = [
        sa.cast(sa.literal(_array(values), sa.Text), ARRAY(type_)) for values, type_ in ((latest, sa.BigInteger), (latest.values(), kind))
    ]
    given = sa.func.unnest(*arrays).table_valued("id", "value").render_derived()
    target = CustomerStats.__table__.c[column]
    newer = sa.or_(target.is_(None), target < given.c.value) if column == "last_activity_at" else target.is_distinct_from(given.c.value)
    statement = (
        sa.update(CustomerStats)
        .where(CustomerStats.workspace_id == workspace_id, CustomerStats.customer_id == given.c.id, newer)
        .values({column: given.c.value})
    )
    return changed_rows(statement)


def _array(values: Iterable[int | datetime | None]) -> str:
    """Return numbers or times as PostgreSQL writes an array: the driver takes ten times as long for a list."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def seen(workspace_id: int, rows: Iterable[tuple[int, datetime]]) -> None:
    """Note when customers were last active; of several times of one, the last counts."""
    latest: dict[int, datetime] = {}
    for customer_id, moment in rows:
        if customer_id not in latest or latest[customer_id] < moment:
            latest[customer_id] = moment
    record_computed(workspace_id, "last_activity_at", sorted(latest.items()))


def lock(workspace_id: int, ids: Iterable[int]) -> None:
    """Hold the computed rows of these customers until the transaction ends."""
    among = CustomerStats.customer_id == sa.any_(sa.literal(sorted(set(ids)), ARRAY(sa.BigInteger)))
    held = sa.select(CustomerStats.customer_id).where(CustomerStats.workspace_id == workspace_id, among)
    session().execute(held.order_by(CustomerStats.customer_id).with_for_update())


def changed_rows(statement: Any) -> int:
    """Run an UPDATE or DELETE in bulk and return how many rows it met; objects already loaded are not looked at."""
    result: Any = session().execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
