"""The vocabulary of a workspace: what its trees may name."""

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.core.db import session
from app.customers import fields
from app.customers.models import ActivityKind, ActivitySource, Kind
from app.segments import ast
from app.segments.models import Segment
from app.segments.vocabulary import Kind as Act
from app.segments.vocabulary import Vocabulary
from app.workspaces.models import Workspace

MOST_SOURCES = 500
LABELS = {
    Kind.SENT: "was sent an e-mail",
    Kind.OPENED: "opened an e-mail",
    Kind.CLICKED: "clicked a link",
    Kind.BOUGHT: "ordered",
    Kind.VISITED: "visited the site",
    Kind.OPENED_MACHINE: "had an e-mail opened by a machine",
    Kind.OPENED_UNSURE: "opened an e-mail, or a machine did",
    Kind.CLICKED_MACHINE: "had a link clicked by a machine",
    Kind.CLICKED_UNSURE: "clicked a link, or a machine did",
    Kind.UNSUBSCRIBED: "unsubscribed",
    Kind.BOUNCED: "bounced",
    Kind.COMPLAINED: "complained",
    Kind.DELIVERED: "got an e-mail",
    Kind.SUBSCRIBED: "subscribed",
    Kind.REFUNDED: "got a refund",
}
"""How each kind reads after «who»."""


KINDS = {kind.name.lower(): Act(int(kind), kind.name.lower(), LABELS[kind]) for kind in Kind}
BUILT_IN = {info.path: info for info in (*fields.PROFILE, fields.TAGS, fields.CONSENT, *fields.STATS)}


def _names_own_field(tree: ast.Group) -> bool:
    return any(isinstance(rule, ast.FieldRule) and rule.field not in BUILT_IN for rule in ast.leaves(tree))


def _names_own_kind(tree: ast.Group) -> bool:
    return any(isinstance(rule, ast.ActivityRule) and rule.activity not in KINDS for rule in ast.leaves(tree))


def vocabulary(workspace_id: int, tree: ast.Group | None = None) -> Vocabulary:
    """Return what may be named: with a tree only as much as it needs, without one all for a page."""
    place = session().execute(sa.select(Workspace.zone, Workspace.currency, Workspace.locale).where(Workspace.id == workspace_id)).one()
    return Vocabulary(
        fields=fields.registry(workspace_id) if tree is None or _names_own_field(tree) else BUILT_IN,
        kinds=kinds(workspace_id) if tree is None or _names_own_kind(tree) else KINDS,
        segments=segments(workspace_id, None if tree is None else ast.named_segments(tree)),
        sources=sources(workspace_id, None if tree is None else ast.named_sources(tree)),
        zone=ZoneInfo(place.zone),
        currency=place.currency,
        locale=place.locale,
    )


def zone(workspace_id: int) -> ZoneInfo:
    """Return the zone in which the workspace's days begin."""
    return ZoneInfo(session().scalars(sa.select(Workspace.zone).where(Workspace.id == workspace_id)).one())


def kinds(workspace_id: int) -> dict[str, Act]:
    """Return the kinds of activities by name: those every workspace has, then its own."""
    own = sa.select(ActivityKind.id, ActivityKind.name).where(ActivityKind.workspace_id == workspace_id).order_by(ActivityKind.name)
    return KINDS | {row.name: Act(row.id, row.name, f"did “{row.name}”") for row in session().execute(own)}


def segments(workspace_id: int, ids: Collection[int] | None = None) -> Mapping[int, str]:
    """Return the names of segments by id, in the order of their names."""
    if ids is not None and not ids:
        return {}
    wanted = sa.select(Segment.id, Segment.name).where(Segment.workspace_id == workspace_id)
    if ids is not None:
        wanted = wanted.where(Segment.id.in_(ids))
    return {row.id: row.name for row in session().execute(wanted.order_by(sa.func.lower(Segment.name)))}


def sources(workspace_id: int, ids: Collection[int] | None = None) -> Mapping[int, str]:
    """Return the names of sources of activities by id; without `ids` the newest."""
    if ids is not None and not ids:
        return {}
    wanted = sa.select(ActivitySource.id, ActivitySource.name).where(ActivitySource.workspace_id == workspace_id)
    wanted = wanted.limit(MOST_SOURCES) if ids is None else wanted.where(ActivitySource.id.in_(ids))
    return {row.id: row.name for row in session().execute(wanted.order_by(ActivitySource.id.desc()))}
