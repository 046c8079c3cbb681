"""How many of today's customers were created until when: whole days of UTC from the roll-up, the hours beside them by the index."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from app.core.days import Strip, midnight, strips
from app.core.db import session
from app.customers.models import Customer, CustomerDay, CustomerDayMove


def before(workspace_id: int, moments: Sequence[datetime]) -> list[int]:
    """Return, for each of some rising moments, how many of today's customers were created before it; one statement, one snapshot."""
    cut = strips(moments)
    days = _by_day(workspace_id, moments)
    rows: Any = session().execute(sa.union_all(days, _in_strips(workspace_id, cut)) if cut else days)
    added, beside = [0] * (len(moments) + 1), [0] * len(moments)
    for place, at, n in rows:
        if place is not None:
            added[place] = n
        else:
            strip = cut[at - 1]
            beside[strip.place] = -n if strip.early else n
    return [whole + more for whole, more in zip(accumulate(added[:-1]), beside, strict=True)]


def _by_day(workspace_id: int, moments: Sequence[datetime]) -> sa.Select[*tuple[Any, ...]]:
    """Select (after how many of the midnights next to the moments, null, customers of these days)."""
    kept, moves = (sa.select(table.day, table.n).where(table.workspace_id == workspace_id) for table in (CustomerDay, CustomerDayMove))
    both = sa.union_all(kept, moves).subquery()
    place = sa.func.width_bucket(both.c.day, sa.cast([midnight(moment).date() for moment in moments], sa.ARRAY(sa.Date)))
    placed = sa.select(place.label("place"), both.c.n).subquery()
    wanted = sa.select(placed.c.place, sa.null(), sa.cast(sa.func.sum(placed.c.n), sa.BigInteger))
    return wanted.group_by(placed.c.place)


def _in_strips(workspace_id: int, cut: Sequence[Strip]) -> sa.Select[*tuple[Any, ...]]:
    """Select (null, strip from 1, customers created in it), each by a range of the index on (workspace, created_at)."""
    moment = sa.ARRAY(sa.DateTime(timezone=True))
    ends = (sa.cast([strip.low for strip in cut], moment), sa.cast([strip.high for strip in cut], moment))
    strip = sa.func.unnest(*ends).table_valued("low", "high", with_ordinality="place").render_derived()
    mine = (Customer.workspace_id == workspace_id, Customer.created_at >= strip.c.low, Customer.created_at < strip.c.high)
    count = sa.select(sa.func.count()).select_from(Customer).where(*mine).correlate(strip).scalar_subquery()
    return sa.select(sa.null(), strip.c.place, count).select_from(strip)
