"""What is counted on the list of customers, and the counts that are kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.core.db import any_workspace, session
from app.customers import fields
from app.customers.coerce import Place
from app.customers.models import Consent, Customer, KeptCount, SavedView, Suppression
from app.customers.models.consent import EVERY_TOPIC
from app.customers.queries.find import find
from app.customers.queries.place import place
from app.customers.schemas.lists import from_query
from app.customers.values import FieldInfo

EVERYONE, MAILABLE, VIEW = "everyone", "mailable", "view:"
Count = sa.Select[*tuple[Any, ...]]


def everyone(workspace_id: int) -> Count:
    """Return the count of all customers."""
    return sa.select(sa.func.count()).select_from(Customer).where(Customer.workspace_id == workspace_id)


def mailable(workspace_id: int) -> Count:
    """Return the count of people who may be written to by e-mail: they agreed, have an address, and it is not suppressed."""
    agreed = (
        Consent.workspace_id == workspace_id,
        Consent.channel == "email",
        Consent.topic_id == EVERY_TOPIC,
        Consent.state == "subscribed",
    )
    listed = sa.exists().where(Suppression.workspace_id == workspace_id, Suppression.email == sa.func.lower(Customer.email))
    people = sa.select(sa.func.count()).select_from(Consent).join(Customer, Customer.id == Consent.customer_id)
    return people.where(*agreed, Customer.workspace_id == workspace_id, Customer.email.is_not(None), ~listed)


def of_query(workspace_id: int, query: str, custom: Mapping[str, FieldInfo] | None = None, at: Place | None = None) -> Count:
    """Return the count of whom a list's address finds; `custom` and `at` where they are known. Raises Invalid where it makes no sense any more."""
    known = fields.custom(workspace_id) if custom is None else custom
    wanted = find(workspace_id, from_query(query), known, at or place(workspace_id))
    return wanted.select(sa.func.count())


def of_name(workspace_id: int, name: str) -> Count | None:
    """Return the count that is kept under this name, or None where its view is gone."""
    if name == EVERYONE:
        return everyone(workspace_id)
    if name == MAILABLE:
        return mailable(workspace_id)
    known = name.removeprefix(VIEW)
    if known.isdigit():
        mine = (SavedView.workspace_id == workspace_id, SavedView.id == int(known))
        query = session().scalar(sa.select(SavedView.query).where(*mine))
        return None if query is None else of_query(workspace_id, query)
    return of_query(workspace_id, known)


def kept(workspace_id: int, names: Collection[str]) -> dict[str, KeptCount]:
    """Return the counts kept under these names."""
    query = sa.select(KeptCount).where(KeptCount.workspace_id == workspace_id, KeptCount.name.in_(names))
    return {row.name: row for row in session().scalars(query)}


def next_wanted() -> KeptCount | None:
    """Return a kept count of any workspace that a page found too old, or None."""
    stale = KeptCount.wanted_at > KeptCount.counted_at
    query = sa.select(KeptCount).where(stale).order_by(KeptCount.counted_at).limit(1).with_for_update(skip_locked=True)
    return session().scalars(any_workspace(query)).one_or_none()


def list_views(workspace_id: int) -> Sequence[SavedView]:
    """Return the saved views, oldest first."""
    return session().scalars(sa.select(SavedView).where(SavedView.workspace_id == workspace_id).order_by(SavedView.id)).all()
