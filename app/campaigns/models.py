"""Tables: campaigns and whom they go to."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class State(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LAUNCHING = "launching"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class Campaign(Tenant, Model):
    """One message to many. `cost` and `goal` in minor units of the workspace's currency.

    From launch on it has a mailing in the delivery room, whose ledger has a row for each recipient; `frozen_to` is the last customer put there.
    `audience` keeps what the check counted at launch. `overdue`: its time passed while nobody could send, and a person is asked.
    `template_version` is fixed when it is scheduled or launched.
    `problem`: why it did not leave, or did not go on, by itself, in words for people. `scheduled_at` of a draft is only planned.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.ForeignKeyConstraint(["workspace_id", "template_id"], ["templates.workspace_id", "templates.id"]),
        sa.ForeignKeyConstraint(["workspace_id", "sender_id"], ["senders.workspace_id", "senders.id"]),
        sa.ForeignKeyConstraint(["workspace_id", "mailing_id"], ["mailings.workspace_id", "mailings.id"]),
        sa.CheckConstraint("state IN ('draft', 'scheduled', 'launching', 'sending', 'paused', 'sent', 'cancelled')", name="state"),
        sa.Index("ix_campaigns_created_at", "workspace_id", "created_at", "id"),
        sa.Index("ix_campaigns_due", "scheduled_at", postgresql_where=sa.text("state = 'scheduled'")),
        sa.Index("uq_campaigns_mailing_id", "mailing_id", unique=True),
    )
    noun = "campaign"
    id: Mapped[BigId]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default=State.DRAFT, server_default=State.DRAFT)
    template_id: Mapped[int | None]
    template_version: Mapped[int | None] = mapped_column(sa.Integer)
    sender_id: Mapped[int | None]
    topic_id: Mapped[int] = mapped_column(default=0, server_default="0")
    cost: Mapped[int] = mapped_column(default=0, server_default="0")
    goal: Mapped[int | None]
    utm: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    simulate: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    scheduled_at: Mapped[datetime | None]
    overdue: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    source_id: Mapped[int | None]
    mailing_id: Mapped[int | None]
    frozen_to: Mapped[int] = mapped_column(default=0, server_default="0")
    audience: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    problem: Mapped[str | None]
    created_by: Mapped[str]
    launched_by: Mapped[str | None]
    launched_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(sa.Integer, default=1, server_default="1")
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class CampaignSegment(Tenant, Model):
    """A segment that a campaign goes to, or leaves out."""

    __tablename__ = "campaign_segments"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "campaign_id"], ["campaigns.workspace_id", "campaigns.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["workspace_id", "segment_id"], ["segments.workspace_id", "segments.id"]),
        sa.Index("ix_campaign_segments_segment", "workspace_id", "segment_id"),
    )
    campaign_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    segment_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    excluded: Mapped[bool]


class CampaignCustomer(Tenant, Model):
    """A customer named one by one instead of by segments. No foreign key to customers: erasure removes the row itself."""

    __tablename__ = "campaign_customers"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "campaign_id"], ["campaigns.workspace_id", "campaigns.id"], ondelete="CASCADE"),
    )
    campaign_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
