"""Tables: customers, their custom fields, computed columns, and the note of who changed."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class Customer(Tenant, Model):
    """A person. Known by address, phone or external id; `attributes` holds custom fields by key."""

    __tablename__ = "customers"
    noun = "customer"
    id: Mapped[BigId]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    external_id: Mapped[str | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    company: Mapped[str | None]
    job_title: Mapped[str | None]
    country: Mapped[str | None]
    region: Mapped[str | None]
    city: Mapped[str | None]
    postcode: Mapped[str | None]
    language: Mapped[str | None]
    zone: Mapped[str | None]
    birthday: Mapped[date | None]
    gender: Mapped[str | None]
    stage: Mapped[str] = mapped_column(default="subscriber", server_default="subscriber")
    tags: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), default=list, server_default="{}")
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    origin: Mapped[str] = mapped_column(default="page", server_default="page")
    import_id: Mapped[int | None]
    version: Mapped[int] = mapped_column(sa.Integer, default=1, server_default="1")
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    @property
    def full_name(self) -> str:
        """Return what people call them: the name, else the address, phone or id."""
        name = " ".join(part for part in (self.first_name, self.last_name) if part)
        return name or self.email or self.external_id or self.phone or f"Customer {self.id}"


def search_text() -> sa.ColumnElement[str]:
    """Return the searched text of a customer: the very expression of the trigram index."""
    parts = [Customer.first_name, Customer.last_name, Customer.email, Customer.phone, Customer.company, Customer.external_id]
    text: sa.ColumnElement[str] = sa.func.coalesce(parts[0], sa.literal_column("''"))
    for part in parts[1:]:
        text = text.op("||")(sa.literal_column("' '")).op("||")(sa.func.coalesce(part, sa.literal_column("''")))
    return sa.func.lower(text)


sa.Index("uq_customers_email", Customer.workspace_id, sa.text("lower(email) text_pattern_ops"), unique=True)
sa.Index(
    "uq_customers_external_id", Customer.workspace_id, Customer.external_id, unique=True, postgresql_where=Customer.external_id.is_not(None)
)
sa.Index("ix_customers_phone", Customer.workspace_id, Customer.phone, postgresql_where=Customer.phone.is_not(None))
sa.Index("ix_customers_created_at", Customer.workspace_id, Customer.created_at, Customer.id)
sa.Index("ix_customers_last_name", Customer.workspace_id, sa.text("lower(last_name) text_pattern_ops"))
sa.Index("ix_customers_tags", Customer.tags, postgresql_using="gin")
sa.Index("ix_customers_attributes", Customer.attributes, postgresql_using="gin", postgresql_ops={"attributes": "jsonb_path_ops"})


class CustomerField(Tenant, Model):
    """A custom field: its key in `attributes`, its label for people, its type."""

    __tablename__ = "customer_fields"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "key"), sa.UniqueConstraint("workspace_id", "id"))
    noun = "field"
    id: Mapped[BigId]
    key: Mapped[str]
    label: Mapped[str]
    type: Mapped[str]
    choices: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    created_at: Mapped[Created]


class CustomerStats(Tenant, Model):
    """Computed columns, one row per customer, made by trigger with the customer and written in bulk by their owners."""

    __tablename__ = "customer_stats"
    __table_args__ = (
        sa.Index("ix_customer_stats_lifetime_value", "workspace_id", "lifetime_value", "customer_id"),
        sa.Index("ix_customer_stats_last_activity_at", "workspace_id", "last_activity_at", "customer_id"),
    )
    customer_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    orders_count: Mapped[int] = mapped_column(sa.Integer, default=0, server_default="0")
    lifetime_value: Mapped[int] = mapped_column(default=0, server_default="0")
    first_order_at: Mapped[datetime | None]
    last_order_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime | None]
    engagement: Mapped[int | None] = mapped_column(sa.SmallInteger)


class CustomerChange(Tenant, Model):
    """A note that a customer changed: which fields, in which transaction. Written by triggers, read by cursor, purged."""

    __tablename__ = "customer_changes"
    __table_args__ = (sa.Index("ix_customer_changes_xid", "workspace_id", "xid"),)
    id: Mapped[BigId]
    customer_id: Mapped[int]
    fields: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    xid: Mapped[str] = mapped_column(sa.types.NullType(), server_default=sa.text("pg_current_xact_id()"))
    changed_at: Mapped[Created]


class SavedView(Tenant, Model):
    """A list with its filters, kept under a name for everybody in the workspace."""

    __tablename__ = "saved_views"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "name"),)
    noun = "view"
    id: Mapped[BigId]
    name: Mapped[str]
    query: Mapped[str]
    created_at: Mapped[Created]
