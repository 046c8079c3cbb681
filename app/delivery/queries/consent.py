"""Reads for double opt-in."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Consent, Customer, Suppression
from app.delivery.models import Mailing, MailingKind, Message, MessageState


def state_of(workspace_id: int, customer_id: int, topic_id: int) -> str | None:
    """Return how a customer stands to e-mail, or to one of its topics; None: never asked, or not here."""
    mine = (Consent.workspace_id == workspace_id, Consent.customer_id == customer_id)
    return session().scalar(sa.select(Consent.state).where(*mine, Consent.channel == "email", Consent.topic_id == topic_id))


def take_unasked(
    workspace_id: int, topic_id: int, *, customer_id: int | None = None, since: datetime | None = None, most: int = 1
) -> Sequence[int]:
    """Return customers whose consent waits for them and who were not asked yet, held until the transaction ends.

    One customer, or those whose consent bears the time `since`.
    """
    waits = (Consent.workspace_id == workspace_id, Consent.channel == "email", Consent.topic_id == topic_id, Consent.state == "pending")
    whom = Consent.customer_id == customer_id if since is None else Consent.occurred_at == since
    wanted = sa.select(Consent.customer_id).where(*waits, Consent.asked_at.is_(None), whom).order_by(Consent.customer_id)
    return session().scalars(wanted.limit(most).with_for_update()).all()


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
