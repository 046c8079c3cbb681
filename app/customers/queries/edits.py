"""Who edited a customer."""

from collections.abc import Sequence

import sqlalchemy as sa

from app.audit.models import AuditEntry
from app.core.db import session

_MOST = 5


def edits_since(workspace_id: int, customer_id: int, version: int) -> list[AuditEntry]:
    """Return the newest edits of a customer since `version`, as far as they were made one by one; each raised the version by one."""
    present = (
        session()
        .execute(
            sa.text("select version from customers where workspace_id = :w and id = :id"),  # past the objects already loaded
            {"w": workspace_id, "id": customer_id},
        )
        .scalar()
    )
    mine = (
        AuditEntry.workspace_id == workspace_id,
        AuditEntry.subject_kind == "customer",
        AuditEntry.subject_id == customer_id,
        AuditEntry.action == "customer.updated",
    )
    count = min(max((present or version) - version, 1), _MOST)
    rows: Sequence[AuditEntry] = session().scalars(sa.select(AuditEntry).where(*mine).order_by(AuditEntry.at.desc()).limit(count)).all()
    return list(rows)
