"""Reads about senders."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app.core.db import session
from app.core.errors import NotFound
from app.delivery.models import Sender


def list_senders(workspace_id: int) -> Sequence[Sender]:
    """Return the senders of a workspace, the default one first, then by name; there are few."""
    return session().scalars(_here(workspace_id).order_by(Sender.is_default.desc(), sa.func.lower(Sender.name))).all()


def get_sender(workspace_id: int, sender_id: int, *, lock: bool = False) -> Sender:
    """Return a sender that was not deleted. Raises NotFound."""
    if not 0 < sender_id < 2**63:
        raise NotFound(Sender.noun)
    statement = _here(workspace_id).where(Sender.id == sender_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row: Sender | None = session().scalars(statement).one_or_none()
    if row is None:
        raise NotFound(Sender.noun)
    return row


def find_default(workspace_id: int) -> Sender | None:
    """Return the sender that is taken where nobody chose one: the default one, else the only one."""
    rows = session().scalars(_here(workspace_id).order_by(Sender.is_default.desc()).limit(2)).all()
    return rows[0] if rows and (rows[0].is_default or len(rows) == 1) else None


def _here(workspace_id: int) -> sa.Select[Any]:
    return sa.select(Sender).where(Sender.workspace_id == workspace_id, Sender.archived_at.is_(None))
