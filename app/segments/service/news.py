"""Keeping members current: only customers to whom something happened are looked at again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.core.db import session
from app.core.errors import Conflict
from app.core.time import now
from app.customers.models import Customer
from app.segments.compiler import Scope, reads_only_sets, select_customers
from app.segments.models import Cause, Segment, SegmentCursor, SegmentMember, SegmentMove
from app.segments.queries import counting, news, segments
from app.segments.service import filling
from app.segments.vocabulary import Moment

MANY = 20_000
"""Touched customers beyond which it is cheaper to refresh segments as a whole."""
PAUSE = timedelta(seconds=30)
"""How often at most that is done, while a file with a million customers comes in."""
FORGOTTEN = timedelta(days=6)
"""A cursor older than this begins anew: changes are noted for seven days only."""
LATE = 100
"""Segments that one tick sends to be refreshed."""


def pending() -> list[int]:
    """Return the workspaces in which members may have changed."""
    return news.pending()


def follow(workspace_id: int) -> Sequence[int]:
    """Look again at those to whom something happened since the last time; one step.

    Returns the segments that are to be refreshed as a whole instead, because too much happened.
    """
    held = sa.select(SegmentCursor).where(SegmentCursor.workspace_id == workspace_id).with_for_update()
    cursor = session().scalars(held.execution_options(populate_existing=True)).one_or_none()
    if cursor is None:
        return []
    rows, edges = news.filled(workspace_id), segments.links(workspace_id)
    ids = segments.in_order([row.id for row in rows], edges)
    until, at = news.horizon(), now()
    if at - cursor.read_at > FORGOTTEN:
        return _advance(cursor, until, ids)
    found = news.read(workspace_id, cursor.xid, until, {what for row in rows for what in row.reads}, MANY + 1)
    touched = news.concerned(rows, found.what, edges)
    if found.rows > MANY:
        if cursor.whole_at is not None and at - cursor.whole_at < PAUSE:
            return []
        cursor.whole_at = at
        return _advance(cursor, until, [found for found in ids if found in touched])
    if touched:
        counting.prepare()
        moment = filling.moment_of(workspace_id)
        for row in news.lock(workspace_id, [found for found in ids if found in touched]):
            if row.filled_at is not None:
                _look_again(row, Scope(workspace_id, moment, found.table))
    return _advance(cursor, until, [])


def late() -> Sequence[tuple[int, int]]:
    """Return (workspace, segment) of those due for a refresh as a whole: time has passed, or they were never filled."""
    at = now()
    found = news.due(at - timedelta(hours=1), at - timedelta(days=1), at - timedelta(minutes=1), LATE)
    return [(row.workspace_id, row.id) for row in found]


def _advance(cursor: SegmentCursor, until: str, whole: Sequence[int]) -> Sequence[int]:
    cursor.xid, cursor.read_at = until, now()
    session().flush()
    return whole


def _look_again(segment: Segment, scope: Scope) -> None:
    """Bring the touched customers of one segment up to date."""
    try:
        node = filling.read(segment)
    except Conflict as problem:
        segment.problem = problem.reason
        return
    among = sa.select(scope.among.c.customer_id)  # type: ignore[union-attr]
    fits = set(session().scalars(select_customers(node, scope)))
    mine = (SegmentMember.segment_id == segment.id, SegmentMember.customer_id.in_(among))
    inside = set(session().scalars(sa.select(SegmentMember.customer_id).where(*mine)))
    came = fits - inside
    if came and reads_only_sets(node):
        here = (Customer.workspace_id == segment.workspace_id, Customer.id == sa.any_(_ids(came)))
        came = set(session().scalars(sa.select(Customer.id).where(*here)))
    move(segment, came, inside - fits, Cause.CHANGE, scope.moment, spread=True)


def move(segment: Segment, came: set[int], left: set[int], cause: Cause, moment: Moment, *, spread: bool) -> None:
    """Write who entered and left a segment whose row is held."""
    if not came and not left:
        return
    gone = sa.delete(SegmentMember).where(SegmentMember.segment_id == segment.id, SegmentMember.customer_id == sa.any_(_ids(left)))
    if left:
        session().execute(gone.execution_options(synchronize_session=False))
    if came:
        rows = [{"segment_id": segment.id, "customer_id": found, "entered_at": moment.now} for found in sorted(came)]
        session().execute(insert(SegmentMember).on_conflict_do_nothing(), rows)
    moves: list[dict[str, Any]] = [
        {"segment_id": segment.id, "customer_id": found, "entered": found in came, "cause": int(cause), "moved_at": moment.now}
        for found in sorted(came | left)
    ]
    session().execute(sa.insert(SegmentMove), moves)
    filling.record(segment, segment.members + len(came) - len(left), len(came), len(left), moment.now, spread=spread)


def _ids(found: set[int]) -> Any:
    return sa.literal(sorted(found), ARRAY(sa.BigInteger))
