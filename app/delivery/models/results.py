"""Tables: what came of a mailing beyond its hours: by link, by domain."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model


class MessageClick(Model):
    """Somebody, a person, clicked this link of this message. What makes «people» of a link countable without reading all clicks."""

    __tablename__ = "message_clicks"
    message_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    link: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)


class MailingLinkTotal(Model):
    """Clicks of a link: `people` once each, then raw hits by verdict. Moved by the drain with the clicks themselves."""

    __tablename__ = "mailing_link_totals"
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    link: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    people: Mapped[int]
    hits: Mapped[int]
    hits_machine: Mapped[int]
    hits_unsure: Mapped[int]


class MailingDomain(Model):
    """Where a mailing went: the largest recipient domains, and all `others` (name empty) together; computed in the background."""

    __tablename__ = "mailing_domains"
    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    domain: Mapped[str] = mapped_column(primary_key=True)
    domains: Mapped[int]
    sent: Mapped[int]
    delivered: Mapped[int]
    clicked: Mapped[int]
    computed_at: Mapped[datetime]
