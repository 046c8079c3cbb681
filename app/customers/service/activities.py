"""What people did: written in bulk, a repeat dropped by its key."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from app.core.db import get, session
from app.core.errors import Invalid
from app.customers.models import Activity, ActivityKind, ActivitySource, Customer
from app.customers.models.activities import FIRST_OWN
from app.customers.queries import activities as queries
from app.customers.service.computed import changed_rows, chunks, seen

MOST_KINDS, MOST_SOURCES = 500, 1_000
"""Own kinds, and sources named by callers, that a workspace may have: a name made of an id would make a million."""
_CHUNK = 5_000
_SPACE = UUID("6f1d2d3e-6b0b-4c7e-9f9e-0d5b7a2c4e11")
"""Of all ids of activities made from names, fixed for ever: a repeat is known by it."""


@dataclass(frozen=True, slots=True)
class Act:
    """One activity, ready to be written. `event_id` and `occurred_at` are its key: the same two again are a repeat."""

    customer_id: int
    kind: int
    occurred_at: datetime
    event_id: UUID
    source_id: int | None = None
    data: dict[str, Any] | None = None


def named_id(workspace_id: int, *parts: object) -> UUID:
    """Return the id of an activity that the outside, or another row, gives a name to: `named_id(1, "order", 12)`."""
    return uuid5(_SPACE, json.dumps([workspace_id, *map(str, parts)]))


def record_activities(workspace_id: int, acts: Iterable[Act]) -> int:
    """Write activities; repeats, and those of customers who are not here, are dropped. Returns how many are new."""
    return sum(_write(workspace_id, chunk) for chunk in chunks(acts, _CHUNK))


def _write(workspace_id: int, acts: Sequence[Act]) -> int:
    columns: list[tuple[str, Any, list[Any]]] = [
        ("occurred_at", sa.DateTime(timezone=True), [act.occurred_at for act in acts]),
        ("event_id", sa.Text(), [str(act.event_id) for act in acts]),
        ("customer_id", sa.BigInteger(), [act.customer_id for act in acts]),
        ("kind", sa.SmallInteger(), [act.kind for act in acts]),
        ("source_id", sa.BigInteger(), [act.source_id for act in acts]),
        ("data", sa.Text(), [None if act.data is None else json.dumps(act.data, ensure_ascii=False) for act in acts]),
    ]
    arrays = [sa.literal(values, ARRAY(kind)) for _, kind, values in columns]
    given = sa.func.unnest(*arrays).table_valued(*(name for name, _, _ in columns)).render_derived()
    casts: dict[str, Any] = {"event_id": sa.Uuid(), "data": JSONB()}
    picked = [sa.cast(given.c[name], casts[name]) if name in casts else given.c[name] for name, _, _ in columns]
    # Ids come from `customers`, so that nobody who is not here, or in another workspace, can have activities.
    here = sa.and_(Customer.workspace_id == workspace_id, Customer.id == given.c.customer_id)
    rows = sa.select(sa.literal(workspace_id), *picked).select_from(given.join(Customer, here))
    statement = insert(Activity).from_select(["workspace_id", *(name for name, _, _ in columns)], rows)
    new = changed_rows(statement.on_conflict_do_nothing())
    if new:
        seen(workspace_id, ((act.customer_id, act.occurred_at) for act in acts if act.kind not in queries.NOT_SEEN))
    return new


def ensure_kinds(workspace_id: int, names: Collection[str]) -> dict[str, int]:
    """Return the ids of these kinds, made where they are missing. Raises Invalid past the limit, with a name as path."""
    known = queries.kind_ids(workspace_id)
    if set(names) <= known.keys():
        return known
    _queue_up(workspace_id, "activity_kinds")
    known = queries.kind_ids(workspace_id)
    own = [ident for ident in known.values() if ident >= FIRST_OWN]
    following = max(own, default=FIRST_OWN - 1) + 1
    for name in sorted(set(names) - known.keys()):
        if len(own) >= MOST_KINDS:
            raise Invalid(
                {name: f"This would be kind {MOST_KINDS + 1} of activity; {MOST_KINDS} are the most. Put what differs into data."}
            )
        session().execute(sa.insert(ActivityKind).values(workspace_id=workspace_id, id=following, name=name))
        own.append(following)
        known[name] = following
        following += 1
    return known


def register_source(workspace_id: int, kind: str, name: str, url: str | None = None) -> int:
    """Make a source of activities (a campaign, a form, a page) and return its id. Higher rooms keep the id beside their row."""
    row = ActivitySource(workspace_id=workspace_id, kind=kind, name=name, url=url)
    session().add(row)
    session().flush()
    return row.id


def rename_source(workspace_id: int, source_id: int, name: str, url: str | None = None) -> None:
    """Change how timelines call a source. Raises NotFound."""
    row = get(ActivitySource, workspace_id, source_id)
    row.name, row.url = name, url
    session().flush()


def ensure_sources(workspace_id: int, names: Collection[str]) -> dict[str, int]:
    """Return the ids of sources that callers of the API name, made where they are missing. Raises Invalid past the limit."""
    known = queries.event_sources(workspace_id, names)
    if set(names) <= known.keys():
        return known
    _queue_up(workspace_id, "activity_sources")
    known = queries.event_sources(workspace_id, names)
    mine = (ActivitySource.workspace_id == workspace_id, ActivitySource.kind == "event")
    count = session().scalar(sa.select(sa.func.count()).where(*mine)) or 0
    for name in sorted(set(names) - known.keys()):
        if count >= MOST_SOURCES:
            raise Invalid({name: f"{MOST_SOURCES:,} sources are the most. Put what differs into data."})
        known[name] = register_source(workspace_id, "event", name)
        count += 1
    return known


def _queue_up(workspace_id: int, what: str) -> None:
    """Wait for others who add to the same list in this workspace."""
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(what), workspace_id)))
