"""Tables: customers, their custom fields, computed columns, and the note of who changed."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class Stage(StrEnum):
    """Where a customer stands in their life with the company."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    CUSTOMER = "customer"
    EVANGELIST = "evangelist"


class Customer(Tenant, Model):
    """A person. Known by address, phone or external id; `attributes` holds custom fields by key.

    `email` is kept in small letters. Whoever updates a row raises `version` by one and sets `updated_at`; triggers note
    the change in `customer_changes` and give each new row its `customer_stats`.
    """

    __tablename__ = "customers"
    __table_args__ = (
        sa.CheckConstraint("stage IN ('subscriber', 'lead', 'mql', 'sql', 'customer', 'evangelist')", name="stage"),
        sa.CheckConstraint("jsonb_typeof(attributes) = 'object'", name="attributes"),
    )
    noun = "customer"
    id: Mapped[BigId]
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
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


_table = cast("sa.Table", Customer.__table__)


def search_text() -> sa.ColumnElement[str]:
    """Return the searched text of a customer, for ILIKE: the very expression of the trigram index."""
    return _joined("first_name", "last_name", "email", "company", "external_id")


def name_key() -> sa.ColumnElement[str]:
    """Return what names are sorted by, and searched by their beginning: the very expression of `ix_customers_name`.

    People without a name come by their address, id or phone, as they are shown. Sorted by code point, so that the index
    serves prefixes under any locale of the database.
    """
    c = _table.c
    name = sa.func.nullif(sa.func.btrim(_joined("first_name", "last_name")), _BLANK)
    return sa.func.lower(sa.func.coalesce(name, c.email, c.external_id, c.phone, _BLANK)).collate("C")


_BLANK: sa.ColumnElement[str] = sa.literal_column("''", sa.Text)


def _joined(*names: str) -> sa.ColumnElement[str]:
    """Return columns with a space between."""
    first, *others = (sa.func.coalesce(_table.c[name], _BLANK) for name in names)
    text: sa.ColumnElement[str] = first
    for other in others:
        text = text.concat(sa.literal_column("' '", sa.Text)).concat(other)
    return text


def _index(name: str, key: sa.ColumnElement[str], ops: str, **says: Any) -> None:
    """Add an index on an expression with an operator class, led by the workspace."""
    sa.Index(name, Customer.workspace_id, key.label("key"), postgresql_ops={"key": ops}, **says)


_index("uq_customers_email", sa.func.lower(Customer.email), "text_pattern_ops", unique=True)
sa.Index(
    "uq_customers_external_id", Customer.workspace_id, Customer.external_id, unique=True, postgresql_where=Customer.external_id.is_not(None)
)
_index("ix_customers_phone", _table.c.phone, "text_pattern_ops", postgresql_where=Customer.phone.is_not(None))
_index("ix_customers_phone_end", sa.func.reverse(_table.c.phone), "text_pattern_ops", postgresql_where=Customer.phone.is_not(None))
sa.Index("ix_customers_created_at", Customer.workspace_id, Customer.created_at, Customer.id)
sa.Index("ix_customers_name", Customer.workspace_id, name_key(), Customer.id)
sa.Index("ix_customers_country", Customer.workspace_id, Customer.country)
sa.Index("ix_customers_stage", Customer.workspace_id, Customer.stage)
sa.Index("ix_customers_tags", Customer.tags, postgresql_using="gin")
sa.Index("ix_customers_attributes", Customer.attributes, postgresql_using="gin", postgresql_ops={"attributes": "jsonb_path_ops"})
sa.Index("ix_customers_search", search_text().label("text"), _table=_table, postgresql_using="gin", postgresql_ops={"text": "gin_trgm_ops"})
