"""Tables: what came back."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class Hit(Model):
    """A hit that Redis could not take, as it would stand in the stream; the drain takes it from here."""

    __tablename__ = "hits"
    id: Mapped[BigId]
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[Created]


class HitAgent(Model):
    """A user agent, kept once."""

    __tablename__ = "hit_agents"
    id: Mapped[BigId]
    text: Mapped[str] = mapped_column(unique=True)


class Conversion(Tenant, Model):
    """An order (or refund) credited to the click before it; `value` in minor units of the workspace's currency, below zero for a refund."""

    __tablename__ = "conversions"
    __table_args__ = (
        sa.Index("ix_conversions_ordered_at", "workspace_id", "ordered_at"),
        sa.Index("ix_conversions_mailing", "mailing_id", "message_id"),
        sa.Index("ix_conversions_customer", "workspace_id", "customer_id"),
    )
    order_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    mailing_id: Mapped[int]
    message_id: Mapped[int]
    customer_id: Mapped[int]
    link: Mapped[int | None] = mapped_column(sa.SmallInteger)
    clicked_at: Mapped[datetime]
    ordered_at: Mapped[datetime]
    value: Mapped[int]
    refund: Mapped[bool]


class DeliveryCursor(Model):
    """How far a reader has read; transactions at or above `xid` are still to come."""

    __tablename__ = "delivery_cursors"
    name: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[str]
    read_at: Mapped[datetime]
