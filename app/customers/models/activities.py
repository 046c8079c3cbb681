"""Tables: what people did. Millions of rows, append-only, partitioned by month, written by COPY."""

import uuid
from datetime import datetime
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant
from app.customers.models.xid import Xid8


class Kind(IntEnum):
    """Kinds the product knows; a workspace's own begin at FIRST_OWN. People's and machines' acts are kinds apart."""

    SENT = 1
    OPENED = 2
    CLICKED = 3
    BOUGHT = 4
    VISITED = 5
    OPENED_MACHINE = 6
    OPENED_UNSURE = 7
    CLICKED_MACHINE = 8
    CLICKED_UNSURE = 9
    UNSUBSCRIBED = 10
    BOUNCED = 11
    COMPLAINED = 12
    DELIVERED = 13
    SUBSCRIBED = 14
    REFUNDED = 15


FIRST_OWN = 1000


class Activity(Tenant, Model):
    """One act of one customer. The key is fixed at ingestion, so that a repeat is dropped."""

    __tablename__ = "activities"
    __table_args__ = (
        sa.Index("ix_activities_kind", "workspace_id", "kind", "occurred_at", postgresql_include=["customer_id"]),
        sa.Index("ix_activities_customer", "workspace_id", "customer_id", "occurred_at", postgresql_include=["kind"]),
        sa.Index("ix_activities_source", "workspace_id", "kind", "source_id", "customer_id"),
        sa.Index("ix_activities_xid", "xid"),  # b-tree keeps equal keys once; PostgreSQL has no BRIN class for xid8
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )
    workspace_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    occurred_at: Mapped[datetime] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    customer_id: Mapped[int]
    kind: Mapped[int] = mapped_column(sa.SmallInteger)
    source_id: Mapped[int | None]
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    xid: Mapped[str] = mapped_column(Xid8, server_default=sa.text("pg_current_xact_id()"))


class ActivityKind(Tenant, Model):
    """A workspace's own kind of activity, such as `booked_demo`."""

    __tablename__ = "activity_kinds"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "name"),)
    workspace_id: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    created_at: Mapped[Created]


class ActivitySource(Tenant, Model):
    """Where activities come from: a campaign, a journey, a form, a page. Higher rooms register theirs; `event`: named by a caller of the API."""

    __tablename__ = "activity_sources"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.Index("uq_activity_sources_event", "workspace_id", "name", unique=True, postgresql_where=sa.text("kind = 'event'")),
    )
    noun = "source"
    id: Mapped[BigId]
    kind: Mapped[str]
    name: Mapped[str]
    url: Mapped[str | None]
    created_at: Mapped[Created]
