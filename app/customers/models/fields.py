"""Tables: custom fields, computed columns, the note of who changed, customers by day, saved views, kept counts."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant
from app.customers.models.xid import Xid8


class FieldType(StrEnum):
    """What a field holds; see `values` for how each is kept in `Customer.attributes`."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    MONEY = "money"
    LIST = "list"


class CustomerField(Tenant, Model):
    """A custom field: its key in `attributes`, its label for people, its type.

    From `removed_at` on nobody sees it; its key stays taken until the job that strips the values has ended.
    """

    __tablename__ = "customer_fields"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "key"),
        sa.UniqueConstraint("workspace_id", "id"),
        sa.CheckConstraint("type IN ('text', 'number', 'boolean', 'date', 'datetime', 'money', 'list')", name="type"),
    )
    noun = "field"
    id: Mapped[BigId]
    key: Mapped[str]
    label: Mapped[str]
    type: Mapped[str]
    choices: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    created_at: Mapped[Created]
    removed_at: Mapped[datetime | None]
    stripped_to: Mapped[int] = mapped_column(server_default="0")
    """The last customer whose value was stripped after the removal."""


class CustomerStats(Tenant, Model):
    """Computed columns, one row per customer, made by trigger with the customer and written in bulk by their owners.

    `lifetime_value` in minor units of the workspace's currency, refunds taken off; `orders_count` without refunds.
    """

    __tablename__ = "customer_stats"
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    customer_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    orders_count: Mapped[int] = mapped_column(sa.Integer, default=0, server_default="0")
    lifetime_value: Mapped[int] = mapped_column(default=0, server_default="0")
    first_order_at: Mapped[datetime | None]
    last_order_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime | None]
    engagement: Mapped[int | None] = mapped_column(sa.SmallInteger)


def last_seen_key() -> sa.ColumnElement[datetime]:
    """Return what «last seen» is sorted by: never comes before any time. The very expression of its index."""
    return sa.func.coalesce(CustomerStats.last_activity_at, sa.literal_column("'-infinity'::timestamptz"))


sa.Index(
    "ix_customer_stats_lifetime_value",
    CustomerStats.workspace_id,
    CustomerStats.lifetime_value,
    CustomerStats.customer_id,
    postgresql_include=["orders_count"],
)
sa.Index("ix_customer_stats_last_seen", CustomerStats.workspace_id, last_seen_key(), CustomerStats.customer_id)


class CustomerChange(Tenant, Model):
    """A note that a customer changed: which fields, in which transaction. Written by triggers, read by cursor, purged.

    `fields` names what the registry names (`email`, `fields.points`, `stats.lifetime_value`, `consent.email`); `*` is a new customer.
    """

    __tablename__ = "customer_changes"
    __table_args__ = (sa.Index("ix_customer_changes_xid", "workspace_id", "xid"),)
    id: Mapped[BigId]
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    customer_id: Mapped[int]
    fields: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    xid: Mapped[str] = mapped_column(Xid8, server_default=sa.text("pg_current_xact_id()"))
    changed_at: Mapped[Created]


class CustomerDay(Model):
    """How many of today's customers were created on a day of UTC, as far as `CustomerDayMove` was added to it."""

    __tablename__ = "customer_days"
    workspace_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int]


class CustomerDayMove(Model):
    """By how much the customers of a day became more or fewer: a row for each statement, so that two imports do not wait for one another.

    Written by the triggers on `customers`, summed with `CustomerDay` by whoever reads, added to it and deleted every minute.
    """

    __tablename__ = "customer_day_moves"
    __table_args__ = (sa.Index("ix_customer_day_moves_workspace", "workspace_id"),)
    id: Mapped[BigId]
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    day: Mapped[date]
    n: Mapped[int]


class SavedView(Tenant, Model):
    """A list with its filters, kept under a name for everybody in the workspace."""

    __tablename__ = "saved_views"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "name"),)
    noun = "view"
    id: Mapped[BigId]
    name: Mapped[str]
    query: Mapped[str]
    created_at: Mapped[Created]


class KeptCount(Tenant, Model):
    """A count that takes too long to take on each page: of everybody, of who may be written to, of a saved view.

    `wanted_at`: when a page last found it too old; a periodic job counts again what was wanted since `counted_at`.
    """

    __tablename__ = "kept_counts"
    workspace_id: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
    counted_at: Mapped[datetime]
    wanted_at: Mapped[datetime | None]


class BulkAct(Tenant, Model):
    """An act on everybody a list finds, done in ranges of ids: `cursor` is the last id looked at, `done` how many were changed.

    `kind` and `values` say what is done, `query` to whom. `total` is how many were to be changed when it was asked for, if counted.
    """

    __tablename__ = "bulk_acts"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('tag', 'stage', 'consent', 'delete')", name="kind"),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'stopped')", name="state"),
        sa.Index("ix_bulk_acts_created_at", "workspace_id", "created_at"),
    )
    noun = "act"
    id: Mapped[BigId]
    kind: Mapped[str]
    values: Mapped[dict[str, Any]]
    query: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="queued")
    cursor: Mapped[int] = mapped_column(server_default="0")
    looked_at: Mapped[int] = mapped_column(server_default="0")
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int | None]
    actor: Mapped[dict[str, Any]]
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]
