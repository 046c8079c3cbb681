"""Orders as what people did: written when they come in, taken away and written anew when an import changes or takes them back."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.db import session
from app.customers.models import Activity, Order
from app.customers.service.activities import named_id
from app.customers.service.computed import changed_rows
from app.customers.service.orders import note_orders


def forget_orders(workspace_id: int, orders: Sequence[tuple[int, datetime]]) -> None:
    """Take away what orders (id, time) left among the activities."""
    if not orders:
        return
    ids = sa.literal([named_id(workspace_id, "order", ident) for ident, _ in orders], ARRAY(sa.Uuid()))
    times = sa.literal([moment for _, moment in orders], ARRAY(sa.DateTime(timezone=True)))
    given = sa.func.unnest(ids, times).table_valued("event_id", "occurred_at").render_derived()
    mine = (Activity.event_id == given.c.event_id, Activity.occurred_at == given.c.occurred_at)
    changed_rows(sa.delete(Activity).where(Activity.workspace_id == workspace_id, *mine))


def note_again(workspace_id: int, lines: Mapping[int, int]) -> None:
    """Record orders, given by id with their number of lines, as what people did."""
    if not lines:
        return
    among = Order.id == sa.any_(sa.literal(list(lines), ARRAY(sa.BigInteger)))
    rows = (
        session().scalars(sa.select(Order).where(Order.workspace_id == workspace_id, among).execution_options(populate_existing=True)).all()
    )
    note_orders(workspace_id, [(row, lines[row.id]) for row in rows])
    for row in rows:
        session().expunge(row)
