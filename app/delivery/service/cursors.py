"""Readers of activities that see each once: a cursor below which all transactions have ended, so that what commits late is not skipped."""

from collections.abc import Callable
from typing import Any, TypeVar

from app.core.db import session
from app.core.time import now
from app.delivery.models import DeliveryCursor
from app.segments.queries.news import horizon

Row = TypeVar("Row", bound=tuple[Any, ...])
_ALL = 2**31


def read_news(name: str, read: Callable[[str, str, int], list[Row]], most: int) -> tuple[list[Row], bool]:
    """Return the next rows of a reader, whole transactions, and whether there are more; the cursor moves, held until the transaction ends.

    `read(since, until, limit)` gives rows by transaction, oldest first, the transaction as text in the last column.
    """
    cursor = get_cursor(name)
    until = horizon()
    rows = read(cursor.xid, until, most)
    more = len(rows) == most
    if more:
        # The last transaction may go on beyond what was read: it is left for the next time, or read as a whole if it is that long.
        last = rows[-1][-1]
        if last != rows[0][-1]:
            until, rows = last, [row for row in rows if row[-1] != last]
        else:
            until = str(int(last) + 1)
            rows = read(cursor.xid, until, _ALL)
    move_cursor(cursor, until)
    return rows, more


def get_cursor(name: str) -> DeliveryCursor:
    """Return a cursor, made where there is none, held until the transaction ends."""
    row = session().get(DeliveryCursor, name, populate_existing=True, with_for_update=True)
    if row is None:
        row = DeliveryCursor(name=name, xid="0", read_at=now())
        session().add(row)
    return row


def move_cursor(cursor: DeliveryCursor, xid: str) -> None:
    """Note how far was read."""
    cursor.xid, cursor.read_at = xid, now()
    session().flush()
