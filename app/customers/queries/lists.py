"""Pages of the list of customers, by keyset in both directions, with a total that stops counting at five thousand.

A filter that fits few and an order that fits none of them would make PostgreSQL walk an index over everybody. So the list first gathers
up to five thousand who fit, and sorts these; only where more fit it walks the index of the order, and that not without end. Who stands
farther down is looked for between there and a bound: the last of a page of those who fit in a sample of the table.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.visitors import replacement_traverse

from app.core.db import after, decode_cursor, encode_cursor, session
from app.customers.models import Consent, Customer, CustomerStats, Suppression
from app.customers.models.consent import EVERY_TOPIC
from app.customers.models.customers import name_key
from app.customers.models.fields import last_seen_key
from app.customers.queries.find import Wanted

MOST_COUNTED = 5_000
WALKED = 4_000
"""Rows of the order that are looked at one by one for those who fit, before who fits is gathered instead."""
SAMPLED = 1
"""Percent of the table in which a bound is looked for: the rows that are read up to it are a hundred times as many as a page has."""
_COSTS = sa.text("set local cpu_tuple_cost = 0.1; set local max_parallel_workers_per_gather = 0")
"""A row costs ten times what PostgreSQL thinks. It must not shy away from reading two indexes for fewer rows: these are wide."""
_NEVER: sa.ColumnElement[datetime] = sa.literal_column("'-infinity'::timestamptz")


@dataclass(frozen=True, slots=True)
class Row:
    """A customer in a list. `consent` is the state of e-mail as a whole, `suppressed` why the address may not be written to."""

    customer: Customer
    stats: CustomerStats
    consent: str | None
    suppressed: str | None


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """A page: its rows, where it stands (`first` counts from 1), how many fit (`over`: more than that), cursors on and back."""

    rows: Sequence[Row]
    first: int
    total: int | None
    over: bool
    took_ms: int
    next: str | None
    back: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """A sort: its expression, the type in cursors, its direction."""

    key: Any
    kind: type
    descending: bool
    stats: bool = False

    @property
    def never(self) -> bool:
        """Whether the key may be «never», which is before any time Python knows: None there, and in cursors."""
        return self.kind is datetime and self.stats

    def columns(self, key: Any, ident: Any, *, reverse: bool) -> list[tuple[Any, bool]]:
        """Return what to sort by, with directions."""
        down = self.descending != reverse
        return [(key, down), (ident, down)]


def order_of(sort: str) -> Order:
    """Return how a sort of the list (`-value`) is done."""
    down, name = sort.startswith("-"), sort.removeprefix("-")
    if name == "name":
        return Order(name_key(), str, down)
    if name == "value":
        return Order(CustomerStats.lifetime_value, int, down, stats=True)
    if name == "seen":
        return Order(last_seen_key(), datetime, down, stats=True)
    return Order(Customer.created_at, datetime, down)


def page(wanted: Wanted, sort: str, limit: int, cursor: str | None = None) -> CustomerPage:
    """Return the first page, or that after (before, where it begins with a minus) `cursor`. Raises Invalid for a cursor of another list."""
    order, back = order_of(sort), (cursor or "").startswith("-")
    place = decode_cursor((cursor or "").removeprefix("-"), (order.kind, int, int), missing=order.never) if cursor else None
    began = time.perf_counter()
    found, total = _few(wanted, order, limit, place, reverse=back) if wanted.conditions else ([], None)
    if total is None or total > MOST_COUNTED:
        found = _many(wanted, order, limit, place, reverse=back)
    took = round((time.perf_counter() - began) * 1000)
    more, found = len(found) > limit, found[:limit]
    if back:
        found.reverse()
    first = _first(place, len(found), back=back)
    forth = _cursor(found[-1], first + len(found) - 1) if found and (more or back) else None
    before = "-" + _cursor(found[0], first - 1) if found and (more if back else cursor) else None
    over = total is not None and total > MOST_COUNTED
    return CustomerPage(load(wanted.workspace_id, [ident for _, ident in found]), first, total, over, took, forth, before)


def _first(place: Sequence[Any] | None, count: int, *, back: bool) -> int:
    if place is None:
        return 1
    passed: int = place[2]
    return max(passed - count, 0) + 1 if back else passed + 1


def _cursor(found: tuple[Any, int], passed: int) -> str:
    return encode_cursor((*found, max(passed, 0)))


def _few(wanted: Wanted, order: Order, limit: int, place: Sequence[Any] | None, *, reverse: bool) -> tuple[list[tuple[Any, int]], int]:
    """Return a page (and one more row) out of at most so many as are counted, and their number."""
    gathered = wanted.select(order.key.label("key"), Customer.id.label("id"), stats=order.stats).limit(MOST_COUNTED + 1)
    some = gathered.cte("gathered").prefix_with("materialized")
    total = sa.select(sa.func.count()).select_from(some).scalar_subquery()
    paged = _ordered(sa.select(_readable(some.c.key, order), some.c.id), some.c.key, some.c.id, order, place, reverse=reverse)
    rows = paged.limit(limit + 1).subquery()
    one = sa.select(sa.literal(1).label("one")).subquery()  # so that the count comes even where the page is empty
    statement = sa.select(total.label("total"), rows.c.key, rows.c.id).select_from(one).outerjoin(rows, sa.true())
    result = session().execute(statement).all()
    return [(row.key, row.id) for row in result if row.id is not None], result[0].total


def _many(wanted: Wanted, order: Order, limit: int, place: Sequence[Any] | None, *, reverse: bool) -> list[tuple[Any, int]]:
    """Return a page (and one more row) of a list in which many fit.

    The order is walked as far as WALKED rows: that finds a page at once where who fits is spread over the list. Where they all stand far
    down (the newest ten thousand lack a field), they are gathered and sorted, up to a bound if there is one.
    """
    ident = CustomerStats.customer_id if order.stats else Customer.id
    columns = order.columns(order.key, ident, reverse=reverse)
    statement = wanted.select(_readable(order.key, order), Customer.id, order.key.label("raw"), stats=order.stats)
    walk = _ordered(statement, order.key, ident, order, place, reverse=reverse).limit(limit + 1)
    edge = _edge(wanted.workspace_id, order, place, reverse=reverse) if wanted.conditions else None
    if edge is None:
        return _pairs(walk)
    nearer = [(column, not down) for column, down in columns]
    found = _pairs(walk.where(after(nearer, (_bound(edge[0], order), edge[1]))))
    if len(found) > limit:
        return found
    all_who_fit = statement if place is None else statement.where(_further(columns, order, place))
    found = [] if order.stats else _nearer(all_who_fit, order, limit, reverse=reverse)
    return found if len(found) > limit else _pairs(_sorted(all_who_fit, order, limit + 1, reverse=reverse))


def _nearer(all_who_fit: Any, order: Order, limit: int, *, reverse: bool) -> list[tuple[Any, int]]:
    """Return a page (and one more row) out of those up to the last of a page of a sample; fewer where few of the sample fit.

    The order has an index as the conditions have, and PostgreSQL can intersect the two, where it would have to read all who fit.
    """
    among = _pairs(_sorted(_sampled(all_who_fit), order, limit + 1, reverse=reverse))
    if len(among) <= limit:
        return []
    bound = among[-1][0]
    within = order.key >= bound if order.descending != reverse else order.key <= bound
    with session().begin_nested() as savepoint:
        session().execute(_COSTS)
        found = _pairs(_sorted(all_who_fit.where(within), order, limit + 1, reverse=reverse))
        savepoint.rollback()  # and with it the settings
    return found


def _sampled(statement: Any) -> Any:
    """Return the same select from a sample of the customers."""
    name = Customer.__tablename__
    sample = sa.tablesample(Customer.__table__, sa.func.system(SAMPLED), name="sampled")

    def instead(element: Any, **_: Any) -> Any:
        if isinstance(element, sa.Column):
            return sample.c[element.key] if element.table.name == name else None
        return sample if isinstance(element, sa.Table) and element.name == name else None

    return replacement_traverse(statement, {}, instead)


def _sorted(who: Any, order: Order, count: int, *, reverse: bool) -> Any:
    fenced = who.offset(0).subquery()  # keeps the planner from walking the order
    sorted_so = _directed(order.columns(fenced.c.raw, fenced.c.id, reverse=reverse))
    return sa.select(fenced.c.key, fenced.c.id).order_by(*sorted_so).limit(count)


def _edge(workspace_id: int, order: Order, place: Sequence[Any] | None, *, reverse: bool) -> tuple[Any, int] | None:
    """Return key and id of the row WALKED rows on, whoever it is; None where the list ends before."""
    table: Any = CustomerStats if order.stats else Customer
    ident = CustomerStats.customer_id if order.stats else Customer.id
    statement = sa.select(_readable(order.key, order), ident).where(table.workspace_id == workspace_id)
    found = _pairs(_ordered(statement, order.key, ident, order, place, reverse=reverse).offset(WALKED).limit(1))
    return found[0] if found else None


def _pairs(statement: Any) -> list[tuple[Any, int]]:
    return [(row[0], row[1]) for row in session().execute(statement)]


def _readable(key: Any, order: Order) -> Any:
    """Return the key as Python can read it."""
    return (sa.func.nullif(key, _NEVER) if order.never else key).label("key")


def _bound(key: Any, order: Order) -> Any:
    """Return a key as PostgreSQL compares it: what `_readable` made None is «never»."""
    return _NEVER if key is None and order.never else key


def _further(columns: Any, order: Order, place: Sequence[Any]) -> Any:
    return after(columns, (_bound(place[0], order), place[1]))


def _directed(columns: Any) -> list[Any]:
    return [column.desc() if down else column.asc() for column, down in columns]


def _ordered(statement: Any, key: Any, ident: Any, order: Order, place: Sequence[Any] | None, *, reverse: bool) -> Any:
    columns = order.columns(key, ident, reverse=reverse)
    if place is not None:
        statement = statement.where(_further(columns, order, place))
    return statement.order_by(*_directed(columns))


def load(workspace_id: int, ids: Sequence[int]) -> list[Row]:
    """Return customers with what a list shows of them, in the order of `ids`, by one statement."""
    if not ids:
        return []
    rows = session().execute(rows_of(workspace_id).where(Customer.id.in_(ids)))
    by_id = {row[0].id: Row(*row) for row in rows}
    return [by_id[ident] for ident in ids if ident in by_id]


def rows_of(workspace_id: int) -> sa.Select[*tuple[Any, ...]]:
    """Return the select of rows of lists."""
    state = (
        Consent.workspace_id == workspace_id,
        Consent.customer_id == Customer.id,
        Consent.channel == "email",
        Consent.topic_id == EVERY_TOPIC,
    )
    listed = (Suppression.workspace_id == workspace_id, Suppression.email == sa.func.lower(Customer.email))
    return (
        sa.select(Customer, CustomerStats, Consent.state, Suppression.reason)
        .join(CustomerStats, sa.and_(CustomerStats.workspace_id == workspace_id, CustomerStats.customer_id == Customer.id))
        .outerjoin(Consent, sa.and_(*state))
        .outerjoin(Suppression, sa.and_(*listed))
        .where(Customer.workspace_id == workspace_id)
    )
