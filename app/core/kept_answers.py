"""The table of idempotency keys: what was asked under each, and what was answered."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Created, Model, Tenant, any_workspace, session

KEPT = timedelta(hours=24)


class IdempotencyKey(Tenant, Model):
    """A key that was used, by which call, and what was answered."""

    __tablename__ = "idempotency_keys"
    workspace_id: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    call: Mapped[str]
    status: Mapped[int | None] = mapped_column(sa.SmallInteger)
    content_type: Mapped[str | None]
    body: Mapped[bytes | None]
    created_at: Mapped[Created] = mapped_column(index=True)


def purge(moment: datetime) -> None:
    """Forget keys older than a day."""
    session().execute(any_workspace(sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < moment - KEPT)))
