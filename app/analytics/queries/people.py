"""Whether there is anybody to write to."""

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Customer


def anybody(workspace_id: int) -> bool:
    """Tell whether there is a customer at all."""
    return session().scalar(sa.select(sa.exists().where(Customer.workspace_id == workspace_id))) or False
