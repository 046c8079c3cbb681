"""The outbox, and one row per event and handler."""

import enum
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model


class DeliveryState(enum.StrEnum):
    """Where a delivery stands. Failed waits for a person."""

    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    DISCARDED = "discarded"


class Outbox(Model):
    """An event, written in the transaction of what happened."""

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index("ix_outbox_unrelayed", "seq", postgresql_where=sa.text("relayed_at IS NULL")),
        sa.Index("ix_outbox_unpublished", "seq", postgresql_where=sa.text("published_at IS NULL")),
        sa.Index("ix_outbox_created_at", "created_at"),
    )
    id: Mapped[Annotated[UUID, mapped_column(primary_key=True, server_default=sa.func.gen_random_uuid())]]
    seq: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    name: Mapped[str]
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    payload: Mapped[dict[str, Any]]
    actor: Mapped[dict[str, Any] | None]
    created_at: Mapped[Created]
    relayed_at: Mapped[datetime | None]
    """When its deliveries were written."""
    published_at: Mapped[datetime | None]
    """When it was put on the channel."""


class Delivery(Model):
    """One event to one handler."""

    __tablename__ = "event_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "handler"),
        sa.CheckConstraint("state IN ('queued', 'done', 'failed', 'discarded')", name="state"),
        sa.Index("ix_event_deliveries_due", "next_try_at", postgresql_where=sa.text("state = 'queued'")),
        sa.Index("ix_event_deliveries_failed", "id", postgresql_where=sa.text("state = 'failed'")),
    )
    noun = "delivery"
    id: Mapped[BigId]
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("outbox.id", ondelete="CASCADE"))
    handler: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=DeliveryState.QUEUED)
    attempts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    next_try_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    enqueued_at: Mapped[datetime | None]
    error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    """When it was done, or had failed for good."""
