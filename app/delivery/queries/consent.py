"""Reads for double opt-in."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Consent, Customer, Suppression
from app.customers.models.consent import UNASKED, import_source
from app.delivery.models import Mailing, MailingKind, Message, MessageState


def state_of(workspace_id: int, customer_id: int, topic_id: int) -> str | None:
    """Return how a customer stands to e-mail, or to one of its topics; None: never asked, or not here."""
    mine = (Consent.workspace_id == workspace_id, Consent.customer_id == customer_id)
    return session().scalar(sa.select(Consent.state).where(*mine, Consent.channel == "email", Consent.topic_id == topic_id))


def take_unasked(workspace_id: int, topic_id: int, whom: sa.ColumnElement[bool], most: int = 1) -> Sequence[int]:
    """Return customers among `whom` whose consent waits for them and who were not asked yet, held until the transaction ends."""
    waits = (Consent.workspace_id == workspace_id, Consent.topic_id == topic_id, sa.text(UNASKED))
    wanted = sa.select(Consent.customer_id).where(*waits, whom).order_by(Consent.customer_id)
    return session().scalars(wanted.limit(most).with_for_update()).all()


def is_customer(customer_id: int) -> sa.ColumnElement[bool]:
    """Return what is true of the consent of one customer."""
    return Consent.customer_id == customer_id


def bears(moment: datetime) -> sa.ColumnElement[bool]:
    """Return what is true of consents that came at one time."""
    return Consent.occurred_at == moment


def came_by_import(import_id: int) -> sa.ColumnElement[bool]:
    """Return what is true of consents that a file brought."""
    return Consent.source == import_source(import_id)


def letters_waiting(workspace_id: int, sender_id: int, most: int) -> int:
    """Count the letters that wait to leave by a sender, up to so many."""
    mine = (Mailing.workspace_id == workspace_id, Mailing.sender_id == sender_id, Mailing.kind == MailingKind.SYSTEM)
    waits = sa.select(Message.id).join(Mailing, Mailing.id == Message.mailing_id).where(*mine)
    waits = waits.where(Message.workspace_id == workspace_id, Message.state == int(MessageState.PENDING)).limit(most)
    return session().scalar(sa.select(sa.func.count()).select_from(waits.subquery())) or 0


def address_of(workspace_id: int, customer_id: int) -> str | None:
    """Return a customer's address; None where there is none, or where nobody may write to it."""
    barred = sa.exists().where(Suppression.workspace_id == workspace_id, Suppression.email == sa.func.lower(Customer.email))
    wanted = sa.select(Customer.email).where(Customer.workspace_id == workspace_id, Customer.id == customer_id, ~barred)
    return session().scalar(wanted)
