"""Events from outside become activities."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.time import now
from app.customers.queries import activities as queries
from app.customers.queries.customers import NO_ONE, Known, resolve
from app.customers.schemas.activities import EventIn
from app.customers.service.activities import Act, ensure_kinds, ensure_sources, named_id, record_activities
from app.customers.service.known import ensure_customers

_AHEAD = timedelta(days=1)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Taken:
    """How many events are new and how many were here; `errors` by index and path within the event."""

    recorded: int = 0
    repeated: int = 0
    errors: dict[int, dict[str, str]] = field(default_factory=dict)


def record_events(workspace_id: int, given: Sequence[tuple[int, EventIn]], by: Actor, *, create_missing: bool = False) -> Taken:
    """Record events; each comes with its index in the batch. Kinds and sources named for the first time are made."""
    taken = Taken()
    for index, event in given:
        if event.occurred_at is not None and not _EARLIEST <= event.occurred_at <= now() + _AHEAD:
            taken.errors[index] = {"occurred_at": "This lies in the future, or before 1970."}
    fit = [(index, event) for index, event in given if index not in taken.errors]
    known = [Known(event.customer.id, event.customer.external_id, event.customer.email) for _, event in fit]
    people = ensure_customers(workspace_id, known, by) if create_missing else resolve(workspace_id, known)
    for (index, _), customer_id in zip(fit, people, strict=True):
        if customer_id is None:
            taken.errors[index] = {"customer": NO_ONE}
    here = [(index, event, who) for (index, event), who in zip(fit, people, strict=True) if who is not None]
    kinds = _names(workspace_id, here, taken)
    sources = _sources(workspace_id, here, taken)
    acts = [_act(workspace_id, event, who, kinds, sources) for index, event, who in here if index not in taken.errors]
    taken.recorded = record_activities(workspace_id, acts)
    taken.repeated = len(acts) - taken.recorded
    return taken


Here = Sequence[tuple[int, EventIn, int]]


def _names(workspace_id: int, here: Here, taken: Taken) -> dict[str, int]:
    try:
        return ensure_kinds(workspace_id, {event.event for _, event, _ in here})
    except Invalid as no:
        known = queries.kind_ids(workspace_id)
        for index, event, _ in here:
            if event.event not in known:
                taken.errors[index] = {"event": next(iter(no.errors.values()))}
        return known


def _sources(workspace_id: int, here: Here, taken: Taken) -> dict[str | int, int]:
    ids = {event.source for _, event, _ in here if isinstance(event.source, int)}
    names = {event.source for _, event, _ in here if isinstance(event.source, str)}
    found: dict[str | int, int] = {ident: ident for ident in queries.sources(workspace_id, ids)}
    why = "There is no such source."
    try:
        found.update(ensure_sources(workspace_id, names) if names else {})
    except Invalid as no:
        found.update(queries.event_sources(workspace_id, names))
        why = next(iter(no.errors.values()))
    for index, event, _ in here:
        if event.source is not None and event.source not in found:
            taken.errors[index] = {"source": why}
    return found


def _act(workspace_id: int, event: EventIn, who: int, kinds: dict[str, int], sources: dict[str | int, int]) -> Act:
    event_id = named_id(workspace_id, "event", event.id) if event.id is not None else uuid4()
    source_id = sources[event.source] if event.source is not None else None
    return Act(who, kinds[event.event], event.occurred_at or now(), event_id, source_id, event.data)
