"""What keeps the tables of this room in shape."""

from datetime import timedelta

import sqlalchemy as sa

from app.core.db import any_workspace, session
from app.core.time import now
from app.customers.models import CustomerChange
from app.customers.queries import partitions
from app.customers.service.computed import changed_rows

MONTHS_AHEAD = 3
CROWDED = 10_000
"""Rows of one month in the default partition that are worth a partition of their own."""
CHANGES_KEPT = timedelta(days=7)
"""A reader of `customer_changes` that was away longer starts anew."""
_STEP = 50_000
_ADD_MOVES = sa.text(
    """
    with gone as (
      delete from customer_day_moves where id in (select id from customer_day_moves order by id limit :most for update skip locked)
      returning workspace_id, day, n
    ), added as (
      insert into customer_days as d (workspace_id, day, n) select workspace_id, day, sum(n) from gone group by 1, 2 order by 1, 2
      on conflict (workspace_id, day) do update set n = d.n + excluded.n
    )
    select count(*) from gone
    """
)
"""Add moves to the days they are of; in one statement, so that nobody sees one twice or not at all."""


def make_partition() -> bool:
    """Make one missing partition: of this month, of the next ones, then of a month that crowds the default; True while there may be more."""
    month = now().date().replace(day=1)
    for _ in range(MONTHS_AHEAD + 1):
        if not partitions.exists(month):
            partitions.make(month)
            return True
        month = partitions.following(month)
    crowded = partitions.crowded_month(CROWDED)
    if crowded is None:
        return False
    partitions.make(crowded)
    return True


def forget_changes() -> bool:
    """Delete notes of changes older than a week; True while there are more."""
    oldest = sa.select(CustomerChange.id).order_by(CustomerChange.id).limit(_STEP)
    old = (CustomerChange.id.in_(oldest), CustomerChange.changed_at < now() - CHANGES_KEPT)
    return changed_rows(any_workspace(sa.delete(CustomerChange).where(*old))) == _STEP


def add_moves() -> bool:
    """Add what moved the customers of days to these days; True while there is more."""
    return int(session().scalar(_ADD_MOVES, {"most": _STEP}) or 0) == _STEP
