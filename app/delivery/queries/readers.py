"""Whoever holds a message: what a link in it may show and change. The token names the message, the message its workspace."""

from dataclasses import dataclass

import sqlalchemy as sa

from app.core.db import any_workspace, session
from app.customers.models import Activity, Consent, Kind, Topic
from app.customers.models.consent import EVERY_TOPIC
from app.delivery.models import Mailing, MailingContent, Message


@dataclass(frozen=True, slots=True)
class Reader:
    """A message with its mailing. `customer_id` and `address` None: erased. `topic` None: the mailing has none, or it is gone."""

    workspace_id: int
    message_id: int
    kind: int
    variant: int
    mailing_id: int
    mailing: str
    source_id: int | None
    customer_id: int | None
    address: str | None
    brand: str
    topic_id: int
    topic: str | None


def find_reader(message_id: int) -> Reader | None:
    """Return who holds this message, or None."""
    words = sa.and_(MailingContent.mailing_id == Mailing.id, MailingContent.variant == Message.variant)
    topic = sa.and_(Topic.workspace_id == Mailing.workspace_id, Topic.id == Mailing.topic_id)
    picked = (
        Message.workspace_id,
        Message.id,
        Message.kind,
        Message.variant,
        Mailing.id,
        Mailing.name,
        Mailing.source_id,
        Message.customer_id,
        Message.address,
        sa.func.coalesce(MailingContent.brand["name"].astext, ""),
        sa.func.coalesce(Topic.id, EVERY_TOPIC),
        Topic.name,
    )
    joined = sa.select(*picked).join(Mailing, Mailing.id == Message.mailing_id).outerjoin(MailingContent, words).outerjoin(Topic, topic)
    row = session().execute(any_workspace(joined.where(Message.id == message_id))).one_or_none()
    return Reader(*row) if row else None


def left(reader: Reader) -> set[int]:
    """Return from which of these the reader has unsubscribed: the topic of the mailing, and EVERY_TOPIC."""
    mine = (Consent.workspace_id == reader.workspace_id, Consent.customer_id == reader.customer_id, Consent.channel == "email")
    asked = Consent.topic_id.in_({EVERY_TOPIC, reader.topic_id})
    return set(session().scalars(sa.select(Consent.topic_id).where(*mine, asked, Consent.state == "unsubscribed")))


def last_unsubscribed(reader: Reader, topic_id: int) -> Activity | None:
    """Return the last time that this message was used to unsubscribe from this topic, or None."""
    query = sa.select(Activity).where(
        Activity.workspace_id == reader.workspace_id,
        Activity.customer_id == reader.customer_id,
        Activity.kind == Kind.UNSUBSCRIBED,
        Activity.data["message"].astext == str(reader.message_id),
        Activity.data["topic"].astext == str(topic_id),
    )
    return session().scalars(query.order_by(Activity.occurred_at.desc()).limit(1)).one_or_none()
