"""What reading and writing values depends on."""

import sqlalchemy as sa

from app.core.db import session
from app.customers.coerce import Place
from app.workspaces.models import Workspace


def place(workspace_id: int) -> Place:
    """Return the workspace's zone and currency."""
    zone, currency = session().execute(sa.select(Workspace.zone, Workspace.currency).where(Workspace.id == workspace_id)).one()
    return Place(zone, currency)
