"""The verb of news: publish."""

from typing import Any

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.db import session
from app.events.codec import encode
from app.events.models import Outbox
from app.events.registry import Event, on, on_any
from app.jobs.queries import wake

__all__ = ["Event", "on", "on_any", "publish"]


def publish(event: Event, by: Actor | None = None) -> None:
    """Tell the rooms above, in the caller's transaction: one row in the outbox; the relay goes on after the commit."""
    row = {"name": event.name, "workspace_id": event.workspace_id, "payload": encode(event), "actor": _who(by)}
    session().execute(sa.insert(Outbox).values(**row).returning(wake()))


def _who(by: Actor | None) -> dict[str, Any] | None:
    """Keep who did it, without the address: events carry none."""
    if by is None:
        return None
    return {"name": by.name, "user_id": by.user_id, "key_id": by.key_id, "request_id": by.request_id}
