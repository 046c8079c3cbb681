"""Kinds and sources of activities."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import ActivityKind, ActivitySource, Kind

LABELS = {
    Kind.SENT: "Was sent",
    Kind.OPENED: "Opened",
    Kind.CLICKED: "Clicked",
    Kind.BOUGHT: "Bought",
    Kind.VISITED: "Visited",
    Kind.OPENED_MACHINE: "Opened, by a machine",
    Kind.OPENED_UNSURE: "Opened, unsure by whom",
    Kind.CLICKED_MACHINE: "Clicked, by a machine",
    Kind.CLICKED_UNSURE: "Clicked, unsure by whom",
    Kind.UNSUBSCRIBED: "Unsubscribed",
    Kind.BOUNCED: "Bounced",
    Kind.COMPLAINED: "Complained",
    Kind.DELIVERED: "Delivered",
    Kind.SUBSCRIBED: "Subscribed",
    Kind.REFUNDED: "Was refunded",
}
MACHINES = frozenset({Kind.OPENED_MACHINE, Kind.OPENED_UNSURE, Kind.CLICKED_MACHINE, Kind.CLICKED_UNSURE})
"""What nobody, or perhaps nobody, did."""
MAIL = frozenset(
    {Kind.SENT, Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.BOUNCED, Kind.COMPLAINED, Kind.SUBSCRIBED, Kind.UNSUBSCRIBED} | MACHINES
)
SHOP = frozenset({Kind.BOUGHT, Kind.REFUNDED})
NOT_SEEN = MACHINES | {Kind.SENT, Kind.DELIVERED, Kind.BOUNCED, Kind.REFUNDED}
"""What does not show that the person was there: it does not count for «last seen»."""


def kind_ids(workspace_id: int) -> dict[str, int]:
    """Return the id of every kind of activity by name: the product's own, then the workspace's."""
    own = {row.name: row.id for row in list_own_kinds(workspace_id)}
    return {kind.name.lower(): int(kind) for kind in Kind} | own


def list_own_kinds(workspace_id: int) -> Sequence[ActivityKind]:
    """Return the workspace's own kinds by name."""
    return session().scalars(sa.select(ActivityKind).where(ActivityKind.workspace_id == workspace_id).order_by(ActivityKind.name)).all()


def kind_label(name: str) -> str:
    """Return a kind as people read it: `booked_demo` is *Booked demo*."""
    known = Kind.__members__.get(name.upper())
    words = LABELS[known] if known else " ".join(name.replace("_", " ").replace(".", " ").replace(":", " ").replace("-", " ").split())
    return words[:1].upper() + words[1:]


def sources(workspace_id: int, ids: Collection[int]) -> dict[int, ActivitySource]:
    """Return sources by id."""
    if not ids:
        return {}
    query = sa.select(ActivitySource).where(ActivitySource.workspace_id == workspace_id, ActivitySource.id.in_(ids))
    return {row.id: row for row in session().scalars(query)}


def list_sources(workspace_id: int, kind: str | None = None) -> Sequence[ActivitySource]:
    """Return the newest thousand sources, newest first."""
    query = sa.select(ActivitySource).where(ActivitySource.workspace_id == workspace_id)
    if kind:
        query = query.where(ActivitySource.kind == kind)
    return session().scalars(query.order_by(ActivitySource.id.desc()).limit(1000)).all()


def event_sources(workspace_id: int, names: Collection[str]) -> dict[str, int]:
    """Return the ids of sources that callers of the API named, by name."""
    query = sa.select(ActivitySource.name, ActivitySource.id).where(
        ActivitySource.workspace_id == workspace_id, ActivitySource.kind == "event", ActivitySource.name.in_(names)
    )
    return {row[0]: row[1] for row in session().execute(query)}
