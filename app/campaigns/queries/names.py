"""What ids of a campaign's settings are called."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.content.models import Template
from app.core.db import session
from app.customers.models import Topic
from app.delivery.models import Sender

_TABLES: Mapping[str, Any] = {"template_id": Template, "sender_id": Sender, "topic_id": Topic}
FIELDS = tuple(_TABLES)
"""The settings that are ids."""


def names_of(workspace_id: int, states: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, str]]:
    """Return, by setting, the names of the ids that stand in these states; without those of what is gone."""
    return {field: _names(workspace_id, table, {state[field] for state in states if state.get(field)}) for field, table in _TABLES.items()}


def _names(workspace_id: int, table: Any, ids: Collection[int]) -> dict[int, str]:
    if not ids:
        return {}
    found = session().execute(sa.select(table.id, table.name).where(table.workspace_id == workspace_id, table.id.in_(ids)))
    return {row[0]: row[1] for row in found}
