"""Making, changing and removing segments."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.core import registry
from app.core.actor import Actor
from app.core.db import get, session, time_limit
from app.core.errors import Conflict, Invalid, Unavailable
from app.core.registry import Use
from app.core.time import now
from app.events.service import publish
from app.segments import ast, nodes
from app.segments.events import SegmentCreated, SegmentDeleted, SegmentUpdated
from app.segments.models import Segment, SegmentCursor, SegmentKind, SegmentLink
from app.segments.queries import segments
from app.segments.queries.news import horizon
from app.segments.queries.words import vocabulary
from app.segments.resolve import resolve
from app.segments.schemas import SegmentIn, SegmentPatch
from app.segments.service.filling import refresh

AT_ONCE = 3
"""Seconds that saving may spend on finding the members; what takes longer is done in the background."""
MOST = 1_000
"""Segments of a workspace."""
_GRAPH = 0x534547
"""The class of the advisory locks under which the graph of segments changes."""


def create(workspace_id: int, given: SegmentIn, by: Actor) -> Segment:
    """Make a segment; its members are there on return unless finding them takes long. Raises Invalid with the path of a fault."""
    tree = _tree(given)
    _check_room(workspace_id)
    row = Segment(workspace_id=workspace_id, name=given.name, description=given.description, kind=given.kind)
    if tree is None:
        row.filled_at = row.refreshed_at = now()
    else:
        _set_rules(row, tree)
    with _unique_name():
        session().add(row)
        session().flush()
    if tree is not None:
        _link(row, tree)
        _begin_reading(workspace_id)
    audit.record(workspace_id, by, "segment.created", _subject(row), None, {"name": row.name, "criteria": row.criteria})
    publish(SegmentCreated(workspace_id, row.id), by)
    fill_at_once(row)
    return row


def update(workspace_id: int, segment_id: int, given: SegmentPatch, by: Actor) -> Segment:
    """Change name, description or rules. Raises NotFound, Invalid, and Conflict where somebody was faster."""
    row = get(Segment, workspace_id, segment_id, lock=True)
    if given.version is not None and given.version != row.version:
        raise Conflict("Somebody changed this segment since you opened it. Open it again, then make your change.")
    before = _state(row)
    changes = given.model_dump(exclude_unset=True, exclude={"version", "criteria"})
    for name, value in changes.items():
        if value is not None:
            setattr(row, name, value)
    rules = given.criteria is not None and _change_rules(row, given.criteria)
    was, became = audit.changed(before, _state(row))
    if not became:
        return row
    row.version, row.updated_at = row.version + 1, now()
    with _unique_name():
        session().flush()
    audit.record(workspace_id, by, "segment.updated", _subject(row), was, became)
    publish(SegmentUpdated(workspace_id, row.id, rules), by)
    if rules:
        fill_at_once(row)
    return row


def delete(workspace_id: int, segment_id: int, by: Actor) -> None:
    """Remove a segment with its members and history. Raises NotFound, and Conflict saying where it is used."""
    _lock_graph(workspace_id)
    row = get(Segment, workspace_id, segment_id, lock=True)
    used = uses(workspace_id, segment_id)
    if used:
        names = ", ".join(use.label for use in used[:5]) + (" and others" if len(used) > 5 else "")  # noqa: PLR2004 (enough to begin with)
        raise Conflict(f"“{row.name}” is used by {names}. Take it out there first.")
    subject, state = _subject(row), _state(row)
    session().delete(row)
    session().flush()
    audit.record(workspace_id, by, "segment.deleted", subject, state, None)
    publish(SegmentDeleted(workspace_id, segment_id), by)


def uses(workspace_id: int, segment_id: int) -> list[Use]:
    """Return where a segment is used: other segments, and whatever higher rooms report."""
    return [use for find in registry.segment_uses for use in find(workspace_id, segment_id)]


def fill_at_once(row: Segment) -> None:
    """Find the members now if that is quick; otherwise the handler of the event does it."""
    if row.kind != SegmentKind.DYNAMIC:
        return
    try:
        with time_limit(AT_ONCE, "This takes longer."):
            refresh(row.workspace_id, row.id)
    except Unavailable:
        session().refresh(row)


def _tree(given: SegmentIn) -> ast.Group | None:
    """Return the rules of a new dynamic segment, None for a static list. Raises Invalid."""
    if given.kind == "dynamic":
        if given.criteria is None:
            raise Invalid({"criteria": "This is needed."})
        return ast.read(given.criteria)
    if given.criteria is not None:
        raise Invalid({"criteria": "A static list has no rules; its members are named."})
    return None


def _set_rules(row: Segment, tree: ast.Group) -> None:
    node = resolve(tree, vocabulary(row.workspace_id, tree))
    row.criteria = ast.dump(tree)
    row.reads = sorted(nodes.reads(node))
    row.follows_time = nodes.depends_on_time(node)
    row.filled_at = row.problem = None


def _change_rules(row: Segment, criteria: Any) -> bool:
    if row.kind == SegmentKind.STATIC:
        raise Invalid({"criteria": "A static list has no rules; its members are named."})
    tree = ast.read(criteria)
    if ast.dump(tree) == row.criteria and row.problem is None:
        return False
    _set_rules(row, tree)
    _link(row, tree)
    return True


def _link(row: Segment, tree: ast.Group) -> None:
    """Note which segments a tree names. Raises Invalid at the rule through which the segment would name itself."""
    _lock_graph(row.workspace_id)
    mine = (SegmentLink.workspace_id == row.workspace_id, SegmentLink.segment_id == row.id)
    session().execute(sa.delete(SegmentLink).where(*mine))
    edges = segments.links(row.workspace_id)
    errors = {}
    for path, rule in ast.rules_with_paths(tree):
        if isinstance(rule, ast.SegmentRule) and row.id in segments.reachable([rule.segment], edges):
            itself = rule.segment == row.id
            errors[f"{path}.segment"] = (
                "A segment cannot name itself." if itself else "That segment names this one, directly or through others."
            )
    if errors:
        raise Invalid(errors)
    rows = [{"workspace_id": row.workspace_id, "segment_id": row.id, "names_id": named} for named in sorted(ast.named_segments(tree))]
    if rows:
        session().execute(sa.insert(SegmentLink), rows)


def _lock_graph(workspace_id: int) -> None:
    """Wait for others who change which segment names which: two halves of a circle may be saved at the same moment."""
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(_GRAPH, workspace_id)))


def _begin_reading(workspace_id: int) -> None:
    """Read the news of customers from here on, before anybody is put into the first segment."""
    row = insert(SegmentCursor).values(workspace_id=workspace_id, xid=horizon(), read_at=now())
    session().execute(row.on_conflict_do_nothing())


def _check_room(workspace_id: int) -> None:
    count = session().scalar(sa.select(sa.func.count()).where(Segment.workspace_id == workspace_id)) or 0
    if count >= MOST:
        raise Invalid({"": f"{MOST:,} segments are the most."})


@contextmanager
def _unique_name() -> Iterator[None]:
    try:
        with session().begin_nested():
            yield
    except IntegrityError as problem:
        if getattr(getattr(problem.orig, "diag", None), "constraint_name", None) != "uq_segments_name":
            raise
        raise Invalid({"name": "Another segment has this name."}) from problem


def _state(row: Segment) -> dict[str, Any]:
    return {"name": row.name, "description": row.description, "criteria": row.criteria}


def _subject(row: Segment) -> tuple[str, int, str]:
    return ("segment", row.id, row.name)
