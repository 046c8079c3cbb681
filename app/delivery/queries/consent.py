"""Reads for double opt-in."""

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Consent, Customer, Suppression


def state_of(workspace_id: int, customer_id: int, topic_id: int) -> str | None:
    """Return how a customer stands to e-mail, or to one of its topics; None: never asked, or not here."""
    mine = (Consent.workspace_id == workspace_id, Consent.customer_id == customer_id)
    return session().scalar(sa.select(Consent.state).where(*mine, Consent.channel == "email", Consent.topic_id == topic_id))


def address_of(workspace_id: int, customer_id: int) -> str | None:
    """Return a customer's address; None where there is none, or where nobody may write to it."""
    barred = sa.exists().where(Suppression.workspace_id == workspace_id, Suppression.email == sa.func.lower(Customer.email))
    wanted = sa.select(Customer.email).where(Customer.workspace_id == workspace_id, Customer.id == customer_id, ~barred)
    return session().scalar(wanted)
