"""Writing the audit log. There is no verb to change or remove an entry."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.audit.models import AuditEntry
from app.core.actor import Actor
from app.core.db import db, session
from app.core.time import now

Subject = tuple[str, int | None, str]
"""What an act was about: its kind (`customer`), its id, and its name at that time."""
_LONGEST = 500


def record(
    workspace_id: int | None,
    by: Actor,
    action: str,
    subject: Subject,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note an act in the caller's transaction: no act without its trace, no trace without the act.

    `action` is `noun.verb_past`. `before` and `after` hold the fields that matter, never secrets.
    """
    session().execute(sa.insert(AuditEntry), [_row(workspace_id, by, action, subject) | {"before": _plain(before), "after": _plain(after)}])


def record_refused(workspace_id: int | None, by: Actor, action: str, reason: str, subject: Subject = ("request", None, "")) -> None:
    """Note an act that was refused, in a transaction of its own, which outlives the rollback of the caller's."""
    row = _row(workspace_id, by, action, subject) | {"refused": True, "reason": reason[:_LONGEST]}
    with db.engine.begin() as connection:
        connection.execute(sa.insert(AuditEntry), [row])


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two sides with only the fields that differ, for `record`."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def _row(workspace_id: int | None, by: Actor, action: str, subject: Subject) -> dict[str, Any]:
    kind, subject_id, name = subject
    return {
        "workspace_id": workspace_id,
        "at": now(),
        "actor": by.name[:_LONGEST],
        "user_id": by.user_id,
        "key_id": by.key_id,
        "address": by.address,
        "request_id": by.request_id,
        "action": action,
        "subject_kind": kind,
        "subject_id": subject_id,
        "subject_name": name[:_LONGEST],
    }


def _plain(fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if fields is None else {str(name): _json(value) for name, value in fields.items()}


def _json(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, Mapping):
        return {str(name): _json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(inner) for inner in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value
