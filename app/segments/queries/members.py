"""Who is in a segment, who came and went, and how that went on over time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.db import after, decode_cursor, encode_cursor, session
from app.customers.models import Customer
from app.segments.models import SegmentCount, SegmentMember, SegmentMove


@dataclass(frozen=True, slots=True)
class Member:
    """A customer and since when they have been in the segment."""

    customer: Customer
    entered_at: datetime


def page(workspace_id: int, segment_id: int, cursor: str | None, limit: int) -> tuple[list[Member], str | None]:
    """Return members in the order of their ids, and the cursor of the next page. The caller has checked the segment."""
    wanted = (
        sa.select(Customer, SegmentMember.entered_at)
        .join(SegmentMember, SegmentMember.customer_id == Customer.id)
        .where(Customer.workspace_id == workspace_id, SegmentMember.segment_id == segment_id)
        .order_by(SegmentMember.customer_id)
        .limit(limit + 1)
    )
    if cursor:
        wanted = wanted.where(after([(SegmentMember.customer_id, False)], decode_cursor(cursor, [int])))
    rows = [Member(row[0], row[1]) for row in session().execute(wanted)]
    more = len(rows) > limit
    return rows[:limit], encode_cursor([rows[limit - 1].customer.id]) if more else None


def series(segment_id: int, since: datetime) -> Sequence[SegmentCount]:
    """Return the hours since then in which somebody came or went, oldest first, with the last one before."""
    mine = SegmentCount.segment_id == segment_id
    before = sa.select(sa.func.max(SegmentCount.hour)).where(mine, SegmentCount.hour < since).scalar_subquery()
    wanted = sa.select(SegmentCount).where(mine, SegmentCount.hour >= sa.func.coalesce(before, since))
    return session().scalars(wanted.order_by(SegmentCount.hour)).all()


def moved(segment_ids: Collection[int], since: datetime) -> dict[int, tuple[int, int]]:
    """Return how many entered and left each segment since then."""
    sums = sa.select(SegmentCount.segment_id, sa.func.sum(SegmentCount.entered), sa.func.sum(SegmentCount.left))
    wanted = sums.where(SegmentCount.segment_id.in_(segment_ids), SegmentCount.hour >= since).group_by(SegmentCount.segment_id)
    return {row[0]: (int(row[1]), int(row[2])) for row in session().execute(wanted)}


def causes(segment_id: int, since: datetime) -> dict[tuple[bool, int], int]:
    """Return how many moves there were since then, by (entered, cause)."""
    counted = sa.select(SegmentMove.entered, SegmentMove.cause, sa.func.count())
    wanted = counted.where(SegmentMove.segment_id == segment_id, SegmentMove.moved_at >= since)
    return {(row[0], row[1]): row[2] for row in session().execute(wanted.group_by(SegmentMove.entered, SegmentMove.cause))}


def last_moves(workspace_id: int, segment_id: int, limit: int = 10) -> Sequence[Any]:
    """Return the latest moves with the customers who moved, latest first."""
    wanted = (
        sa.select(SegmentMove, Customer)
        .join(Customer, Customer.id == SegmentMove.customer_id)
        .where(Customer.workspace_id == workspace_id, SegmentMove.segment_id == segment_id)
    )
    return session().execute(wanted.order_by(SegmentMove.moved_at.desc(), SegmentMove.id.desc()).limit(limit)).all()


def segments_of(segment_ids: Collection[int], customer_id: int) -> frozenset[int]:
    """Return which of these segments a customer is in."""
    mine = (SegmentMember.segment_id.in_(segment_ids), SegmentMember.customer_id == customer_id)
    return frozenset(session().scalars(sa.select(SegmentMember.segment_id).where(*mine)))


WEEK = timedelta(days=7)
