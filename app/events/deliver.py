"""One event to one handler, in one transaction with the mark that it is done."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from app.core.db import session
from app.events.codec import decode
from app.events.queries import news as queries
from app.events.registry import Handler, News, events, handlers
from app.events.relay import KIND
from app.jobs.carrier import Carrier, carriers
from app.jobs.runner import explain, persist

log = structlog.get_logger()


def deliver(delivery_id: int) -> str:
    """Call the handler of a delivery. Returns `done`, `queued` (to be tried again), `failed`, or `skipped`. Commits."""
    row = session().execute(queries.TAKE, {"delivery": delivery_id, "silence": f"{queries.HOLD}s"}).one_or_none()
    if row is None:
        session().rollback()
        return "skipped"
    began = time.monotonic()
    with structlog.contextvars.bound_contextvars(
        delivery=delivery_id, handler=row.handler, event_id=str(row.id), workspace=row.workspace_id
    ):
        try:
            _call(row)
            session().flush()
            session().execute(queries.MARK_DONE, {"delivery": delivery_id})
            session().commit()
            outcome = "done"
        except Exception as problem:
            session().rollback()
            log.warning("handler failed", exc_info=problem)
            outcome = persist(queries.FAIL, {"delivery": delivery_id, "why": explain(problem)}) or "skipped"
        log.info("delivery", event_name=row.name, outcome=outcome, seconds=round(time.monotonic() - began, 4))
    return outcome


def _call(row: Any) -> None:
    handler = handlers.get(row.handler)
    if handler is None:
        msg = f"This version knows no handler named {row.handler}."
        raise LookupError(msg)
    handler.function(_argument(handler, row))


def _argument(handler: Handler, row: Any) -> Any:
    if handler.any_event:
        return News(row.id, row.name, row.workspace_id, row.created_at, row.payload)
    return decode(events[row.name], row.workspace_id, row.payload)


def carry(ids: Sequence[int], stop: Callable[[], bool], note: Callable[[Any], None]) -> None:
    """Deliver each in turn; asked to stop, give back the rest."""
    for done, delivery_id in enumerate(ids):
        if stop():
            persist(queries.UNMARK, {"ids": list(ids[done:])}, patience=2)
            return
        note(delivery_id)
        deliver(delivery_id)


def settle(ids: Sequence[int], current: Any, error: str, patience: float = 2.0) -> None:
    """Count a failure of the delivery that was under way when its worker died; give back the others."""
    if current is not None:
        persist(queries.FAIL, {"delivery": current, "why": error}, patience)
    persist(queries.UNMARK, {"ids": [i for i in ids if i != current]}, patience)


carriers[KIND] = Carrier(carry, settle)
