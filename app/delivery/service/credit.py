"""Orders credited to clicks: computed anew for whoever clicked or ordered, so that late hits, refunds and corrections come out the same."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import session
from app.delivery.models import Conversion, DeliveryCursor
from app.delivery.queries import credit as queries
from app.delivery.queries.credit import Earned
from app.delivery.service.cursors import get_cursor, move_cursor, read_news
from app.delivery.service.tallies import add_hours
from app.workspaces.queries import get_workspace

NAME = "credit"
_MOST = 5_000
_Deltas = dict[tuple[int, datetime], dict[str, int]]


def follow() -> bool:
    """Credit the orders of those who clicked or ordered since the last time; one step, True while there is more."""
    session().execute(queries.ONE_AT_A_TIME)
    rows, more = read_news(NAME, queries.news, _MOST)
    touched: dict[int, set[int]] = defaultdict(set)
    for workspace_id, customer_id, _ in rows:
        touched[workspace_id].add(customer_id)
    for workspace_id, customers in sorted(touched.items()):
        credit(workspace_id, customers)
    return more


def credit(workspace_id: int, customer_ids: Collection[int]) -> int:
    """Compute the conversions of these customers anew and write what differs; return how many did."""
    session().execute(queries.ONE_AT_A_TIME)
    ids = sorted(customer_ids)
    before, after = queries.kept(workspace_id, ids), queries.earned(workspace_id, ids, window(workspace_id))
    gone = {order_id: row for order_id, row in before.items() if after.get(order_id) != row}
    new = {order_id: row for order_id, row in after.items() if before.get(order_id) != row}
    if not gone and not new:
        return 0
    _write(workspace_id, gone.keys() - new.keys(), new)
    _move(workspace_id, gone, new)
    return len(gone.keys() | new.keys())


def credit_again(workspace_id: int) -> bool:
    """Compute the next customers of a workspace anew, after its window changed; True while there is more."""
    session().execute(queries.ONE_AT_A_TIME)
    cursor = get_cursor(_again(workspace_id))
    ids = queries.orderers(workspace_id, int(cursor.xid), _MOST)
    credit(workspace_id, ids)
    move_cursor(cursor, str(max(ids, default=0)))
    return len(ids) == _MOST


def begin_again(workspace_id: int) -> None:
    """Let `credit_again` begin with the first customer."""
    session().execute(sa.delete(DeliveryCursor).where(DeliveryCursor.name == _again(workspace_id)))


def forget(workspace_id: int, customer_ids: Collection[int]) -> None:
    """Remove the conversions of customers who are being erased, and what they count in the figures."""
    session().execute(queries.ONE_AT_A_TIME)
    gone = queries.kept(workspace_id, sorted(customer_ids))
    if gone:
        _write(workspace_id, gone.keys(), {})
        add_hours(workspace_id, _money(gone, {}))


def window(workspace_id: int) -> timedelta:
    """Return how long after a click an order is credited to it in this workspace."""
    return timedelta(days=get_workspace(workspace_id).conversion_days)


def _again(workspace_id: int) -> str:
    return f"{NAME} again {workspace_id}"


def _write(workspace_id: int, gone: Collection[int], new: Mapping[int, Earned]) -> None:
    if gone:
        mine = (Conversion.workspace_id == workspace_id, Conversion.order_id == sa.any_(queries.list_of(sorted(gone))))
        session().execute(sa.delete(Conversion).where(*mine).execution_options(synchronize_session=False))
    if new:
        statement = insert(Conversion)
        values = {name: statement.excluded[name] for name in Earned._fields if name != "order_id"}
        rows = [{"workspace_id": workspace_id, **row._asdict()} for row in new.values()]
        session().execute(statement.on_conflict_do_update(index_elements=["order_id"], set_=values), rows)


def _move(workspace_id: int, gone: Mapping[int, Earned], new: Mapping[int, Earned]) -> None:
    """Move flags and figures from what was to what is."""
    deltas = _money(gone, new)
    touched = {row.message_id for row in (*gone.values(), *new.values())}
    for row in queries.set_ordered(workspace_id, sorted(touched)):
        if row.sent_at is not None and (row.before is None) != (row.after is None):
            deltas[row.mailing_id, _hour(row.sent_at)]["ordered"] += 1 if row.before is None else -1
    add_hours(workspace_id, deltas)


def _money(gone: Mapping[int, Earned], new: Mapping[int, Earned]) -> _Deltas:
    deltas: _Deltas = defaultdict(lambda: defaultdict(int))
    for rows, sign in ((gone, -1), (new, 1)):
        for row in rows.values():
            at = deltas[row.mailing_id, _hour(row.ordered_at)]
            at["revenue"] += sign * row.value
            at["orders"] += 0 if row.refund else sign
    return deltas


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
