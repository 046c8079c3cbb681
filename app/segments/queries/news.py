"""What happened to customers since a cursor: changes noted by triggers, and activities.

A transaction that began early may commit late. So the cursor is a transaction number below which everything has ended; what is
still open, and all that began after it, is read another time. Nothing is skipped.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.db import any_workspace, session
from app.customers.models import Activity, CustomerChange
from app.customers.models.xid import Xid8
from app.segments.models import Segment, SegmentCursor, SegmentKind
from app.segments.queries.counting import CAME, WENT
from app.segments.queries.statements import keep

NEWS = "segment_news"


@dataclass(frozen=True, slots=True)
class News:
    """Who was touched: a temporary table (`customer_id`, `what`), how many rows it has, and all kinds of `what` in it."""

    table: Any
    rows: int
    what: frozenset[str]


# The oldest transaction still open, as `pg_snapshot_xmin` says it, but without those that are seen to run in another database
# of the same server: they cannot write here, and a dump of a neighbour would hold everybody back for its whole length.
HORIZON = """
select coalesce(min(x::text::bigint), pg_snapshot_xmax(s)::text::bigint)::text
from (select pg_current_snapshot() as s offset 0) now left join lateral pg_snapshot_xip(s) x on not exists (
  select from pg_stat_activity a where a.datname <> current_database() and a.backend_xid::text::bigint = x::text::bigint & 4294967295)
group by s::text, pg_snapshot_xmax(s)
"""


def horizon() -> str:
    """Return the transaction number below which every transaction of this database has ended."""
    return str(session().scalar(sa.text(HORIZON)))


def pending() -> list[int]:
    """Return the workspaces with segments in which something happened since they were last looked at."""
    since = sa.cast(SegmentCursor.xid, Xid8)
    until = sa.cast(sa.literal(horizon(), sa.Text), Xid8)
    new = [
        sa.exists().where(table.workspace_id == SegmentCursor.workspace_id, table.xid >= since, table.xid < until)
        for table in (CustomerChange, Activity)
    ]
    wanted = sa.select(SegmentCursor.workspace_id).where(sa.or_(*new)).order_by(SegmentCursor.workspace_id)
    return list(session().scalars(any_workspace(wanted)))


def read(workspace_id: int, since: str, until: str, reads: Collection[str], limit: int) -> News:
    """Keep who was touched in transactions from `since` to below `until` in what segments read; at most `limit` rows."""
    fields = sorted({what for what in reads if ":" not in what} | {CAME, WENT})
    kinds = sorted({int(what.partition(":")[2]) for what in reads if what.startswith("activity:")})
    low, high = sa.cast(sa.literal(since, sa.Text), Xid8), sa.cast(sa.literal(until, sa.Text), Xid8)
    each = sa.select(CustomerChange.customer_id, sa.func.unnest(CustomerChange.fields).label("what"))
    changes = each.where(CustomerChange.workspace_id == workspace_id, CustomerChange.xid >= low, CustomerChange.xid < high).subquery()
    noted = sa.select(changes.c.customer_id, changes.c.what).where(changes.c.what == sa.any_(sa.literal(fields, ARRAY(sa.Text))))
    done = sa.select(Activity.customer_id, sa.literal("activity:").concat(sa.cast(Activity.kind, sa.Text))).where(
        Activity.workspace_id == workspace_id,
        Activity.xid >= low,
        Activity.xid < high,
        Activity.kind == sa.any_(sa.literal(kinds, ARRAY(sa.SmallInteger))),
    )
    columns = (sa.column("customer_id", sa.BigInteger), sa.column("what", sa.Text))
    table, rows = keep(NEWS, sa.union(noted, done).limit(limit), *columns)
    what = frozenset(session().scalars(sa.select(table.c.what).distinct())) if rows else frozenset()
    return News(table, rows, what)


def concerned(rows: Sequence[Segment], what: frozenset[str], edges: Collection[tuple[int, int]]) -> set[int]:
    """Return the ids of the segments that these news may change, also through segments they name."""
    everybody = bool(what & {CAME, WENT})
    found = {row.id for row in rows if everybody or what & set(row.reads)}
    while True:
        more = {segment for segment, named in edges if named in found} - found
        if not more:
            return found & {row.id for row in rows}
        found |= more


def filled(workspace_id: int) -> Sequence[Segment]:
    """Return the dynamic segments of a workspace that have been filled."""
    wanted = sa.select(Segment).where(
        Segment.workspace_id == workspace_id, Segment.kind == SegmentKind.DYNAMIC, Segment.filled_at.is_not(None)
    )
    return session().scalars(wanted).all()


def lock(workspace_id: int, ids: Sequence[int]) -> Sequence[Segment]:
    """Hold these segments, in this order, and return those that are still there."""
    order = sa.func.array_position(sa.literal(list(ids), ARRAY(sa.BigInteger)), Segment.id)
    wanted = sa.select(Segment).where(Segment.workspace_id == workspace_id, Segment.id.in_(ids)).order_by(order).with_for_update()
    return session().scalars(wanted.execution_options(populate_existing=True)).all()


def due(hour_ago: Any, day_ago: Any, minute_ago: Any, limit: int) -> Sequence[Segment]:
    """Return segments of all workspaces to be refreshed as a whole, longest waiting first.

    Those that follow time after an hour, all others once a day (so that nothing that went wrong stays wrong), those never
    filled, or left unfilled by an edit, after a minute.
    """
    late = sa.or_(
        sa.and_(Segment.follows_time, Segment.refreshed_at < hour_ago),
        Segment.refreshed_at < day_ago,
        sa.and_(Segment.filled_at.is_(None), Segment.updated_at < minute_ago),
    )
    fine = sa.or_(Segment.problem.is_(None), Segment.updated_at < day_ago)
    wanted = sa.select(Segment).where(Segment.kind == SegmentKind.DYNAMIC, late, fine)
    return session().scalars(any_workspace(wanted.order_by(Segment.refreshed_at.nulls_first()).limit(limit))).all()
