"""Acts on whole lists, as pages show them."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from app.core.db import get, session
from app.core.time import now
from app.customers.models import BulkAct


def acts_under_way(workspace_id: int) -> Sequence[BulkAct]:
    """Return acts that are not over, oldest first."""
    alive = (BulkAct.workspace_id == workspace_id, BulkAct.state.in_(("queued", "running")), BulkAct.created_at > now() - timedelta(days=2))
    return session().scalars(sa.select(BulkAct).where(*alive).order_by(BulkAct.id).limit(5)).all()


def get_act(workspace_id: int, act_id: int) -> BulkAct:
    """Return an act. Raises NotFound."""
    return get(BulkAct, workspace_id, act_id)
