"""Customers over time, counted by the index on when they were created."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Customer


def anybody(workspace_id: int) -> bool:
    """Tell whether there is a customer at all; counts are up to half a minute old, and what to do first hangs on it."""
    return session().scalar(sa.select(sa.exists().where(Customer.workspace_id == workspace_id))) or False


def created_between(workspace_id: int, edges: Sequence[datetime]) -> list[int]:
    """Return how many of today's customers were created between each two neighbouring moments (the first included), then since the last.

    One range of the index on (workspace, created_at) for each: without sorting, without reading the table.
    """
    lows = list(edges)
    highs: list[datetime | None] = [*edges[1:], None]
    moments = (
        sa.func.unnest(sa.cast(lows, sa.ARRAY(sa.DateTime(timezone=True))), sa.cast(highs, sa.ARRAY(sa.DateTime(timezone=True))))
        .table_valued("low", "high", with_ordinality="place")
        .render_derived()
    )
    until = sa.func.coalesce(moments.c.high, sa.cast("infinity", sa.DateTime(timezone=True)))
    mine = (Customer.workspace_id == workspace_id, Customer.created_at >= moments.c.low, Customer.created_at < until)
    count = sa.select(sa.func.count()).select_from(Customer).where(*mine).correlate(moments).scalar_subquery()
    return list(session().scalars(sa.select(count).select_from(moments).order_by(moments.c.place)))
