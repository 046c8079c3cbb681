"""Which click brought which order. SQL as text: windows and laterals over arrays of customers; every statement names the workspace."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Kind
from app.delivery.models import Conversion

ONE_AT_A_TIME = sa.text("select pg_advisory_xact_lock(1129465929)")
"""Figures follow from what conversions were before: whoever changes them holds this, to the end of the transaction."""

_NEWS = sa.text("""
select workspace_id, customer_id, xid::text from (
  select workspace_id, customer_id, xid from activities
  where xid >= cast(:since as xid8) and xid < cast(:until as xid8) and kind = any(:kinds)
  union all
  select c.workspace_id, c.customer_id, c.xid from workspaces w join customer_changes c on c.workspace_id = w.id
  where c.xid >= cast(:since as xid8) and c.xid < cast(:until as xid8) and c.fields && array['stats.orders_count', 'stats.lifetime_value']
) news order by xid limit :most
""")
"""Clicks and orders that came; orders that changed or went show in the customer's figures."""

# A caller of the API may call anything `clicked` and `message`: what is no id of ours must not fail. A refund follows the credit of the
# purchase it names; of two clicks at the same time the one with the larger id counts, whichever came first.
_EARNED = sa.text("""
with clicked as materialized (
  select a.customer_id, a.occurred_at, a.event_id, m.id as message_id, m.mailing_id,
    case when a.data->>'link' ~ '^[0-9]{1,4}$' then (a.data->>'link')::smallint end as link
  from unnest(cast(:ids as bigint[])) t(id)
  join activities a on a.workspace_id = :workspace_id and a.customer_id = t.id and a.kind = :clicked
  join messages m on m.workspace_id = :workspace_id and m.kind = 1
    and m.id = case when a.data->>'message' ~ '^[0-9]{1,18}$' then (a.data->>'message')::bigint end
), bought as (
  select distinct on (o.id) o.id, o.customer_id, o.external_id, o.ordered_at, o.value, c.mailing_id, c.message_id, c.link,
    c.occurred_at as clicked_at
  from orders o join clicked c on c.customer_id = o.customer_id and c.occurred_at <= o.ordered_at and c.occurred_at >= o.ordered_at - :window
  where o.workspace_id = :workspace_id and o.customer_id = any(:ids) and o.amount >= 0
  order by o.id, c.occurred_at desc, c.event_id desc
)
select id, mailing_id, message_id, customer_id, link, clicked_at, ordered_at, value, false from bought
union all
select r.id, b.mailing_id, b.message_id, b.customer_id, b.link, b.clicked_at, r.ordered_at, r.value, true
from bought b join orders r on r.workspace_id = :workspace_id and r.refund_of = b.external_id and r.customer_id = b.customer_id and r.amount < 0
""").bindparams(sa.bindparam("window", type_=sa.Interval()))

_ORDERERS = sa.text("""
select distinct customer_id from orders where workspace_id = :workspace_id and customer_id > :after order by customer_id limit :most
""")

_SET_ORDERED = sa.text("""
with f as (
  select m.id, m.mailing_id, m.sent_at, m.ordered_at as before,
    (select min(c.ordered_at) from conversions c where c.mailing_id = m.mailing_id and c.message_id = m.id and not c.refund) as after
  from messages m where m.workspace_id = :workspace_id and m.id = any(:ids) order by m.id for no key update of m)
update messages m set ordered_at = f.after from f where m.workspace_id = :workspace_id and m.id = f.id and f.before is distinct from f.after
returning f.mailing_id, f.sent_at, f.before, f.after
""")


class Earned(NamedTuple):
    """A credited order or refund, in the order of the columns of `conversions` without the workspace."""

    order_id: int
    mailing_id: int
    message_id: int
    customer_id: int
    link: int | None
    clicked_at: datetime
    ordered_at: datetime
    value: int
    refund: bool


def news(since: str, until: str, most: int) -> list[tuple[int, int, str]]:
    """Return (workspace, customer, xid) of what transactions from `since` to below `until` did that may change credit, oldest first."""
    kinds = [int(kind) for kind in (Kind.CLICKED, Kind.BOUGHT, Kind.REFUNDED)]
    rows = session().execute(_NEWS, {"since": since, "until": until, "kinds": kinds, "most": most})
    return [(row[0], row[1], row[2]) for row in rows]


def earned(workspace_id: int, customer_ids: Sequence[int], window: timedelta) -> dict[int, Earned]:
    """Return what these customers' orders are credited to, by order: the last click of a person at most `window` before."""
    values = {"workspace_id": workspace_id, "ids": list(customer_ids), "clicked": int(Kind.CLICKED), "window": window}
    return {row[0]: Earned(*row) for row in session().execute(_EARNED, values)}


def kept(workspace_id: int, customer_ids: Sequence[int]) -> dict[int, Earned]:
    """Return what is kept of these customers' conversions, by order."""
    columns = [Conversion.__table__.c[name] for name in Earned._fields]
    query = sa.select(*columns).where(Conversion.workspace_id == workspace_id, Conversion.customer_id == sa.any_(list_of(customer_ids)))
    return {row[0]: Earned(*row) for row in session().execute(query)}


def orderers(workspace_id: int, after: int, most: int) -> Sequence[int]:
    """Return the next customers who ever ordered, by id."""
    return session().scalars(_ORDERERS, {"workspace_id": workspace_id, "after": after, "most": most}).all()


def set_ordered(workspace_id: int, message_ids: Sequence[int]) -> Sequence[Any]:
    """Set when the receivers of these messages first ordered because of them; return (mailing_id, sent_at, before, after) of what changed."""
    return session().execute(_SET_ORDERED, {"workspace_id": workspace_id, "ids": sorted(message_ids)}).all()


def list_of(ids: Sequence[int]) -> Any:
    """Return ids as an array for the database."""
    return sa.literal(list(ids), sa.ARRAY(sa.BigInteger))
