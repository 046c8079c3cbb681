"""Tables: where mail leaves from, and how fast."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class SenderKind(StrEnum):
    """A workspace's account, the one that catches everything, or the operator's mail server (`SYSTEM_SMTP_URL`), which no workspace sees."""

    SMTP = "smtp"
    SANDBOX = "sandbox"
    SYSTEM = "system"


class Tls(StrEnum):
    """How the line to the server is kept secret."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Sender(Tenant, Model):
    """An account that mail is handed to. `password` is sealed. `per_second` None: as fast as it goes; `connections` a mailer.

    `return_path` (else `from_email`) gets each message's own tag behind a plus sign where `verp` is on. `problem` is what keeps it from
    sending, in words; it rests until `sender_paces.held_until`. One that was deleted stays, archived and without its password: what it
    sent names it. `line_by`: the user who last said which server it is and how to get in, None for the program; no foreign key, since one who
    is gone must not look like nobody.
    """

    __tablename__ = "senders"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.Index(
            "uq_senders_name",
            "workspace_id",
            sa.text("lower(name)"),
            unique=True,
            postgresql_where=sa.text("archived_at IS NULL AND kind <> 'system'"),
        ),
        sa.Index("uq_senders_system", "workspace_id", unique=True, postgresql_where=sa.text("kind = 'system'")),
        sa.Index("uq_senders_default", "workspace_id", unique=True, postgresql_where=sa.text("is_default")),
        sa.CheckConstraint("kind IN ('smtp', 'sandbox', 'system')", name="kind"),
        sa.CheckConstraint("tls IN ('none', 'starttls', 'tls')", name="tls"),
    )
    noun = "sender"
    id: Mapped[BigId]
    name: Mapped[str]
    kind: Mapped[str]
    brand_id: Mapped[int | None]
    host: Mapped[str | None]
    port: Mapped[int | None] = mapped_column(sa.Integer)
    tls: Mapped[str] = mapped_column(default=Tls.STARTTLS, server_default=Tls.STARTTLS)
    username: Mapped[str | None]
    password: Mapped[str | None]
    from_name: Mapped[str | None]
    from_email: Mapped[str]
    reply_to: Mapped[str | None]
    return_path: Mapped[str | None]
    verp: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    per_second: Mapped[int | None] = mapped_column(sa.Integer)
    connections: Mapped[int] = mapped_column(sa.Integer, default=10, server_default="10")
    is_default: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    problem: Mapped[str | None]
    problem_at: Mapped[datetime | None]
    tested_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(sa.Integer, default=1, server_default="1")
    line_by: Mapped[int | None] = mapped_column(sa.Integer)
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class SenderPace(Tenant, Model):
    """The token bucket of a sender, shared by all mailers, and until when it rests; written with every tick."""

    __tablename__ = "sender_paces"
    sender_id: Mapped[int] = mapped_column(sa.ForeignKey("senders.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    tokens: Mapped[float] = mapped_column(sa.Double, default=0, server_default="0")
    filled_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    held_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(sa.Integer, default=0, server_default="0")
