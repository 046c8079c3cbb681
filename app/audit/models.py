"""The audit log. A trigger refuses changes and deletions, so that no path in the code can make one by mistake."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Model


class AuditEntry(Model):
    """One act, done or refused.

    `workspace_id` has no foreign key: the log outlives what it tells of. None: outside any workspace (an unknown name at
    sign-in).
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        sa.Index("ix_audit_log_workspace_id_at", "workspace_id", "at", "id"),
        sa.Index("ix_audit_log_workspace_id_user_id", "workspace_id", "user_id", "at", "id"),
        sa.Index("ix_audit_log_workspace_id_action", "workspace_id", "action", "at", "id"),
        sa.Index("ix_audit_log_workspace_id_subject", "workspace_id", "subject_kind", "subject_id", "at", "id"),
    )
    id: Mapped[BigId]
    workspace_id: Mapped[int | None] = mapped_column(sa.Integer)
    at: Mapped[datetime]
    actor: Mapped[str]
    user_id: Mapped[int | None]
    key_id: Mapped[int | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int | None]
    subject_name: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    refused: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None]
