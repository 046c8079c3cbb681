"""Tables: mailings, their frozen words and links, and their roll-ups."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class MailingKind(StrEnum):
    """For whom it is: many customers who agreed, or one person who waits for it."""

    CAMPAIGN = "campaign"
    SYSTEM = "system"


class MailingState(StrEnum):
    """Whether its messages may leave. `preparing`: rows are still being added; `done`: none waits any more."""

    PREPARING = "preparing"
    OPEN = "open"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


class Mailing(Tenant, Model):
    """One content going to many by one sender. `source_id` is what its activities name; `topic_id` 0: the channel as a whole.

    `priority`: smaller goes first. `simulate`: the sandbox makes up what people do with it.
    """

    __tablename__ = "mailings"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.ForeignKeyConstraint(["workspace_id", "sender_id"], ["senders.workspace_id", "senders.id"]),
        sa.CheckConstraint("kind IN ('campaign', 'system')", name="kind"),
        sa.CheckConstraint("state IN ('preparing', 'open', 'paused', 'stopped', 'done')", name="state"),
        sa.Index("ix_mailings_open", "sender_id", "priority", postgresql_where=sa.text("state = 'open'")),
        sa.Index("ix_mailings_source", "workspace_id", "source_id"),
        sa.Index("uq_mailings_system", "workspace_id", "sender_id", unique=True, postgresql_where=sa.text("kind = 'system'")),
    )
    noun = "mailing"
    id: Mapped[BigId]
    kind: Mapped[str]
    name: Mapped[str]
    source_id: Mapped[int | None]
    sender_id: Mapped[int]
    topic_id: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[str] = mapped_column(default=MailingState.PREPARING, server_default=MailingState.PREPARING)
    priority: Mapped[int] = mapped_column(sa.SmallInteger, default=10, server_default="10")
    simulate: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    created_at: Mapped[Created]
    opened_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class MailingContent(Tenant, Model):
    """The words of a mailing as they were at launch, with all that rendering needs besides the customer."""

    __tablename__ = "mailing_contents"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "mailing_id"], ["mailings.workspace_id", "mailings.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("mailing_id", "variant"),
    )
    id: Mapped[BigId]
    mailing_id: Mapped[int]
    variant: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    kind: Mapped[str]
    subject: Mapped[str]
    preheader: Mapped[str]
    body: Mapped[str]
    text: Mapped[str | None]
    brand: Mapped[dict[str, Any]] = mapped_column(JSONB)
    utm: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    from_name: Mapped[str | None]
    from_email: Mapped[str]
    reply_to: Mapped[str | None]


class MailingLink(Tenant, Model):
    """A link of a mailing: `url` as written (merge fields and all), `label` its words."""

    __tablename__ = "mailing_links"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "mailing_id"], ["mailings.workspace_id", "mailings.id"], ondelete="CASCADE"),
    )
    mailing_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    variant: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False, default=0)
    position: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    url: Mapped[str]
    label: Mapped[str]


class MailingTally(Model):
    """How many messages of a mailing stand in a state, by reason; state 0: rows in all. Waiting and in flight are the rest."""

    __tablename__ = "mailing_tallies"
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    state: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(primary_key=True, default="")
    n: Mapped[int]


class _Figures:
    """The figures of a mailing's hours and days."""

    sent: Mapped[int] = mapped_column(default=0, server_default="0")
    bounced: Mapped[int] = mapped_column(default=0, server_default="0")
    opened: Mapped[int] = mapped_column(default=0, server_default="0")
    clicked: Mapped[int] = mapped_column(default=0, server_default="0")
    ordered: Mapped[int] = mapped_column(default=0, server_default="0")
    unsubscribed: Mapped[int] = mapped_column(default=0, server_default="0")
    complained: Mapped[int] = mapped_column(default=0, server_default="0")
    refused: Mapped[int] = mapped_column(default=0, server_default="0")
    opens: Mapped[int] = mapped_column(default=0, server_default="0")
    clicks: Mapped[int] = mapped_column(default=0, server_default="0")
    hits_opened: Mapped[int] = mapped_column(default=0, server_default="0")
    hits_opened_machine: Mapped[int] = mapped_column(default=0, server_default="0")
    hits_opened_unsure: Mapped[int] = mapped_column(default=0, server_default="0")
    hits_clicked: Mapped[int] = mapped_column(default=0, server_default="0")
    hits_clicked_machine: Mapped[int] = mapped_column(default=0, server_default="0")
    hits_clicked_unsure: Mapped[int] = mapped_column(default=0, server_default="0")
    orders: Mapped[int] = mapped_column(default=0, server_default="0")
    revenue: Mapped[int] = mapped_column(default=0, server_default="0")


class MailingHour(_Figures, Tenant, Model):
    """A mailing's figures by hour.

    By the hour the message was sent: `sent bounced opened clicked ordered unsubscribed complained`, all of people; `bounced` came back
    after their server had said yes. By the hour it happened: `refused` (their server said no for good because of the address, so it was
    never sent), `opens` and `clicks` (people, first time), `hits_*` (raw, by verdict), `orders` (purchases) and `revenue` (credited; minor
    units less refunds).
    """

    __tablename__ = "mailing_hours"
    __table_args__ = (sa.Index("ix_mailing_hours_hour", "workspace_id", "hour"),)
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(primary_key=True)


class MailingDay(_Figures, Tenant, Model):
    """The sum of a mailing's hours that begin on a day of UTC: what reports of months read instead of the hours.

    Moved with the hours (`service/tallies.py`), so that it is never behind them. Days are of UTC, because those of a workspace change with
    its time zone, and with the rules of zones; the few hours between a local midnight and that of UTC are read from the hours.
    """

    __tablename__ = "mailing_days"
    __table_args__ = (sa.Index("ix_mailing_days_day", "workspace_id", "day"),)
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
