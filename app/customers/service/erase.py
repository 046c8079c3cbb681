"""Deleting customers with everything about them. Tables written in bulk have no foreign keys: each room removes its own."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.audit import service as audit
from app.core import registry
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import NotFound
from app.customers.events import CustomerDeleted, CustomersChanged
from app.customers.models import Activity, Consent, ConsentLog, Customer, CustomerStats, Order
from app.customers.models.consent import EVERY_TOPIC, SuppressionReason
from app.customers.service.computed import changed_rows, lock
from app.customers.service.customers import subject_of
from app.customers.service.suppressions import suppress
from app.events.service import publish

_FEW = 100


def erase(workspace_id: int, customer_ids: Sequence[int]) -> None:
    """Delete what this room holds about these customers, besides the customers themselves."""
    among = sa.any_(sa.literal(list(customer_ids), ARRAY(sa.BigInteger)))
    lock(workspace_id, customer_ids)  # who writes activities in bulk holds these rows: nothing comes in behind what is deleted now
    tables: tuple[Any, ...] = (Activity, Order, Consent, ConsentLog, CustomerStats)
    for table in tables:
        changed_rows(sa.delete(table).where(table.workspace_id == workspace_id, table.customer_id == among))


registry.erase.append(erase)


def delete(workspace_id: int, customer_id: int, by: Actor, *, keep_suppressed: bool = True) -> None:
    """Delete one customer and all about them, in every room. Raises NotFound."""
    if not delete_many(workspace_id, [customer_id], by, keep_suppressed=keep_suppressed):
        raise NotFound(Customer.noun)


def delete_many(workspace_id: int, ids: Sequence[int], by: Actor, *, keep_suppressed: bool = True) -> int:
    """Delete customers and all about them, in every room; returns how many were here.

    With `keep_suppressed`, addresses of people who unsubscribed go to the suppression list, so that no later file can bring them back as
    people who may be written to.
    """
    among = Customer.id == sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger)))
    held = sa.select(Customer).where(Customer.workspace_id == workspace_id, among).order_by(Customer.id).with_for_update()
    rows = session().scalars(held).all()
    if not rows:
        return 0
    here = [row.id for row in rows]
    if keep_suppressed:
        suppress(workspace_id, _unwilling(workspace_id, here), SuppressionReason.UNSUBSCRIBE, by, "Unsubscribed before being deleted")
    for clear in registry.erase:
        clear(workspace_id, here)
    names = {row.id: subject_of(row) for row in rows}
    for row in rows:
        session().expunge(row)
    changed_rows(sa.delete(Customer).where(Customer.workspace_id == workspace_id, among))
    _tell(workspace_id, names, by)
    return len(here)


def _unwilling(workspace_id: int, ids: Sequence[int]) -> Sequence[str]:
    """Return the addresses of those who unsubscribed from e-mail."""
    said_no = (
        Consent.workspace_id == workspace_id,
        Consent.customer_id == Customer.id,
        Consent.channel == "email",
        Consent.topic_id == EVERY_TOPIC,
        Consent.state == "unsubscribed",
    )
    mine = (Customer.workspace_id == workspace_id, Customer.id.in_(ids), Customer.email.is_not(None))
    return session().scalars(sa.select(sa.func.lower(Customer.email)).join(Consent, sa.and_(*said_no)).where(*mine)).all()


def _tell(workspace_id: int, names: dict[int, tuple[str, int, str]], by: Actor) -> None:
    if len(names) > _FEW:
        audit.record(workspace_id, by, "customers.deleted", ("customers", None, f"{len(names):,} customers"))
        publish(CustomersChanged(workspace_id, "deleted", deleted=len(names)), by)
        return
    for customer_id, subject in names.items():
        audit.record(workspace_id, by, "customer.deleted", subject)
        publish(CustomerDeleted(workspace_id, customer_id), by)
