"""Tables: segments, who is in them, who came and went, and how far the news has been read."""

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class SegmentKind(enum.StrEnum):
    """Whether members follow a tree of rules or are named by hand."""

    DYNAMIC = "dynamic"
    STATIC = "static"


class Cause(enum.IntEnum):
    """Why somebody entered or left."""

    CHANGE = 1
    """Something about them changed: their data, or what they did."""
    TIME = 2
    """Time passed."""
    RULES = 3
    """The rules of the segment, or of one that it names, were edited."""
    HAND = 4
    """Somebody added or removed them by hand."""


class Segment(Tenant, Model):
    """A named set of customers. `members` is their number when last looked; `filled_at` is empty until it holds for the rules."""

    __tablename__ = "segments"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.Index("uq_segments_name", "workspace_id", sa.text("lower(name)"), unique=True),
        sa.CheckConstraint("kind IN ('dynamic', 'static')", name="kind"),
        sa.CheckConstraint("(kind = 'dynamic') = (criteria IS NOT NULL)", name="criteria"),
    )
    noun = "segment"
    id: Mapped[BigId]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    kind: Mapped[str] = mapped_column(default=SegmentKind.DYNAMIC, server_default=SegmentKind.DYNAMIC)
    criteria: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reads: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), default=list, server_default="{}")
    """What the rules look at: field paths, `activity:<kind id>`, `segment:<id>`."""
    follows_time: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    members: Mapped[int] = mapped_column(default=0, server_default="0")
    filled_at: Mapped[datetime | None]
    refreshed_at: Mapped[datetime | None]
    took_ms: Mapped[int | None] = mapped_column(sa.Integer)
    problem: Mapped[str | None]
    """Why the last refresh could not be done, in words for people."""
    version: Mapped[int] = mapped_column(sa.Integer, default=1, server_default="1")
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class SegmentMember(Model):
    """Who is in a segment, since when. No foreign keys: erasure removes members itself, a trigger those of deleted segments."""

    __tablename__ = "segment_members"
    segment_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    entered_at: Mapped[datetime]


class SegmentMove(Model):
    """Somebody entered or left. The first filling of a segment writes none."""

    __tablename__ = "segment_moves"
    __table_args__ = (
        sa.Index("ix_segment_moves_segment", "segment_id", "moved_at"),
        sa.Index("ix_segment_moves_customer", "customer_id", "moved_at"),
    )
    id: Mapped[BigId]
    segment_id: Mapped[int]
    customer_id: Mapped[int]
    entered: Mapped[bool]
    cause: Mapped[int] = mapped_column(sa.SmallInteger)
    moved_at: Mapped[datetime]


class SegmentCount(Model):
    """The number of members at the end of an hour, and how many entered and left in it."""

    __tablename__ = "segment_counts"
    segment_id: Mapped[int] = mapped_column(sa.ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    members: Mapped[int]
    entered: Mapped[int]
    left: Mapped[int]


class SegmentLink(Tenant, Model):
    """A segment whose rules name another."""

    __tablename__ = "segment_links"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "segment_id"], ["segments.workspace_id", "segments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["workspace_id", "names_id"], ["segments.workspace_id", "segments.id"]),
        sa.Index("ix_segment_links_names", "workspace_id", "names_id"),
    )
    segment_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    names_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)


class SegmentCursor(Tenant, Model):
    """How far the news about a workspace's customers has been read; transactions at or above `xid` are still to come."""

    __tablename__ = "segment_cursors"
    workspace_id: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    xid: Mapped[str] = mapped_column(sa.Text)
    read_at: Mapped[datetime]
    whole_at: Mapped[datetime | None]
    """When so much had happened that segments were refreshed as a whole."""
