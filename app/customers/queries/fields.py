"""Reads of custom fields."""

from collections.abc import Sequence

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import CustomerField


def list_fields(workspace_id: int) -> Sequence[CustomerField]:
    """Return the custom fields of a workspace, in the order of their labels."""
    statement = sa.select(CustomerField).where(CustomerField.workspace_id == workspace_id, CustomerField.removed_at.is_(None))
    return session().scalars(statement.order_by(sa.func.lower(CustomerField.label), CustomerField.id)).all()
