"""Reads of orders."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from app.core.db import after, decode_cursor, encode_cursor, get, session
from app.core.errors import NotFound
from app.customers.models import Order, OrderLine
from app.customers.schemas.orders import OrderQuery


def get_order(workspace_id: int, order_id: int, customer_id: int | None = None) -> Order:
    """Return an order, of this customer where one is named. Raises NotFound."""
    row = get(Order, workspace_id, order_id)
    if customer_id is not None and row.customer_id != customer_id:
        raise NotFound(Order.noun)
    return row


def by_external_id(workspace_id: int, names: Collection[str]) -> dict[str, Order]:
    """Return orders by external id."""
    if not names:
        return {}
    query = sa.select(Order).where(Order.workspace_id == workspace_id, Order.external_id.in_(names))
    return {row.external_id: row for row in session().scalars(query)}


def has_orders(workspace_id: int) -> bool:
    """Tell whether a workspace has any order."""
    return bool(session().scalar(sa.select(sa.exists().where(Order.workspace_id == workspace_id))))


def lines_of(ids: Collection[int]) -> dict[int, list[OrderLine]]:
    """Return the lines of orders (whose workspace the caller has checked), in their order."""
    found: dict[int, list[OrderLine]] = {}
    if ids:
        for line in session().scalars(
            sa.select(OrderLine).where(OrderLine.order_id.in_(ids)).order_by(OrderLine.order_id, OrderLine.position)
        ):
            found.setdefault(line.order_id, []).append(line)
    return found


def list_orders(workspace_id: int, query: OrderQuery) -> tuple[Sequence[Order], str | None]:
    """Return a page of orders, newest first, and the cursor of the next."""
    statement = sa.select(Order).where(Order.workspace_id == workspace_id)
    if query.customer_id is not None:
        statement = statement.where(Order.customer_id == query.customer_id)
    if query.cursor:
        place = decode_cursor(query.cursor, (datetime, int))
        statement = statement.where(after([(Order.ordered_at, True), (Order.id, True)], place))
    rows = session().scalars(statement.order_by(Order.ordered_at.desc(), Order.id.desc()).limit(query.limit + 1)).all()
    page = rows[: query.limit]
    return page, encode_cursor((page[-1].ordered_at, page[-1].id)) if len(rows) > query.limit else None


def any_order(workspace_id: int) -> bool:
    """Tell whether there is an order."""
    return bool(session().scalar(sa.select(sa.exists().where(Order.workspace_id == workspace_id))))
