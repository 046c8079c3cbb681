"""Tables: orders and their lines. Money is integer minor units; refunds are negative orders."""

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class Order(Tenant, Model):
    """A purchase or a refund (`amount` below zero; `refund_of` names the purchase).

    `value` is `amount` times `rate`, in minor units of the workspace's currency; `rate` is kept as it was.
    """

    __tablename__ = "orders"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "external_id"),
        sa.Index("ix_orders_customer", "workspace_id", "customer_id", "ordered_at"),
        sa.Index("ix_orders_ordered_at", "workspace_id", "ordered_at", "id"),
        sa.Index("ix_orders_refund_of", "workspace_id", "refund_of", postgresql_where=sa.text("refund_of IS NOT NULL")),
    )
    noun = "order"
    id: Mapped[BigId]
    customer_id: Mapped[int]
    external_id: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    rate: Mapped[Decimal] = mapped_column(sa.Numeric(20, 10), default=Decimal(1))
    value: Mapped[int]
    refund_of: Mapped[str | None]
    source_id: Mapped[int | None]
    import_id: Mapped[int | None]
    ordered_at: Mapped[datetime]
    created_at: Mapped[Created]


class OrderLine(Model):
    """What was bought: `unit_amount` in minor units of the order's currency."""

    __tablename__ = "order_lines"
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    sku: Mapped[str | None]
    name: Mapped[str]
    category: Mapped[str | None]
    quantity: Mapped[int] = mapped_column(sa.Integer)
    unit_amount: Mapped[int]
