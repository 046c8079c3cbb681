"""Reads of custom fields."""

from collections.abc import Sequence

import sqlalchemy as sa

from app.core.db import session, time_limit
from app.core.errors import NotFound
from app.customers.models import Customer, CustomerField

MOST_COUNTED = 10_000


def list_fields(workspace_id: int) -> Sequence[CustomerField]:
    """Return the custom fields of a workspace, in the order of their labels."""
    statement = sa.select(CustomerField).where(CustomerField.workspace_id == workspace_id, CustomerField.removed_at.is_(None))
    return session().scalars(statement.order_by(sa.func.lower(CustomerField.label), CustomerField.id)).all()


def get_field(workspace_id: int, field_id: int) -> CustomerField:
    """Return a custom field that is not being removed. Raises NotFound."""
    mine = (CustomerField.workspace_id == workspace_id, CustomerField.id == field_id, CustomerField.removed_at.is_(None))
    row = session().scalars(sa.select(CustomerField).where(*mine)).one_or_none() if field_id < 2**63 else None
    if row is None:
        raise NotFound(CustomerField.noun)
    return row


def holders(workspace_id: int, key: str) -> int:
    """Return how many customers have a value for this key, counting no further than ten thousand and one. Raises Unavailable after 2 s."""
    some = sa.select(Customer.id).where(Customer.workspace_id == workspace_id, Customer.attributes.has_key(key)).limit(MOST_COUNTED + 1)
    with time_limit(2, "Counting takes too long just now."):
        return session().scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0
