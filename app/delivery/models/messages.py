"""Tables: the ledger, and what belongs to single messages."""

from datetime import datetime
from enum import IntEnum, StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant

ALL = 0
"""In tallies: rows in all states."""


class MessageState(IntEnum):
    """Where a message stands; see docs/design/sending.md."""

    PENDING = 1
    SENDING = 2
    SENT = 3
    FAILED = 4
    SKIPPED = 5
    IN_DOUBT = 6
    BOUNCED = 7


class MessageKind(IntEnum):
    """What a message counts as: `bulk` in all figures, the others in none."""

    BULK = 1
    TEST = 2
    SYSTEM = 3


class Skip(StrEnum):
    """Why nothing was tried."""

    NO_ADDRESS = "no_address"
    NO_CONSENT = "no_consent"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    ERASED = "erased"
    CANCELLED = "cancelled"
    ENDED = "ended"


class Message(Tenant, Model):
    """One row for each recipient, from launch on. No foreign keys, as all tables written in bulk.

    `reason` is a Skip, or the server's reply. `mailer_id` holds it while `sending`. `sent_at`: when the server said yes. The later times are
    of people, first time each. An erased customer leaves the row without address and customer.
    """

    __tablename__ = "messages"
    __table_args__ = (
        sa.Index("uq_messages_recipient", "mailing_id", "original_customer_id", unique=True, postgresql_where=sa.text("kind = 1")),
        sa.Index("ix_messages_state", "mailing_id", "state", "id"),
        sa.Index("ix_messages_sending", "mailer_id", postgresql_where=sa.text("state = 2")),
        sa.Index("ix_messages_due", "mailing_id", "due_at", postgresql_where=sa.text("state = 1 AND due_at IS NOT NULL")),
        sa.Index("ix_messages_customer", "workspace_id", "customer_id", "id"),
        sa.Index("ix_messages_sent_at", "sent_at", postgresql_using="brin"),
        {"postgresql_with": {"fillfactor": "80"}},
    )
    noun = "message"
    id: Mapped[BigId]
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    mailing_id: Mapped[int]
    customer_id: Mapped[int | None]
    original_customer_id: Mapped[int | None]
    address: Mapped[str | None]
    kind: Mapped[int] = mapped_column(sa.SmallInteger, default=MessageKind.BULK, server_default="1")
    variant: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    state: Mapped[int] = mapped_column(sa.SmallInteger, default=MessageState.PENDING, server_default="1")
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    due_at: Mapped[datetime | None]
    mailer_id: Mapped[int | None]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    clicked_at: Mapped[datetime | None]
    ordered_at: Mapped[datetime | None]
    unsubscribed_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    complained_at: Mapped[datetime | None]
    created_at: Mapped[Created]


class MessageBody(Model):
    """The words of a system message, sealed because they may hold a one-time link; deleted when it is sent."""

    __tablename__ = "message_bodies"
    message_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    sealed: Mapped[str]


class Mailer(Model):
    """The lease of a mailer process. Who holds it may write to its `sending` messages; `lost_at`: nobody may any more."""

    __tablename__ = "mailers"
    __table_args__ = (sa.Index("ix_mailers_held", "lease_until", postgresql_where=sa.text("lost_at IS NULL")),)
    id: Mapped[BigId]
    name: Mapped[str]
    lease_until: Mapped[datetime]
    lost_at: Mapped[datetime | None]
    created_at: Mapped[Created]


class CaughtMail(Tenant, Model):
    """A message that the sandbox took instead of a server: `raw` is zlib of the very bytes."""

    __tablename__ = "caught_mails"
    __table_args__ = (
        sa.Index("ix_caught_mails_workspace", "workspace_id", "id"),
        sa.Index("uq_caught_mails_message_id", "message_id", unique=True),
    )
    noun = "mail"
    id: Mapped[BigId]
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    message_id: Mapped[int]
    mailing_id: Mapped[int]
    recipient: Mapped[str]
    subject: Mapped[str]
    raw: Mapped[bytes] = mapped_column(sa.LargeBinary)
    caught_at: Mapped[Created]
