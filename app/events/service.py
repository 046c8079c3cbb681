"""The verb of news: publish."""

from datetime import timedelta
from typing import Any

from app.core.actor import Actor
from app.core.db import session
from app.core.time import now
from app.events import queries
from app.events.codec import encode
from app.events.registry import Event, on, on_any

__all__ = ["Event", "forget_old_news", "on", "on_any", "publish"]

KEEP_DAYS = 14
"""How long an event can be looked up after everybody heard of it."""
BATCH = 2000


def publish(event: Event, by: Actor | None = None) -> None:
    """Tell the rooms above, in the caller's transaction: one row in the outbox; the relay goes on after the commit."""
    row = {"name": event.name, "workspace_id": event.workspace_id, "payload": encode(event), "actor": _who(by)}
    session().execute(queries.INSERT, row)


def forget_old_news() -> bool:
    """Delete a batch of events that everybody heard of long ago; True: there may be more."""
    result: Any = session().execute(queries.delete_old(now() - timedelta(days=KEEP_DAYS), BATCH))
    return bool(result.rowcount == BATCH)


def _who(by: Actor | None) -> dict[str, Any] | None:
    """Keep who did it, without the address: events carry none."""
    if by is None:
        return None
    return {"name": by.name, "user_id": by.user_id, "key_id": by.key_id, "request_id": by.request_id}
