"""Orders and refunds: written once per external id, with lines, figures of the customer and a trace in the activities."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.core import registry
from app.core.actor import Actor
from app.core.db import session
from app.core.time import now
from app.customers.coerce import decimals
from app.customers.events import OrderRecorded, OrdersRecorded
from app.customers.models import CustomerStats, Kind, Order, OrderLine
from app.customers.queries import orders as queries
from app.customers.queries.customers import NO_ONE, Known, resolve
from app.customers.queries.place import place
from app.customers.schemas.orders import OrderIn
from app.customers.service.activities import Act, named_id, record_activities
from app.customers.service.computed import changed_rows, lock
from app.customers.service.known import ensure_customers
from app.events.service import publish

_FEW = 100
_AHEAD = timedelta(days=1)
MOST_VALUE = 10**15


@dataclass(slots=True)
class Outcome:
    """What became of one order: its row, or why it was refused, by path within it. `new`: it was not here before."""

    order: Order | None = None
    new: bool = False
    errors: dict[str, str] = field(default_factory=dict)


def record_orders(workspace_id: int, given: Sequence[OrderIn], by: Actor) -> list[Outcome]:
    """Record orders; what came of each stands at its place. A repeat changes nothing. Set-based: a few statements for all."""
    outcomes = [Outcome() for _ in given]
    customers = _customers(workspace_id, given, by)
    rows = _rows(workspace_id, given, customers, outcomes)
    made = _insert(rows.values())
    _settle(workspace_id, given, rows, made, outcomes)
    new = [(order, outcome.order) for order, outcome in zip(given, outcomes, strict=True) if outcome.new and outcome.order]
    _insert_lines(new)
    recompute_orders(workspace_id, {row.customer_id for _, row in new})
    note_orders(workspace_id, [(row, len(order.lines)) for order, row in new])
    if len(new) > _FEW:
        publish(OrdersRecorded(workspace_id, len(new)), by)
    else:
        for _, row in new:
            publish(OrderRecorded(workspace_id, row.id, row.customer_id, row.value, row.amount < 0), by)
    return outcomes


def value_of(amount: int, currency: str, rate: Decimal, into: str) -> int:
    """Return `amount` (minor units of `currency`) in minor units of `into`, half to even; `rate` is for whole units."""
    exact = Decimal(amount) * rate * Decimal(10) ** (decimals(into) - decimals(currency))
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def _customers(workspace_id: int, given: Sequence[OrderIn], by: Actor) -> list[int | None]:
    known = [Known(order.customer.id, order.customer.external_id, order.customer.email) for order in given]
    wanted = [k for k, order in zip(known, given, strict=True) if order.create_missing]
    if wanted:
        ensure_customers(workspace_id, wanted, by)
    return resolve(workspace_id, known)


def _rows(
    workspace_id: int, given: Sequence[OrderIn], customers: Sequence[int | None], outcomes: Sequence[Outcome]
) -> dict[str, dict[str, Any]]:
    """Return the rows to insert by external id; what does not fit is said in `outcomes`."""
    currency = place(workspace_id).currency
    purchases = _purchases(workspace_id, given, customers)
    rows: dict[str, dict[str, Any]] = {}
    for order, customer_id, outcome in zip(given, customers, outcomes, strict=True):
        row = row_of(order, currency)
        outcome.errors = row.pop("errors")
        if customer_id is None:
            outcome.errors["customer"] = NO_ONE
        if order.refund_of and purchases.get(order.refund_of) != customer_id:
            outcome.errors["refund_of"] = "This customer has no such order."
        if not outcome.errors:
            rows.setdefault(order.external_id, row | {"workspace_id": workspace_id, "customer_id": customer_id})
    return rows


def row_of(order: OrderIn, into: str) -> dict[str, Any]:
    """Return the values of an order in a workspace whose currency is `into`; what does not fit stands in `errors`."""
    errors: dict[str, str] = {}
    currency, amount = order.currency or into, order.total or 0
    rate = order.rate if order.rate is not None else Decimal(1) if currency == into else None
    if rate is None:
        errors["rate"] = f"Say what one {currency} is worth in {into}, the currency of this workspace."
    elif currency == into and rate != 1:
        errors["rate"] = f"{into} is the currency of this workspace: its rate is 1."
    value = value_of(amount, currency, rate or Decimal(1), into)
    if abs(value) > MOST_VALUE:
        errors["rate"] = f"This is too large an amount in {into}."
    moment = order.ordered_at or now()
    if moment > now() + _AHEAD:
        errors["ordered_at"] = "This lies in the future."
    says = {"external_id": order.external_id, "amount": amount, "currency": currency, "rate": rate, "value": value}
    return says | {"refund_of": order.refund_of, "source_id": order.source, "ordered_at": moment, "errors": errors}


def _purchases(workspace_id: int, given: Sequence[OrderIn], customers: Sequence[int | None]) -> dict[str, int | None]:
    """Return whose the orders are that refunds name: here already, or in the same batch."""
    named = {order.refund_of for order in given if order.refund_of}
    here: dict[str, int | None] = {name: row.customer_id for name, row in queries.by_external_id(workspace_id, named).items()}
    batch = {order.external_id: customer_id for order, customer_id in zip(given, customers, strict=True) if not order.refund_of}
    return batch | here


def _insert(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    values = list(rows)
    if not values:
        return {}
    made = insert(Order).values(values).on_conflict_do_nothing().returning(Order.external_id, Order.id)
    return {row[0]: row[1] for row in session().execute(made)}


def _settle(
    workspace_id: int, given: Sequence[OrderIn], rows: dict[str, dict[str, Any]], made: dict[str, int], outcomes: Sequence[Outcome]
) -> None:
    """Put the rows into the outcomes; an order that is here with other values is refused."""
    here = queries.by_external_id(workspace_id, rows.keys())
    fresh = set(made)
    for order, outcome in zip(given, outcomes, strict=True):
        row = here.get(order.external_id)
        if outcome.errors or row is None:
            continue
        wanted = rows[order.external_id]
        same = (row.amount, row.currency, row.customer_id) == (order.total, order.currency or wanted["currency"], wanted["customer_id"])
        if not same or (order.ordered_at is not None and row.ordered_at != order.ordered_at):
            outcome.errors["external_id"] = f"Order {order.external_id} is here already, with another amount, customer or time."
            continue
        outcome.order, outcome.new = row, order.external_id in fresh
        fresh.discard(order.external_id)


def _insert_lines(new: Sequence[tuple[OrderIn, Order]]) -> None:
    lines = [
        {"order_id": row.id, "position": n, **line.model_dump(include={"sku", "name", "category", "quantity", "unit_amount"})}
        for order, row in new
        for n, line in enumerate(order.lines, 1)
    ]
    if lines:
        session().execute(sa.insert(OrderLine), lines)


def recompute_orders(workspace_id: int, customer_ids: Collection[int]) -> None:
    """Compute count, lifetime value, first and last order of these customers anew, from their orders."""
    if not customer_ids:
        return
    # The rows are held first, so that the next statement sees the orders of whoever held them before.
    lock(workspace_id, customer_ids)
    ids = sa.literal(sorted(customer_ids), ARRAY(sa.BigInteger))
    bought = Order.amount >= 0
    asked = sa.func.unnest(ids).table_valued("id").render_derived()
    figures = (
        sa.select(
            asked.c.id,
            sa.func.count(Order.id).filter(bought).label("orders_count"),
            sa.func.coalesce(sa.func.sum(Order.value), 0).label("lifetime_value"),
            sa.func.min(Order.ordered_at).filter(bought).label("first_order_at"),
            sa.func.max(Order.ordered_at).filter(bought).label("last_order_at"),
        )
        .select_from(asked.outerjoin(Order, sa.and_(Order.workspace_id == workspace_id, Order.customer_id == asked.c.id)))
        .group_by(asked.c.id)
        .subquery()
    )
    columns = ("orders_count", "lifetime_value", "first_order_at", "last_order_at")
    differs = sa.or_(*(getattr(CustomerStats, name).is_distinct_from(figures.c[name]) for name in columns))
    changed_rows(
        sa.update(CustomerStats)
        .where(CustomerStats.workspace_id == workspace_id, CustomerStats.customer_id == figures.c.id, differs)
        .values({name: figures.c[name] for name in columns})
    )


def note_orders(workspace_id: int, orders: Sequence[tuple[Order, int]]) -> None:
    """Record orders (with their number of lines) as what people did: bought, or were refunded."""
    record_activities(workspace_id, (_act(row, lines) for row, lines in orders))


def _act(row: Order, lines: int) -> Act:
    data = {"order": row.external_id, "order_id": row.id, "amount": row.value, "items": lines}
    kind = Kind.REFUNDED if row.amount < 0 else Kind.BOUGHT
    return Act(row.customer_id, kind, row.ordered_at, named_id(row.workspace_id, "order", row.id), row.source_id, data)


def _keep_currency(workspace_id: int) -> str | None:
    if queries.has_orders(workspace_id):
        return "There are orders, and their values stand in the present currency. It cannot change any more."
    return None


registry.currency_uses.append(_keep_currency)
