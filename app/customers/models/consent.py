"""Tables: what a customer agreed to, how it came about, and addresses that must not be written to."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant

STATES = ("subscribed", "pending", "unsubscribed")
"""No row: nobody asked, nobody may write. `pending`: double opt-in waits for the person."""
BASES = ("consent", "contract", "legitimate_interest")
CHANNELS = ("email", "sms", "phone", "post")
EVERY_TOPIC = 0
"""The topic id that stands for the channel as a whole."""


class SuppressionReason(StrEnum):
    """Why an address must not be written to."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"
    COMPLIANCE = "compliance"


class Topic(Tenant, Model):
    """A subject people may take or leave, such as a newsletter."""

    __tablename__ = "topics"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "name"), sa.UniqueConstraint("workspace_id", "id"))
    noun = "topic"
    id: Mapped[BigId]
    name: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[Created]


UNASKED = "channel = 'email' AND state = 'pending' AND asked_at IS NULL"
"""Whose consent to e-mail waits for them, and nobody asked yet: few at any moment, so an index of theirs is small."""


def import_source(import_id: int) -> str:
    """Return what consents that a file brought name as their source."""
    return f"import {import_id}"


class Consent(Tenant, Model):
    """The present state per customer, channel and topic. `asked_at`: when the person was asked to confirm this state, if it is `pending`."""

    __tablename__ = "consents"
    __table_args__ = (
        sa.CheckConstraint("state IN ('subscribed', 'pending', 'unsubscribed')", name="state"),
        sa.Index("ix_consents_state", "workspace_id", "channel", "topic_id", "state", postgresql_include=["customer_id"]),
        sa.Index("ix_consents_unasked", "workspace_id", "topic_id", "customer_id", postgresql_where=sa.text(UNASKED)),
    )
    customer_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    channel: Mapped[str] = mapped_column(primary_key=True, default="email")
    topic_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False, default=EVERY_TOPIC)
    state: Mapped[str]
    basis: Mapped[str | None]
    source: Mapped[str]
    occurred_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]


class ConsentLog(Tenant, Model):
    """Every change of consent, for ever: where from, what the person was told, from which address."""

    __tablename__ = "consent_log"
    __table_args__ = (sa.Index("ix_consent_log_customer", "workspace_id", "customer_id", "occurred_at"),)
    id: Mapped[BigId]
    customer_id: Mapped[int]
    channel: Mapped[str]
    topic_id: Mapped[int] = mapped_column(default=EVERY_TOPIC, server_default="0")
    state: Mapped[str]
    basis: Mapped[str | None]
    source: Mapped[str]
    wording: Mapped[str | None]
    address: Mapped[str | None]
    by: Mapped[str | None]
    occurred_at: Mapped[datetime]


class Suppression(Tenant, Model):
    """An address (in small letters) that must not be written to, whoever it belongs to; it outlives the customer."""

    __tablename__ = "suppressions"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "email"),
        sa.Index("ix_suppressions_created_at", "workspace_id", "created_at", "id"),
    )
    noun = "suppression"
    id: Mapped[BigId]
    email: Mapped[str]
    reason: Mapped[str]
    note: Mapped[str | None]
    created_at: Mapped[Created]
