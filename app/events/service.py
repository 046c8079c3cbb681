"""The verbs of news: publish, and what a person does about failed work."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

import sqlalchemy as sa

from app.core import registry
from app.core.actor import Actor
from app.core.db import any_workspace, session
from app.core.errors import NotFound
from app.core.time import now
from app.events.codec import encode
from app.events.queries import failed
from app.events.queries import news as queries
from app.events.registry import Event, on, on_any
from app.jobs.queries import wake

Kind = Literal["run", "delivery"]
KINDS: tuple[Kind, ...] = ("run", "delivery")
_CHANGES: dict[tuple[str, Kind], Callable[[int, int | None], sa.Update]] = {
    ("retried", "run"): failed.retry_runs,
    ("retried", "delivery"): failed.retry_deliveries,
    ("discarded", "run"): failed.discard_runs,
    ("discarded", "delivery"): failed.discard_deliveries,
}
__all__ = ["Event", "discard", "forget_old_news", "on", "on_any", "publish", "retry"]

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


def retry(workspace_id: int, by: Actor, kind: Kind | None = None, work_id: int | None = None) -> int:
    """Queue a piece of failed work anew (or one that waits, at once), or all that failed; return how many. Raises NotFound."""
    return _change(workspace_id, by, "retried", kind, work_id)


def discard(workspace_id: int, by: Actor, kind: Kind | None = None, work_id: int | None = None) -> int:
    """Give up a piece of failed work, or all; return how many. Raises NotFound."""
    return _change(workspace_id, by, "discarded", kind, work_id)


def _change(workspace_id: int, by: Actor, what: str, kind: Kind | None, work_id: int | None) -> int:
    one = failed.find(workspace_id, kind, work_id) if kind and work_id is not None else None
    if kind and one is None:
        raise NotFound("piece of work")
    statements = [_CHANGES[what, each](workspace_id, work_id) for each in KINDS if kind in {None, each}]
    count = sum(len(session().execute(any_workspace(statement)).all()) for statement in statements)
    session().execute(sa.select(wake()))
    for leave_trace in registry.acts if count else ():
        leave_trace(workspace_id, by, f"work.{what}", (kind or "work", work_id, one.name if one else f"{count} failed"))
    return count


def _who(by: Actor | None) -> dict[str, Any] | None:
    """Keep who did it, without the address: events carry none."""
    if by is None:
        return None
    return {"name": by.name, "user_id": by.user_id, "key_id": by.key_id, "request_id": by.request_id}
