"""Segments themselves: lists, names, and which names which."""

import heapq
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from app.core.db import after, decode_cursor, encode_cursor, get, session
from app.segments.models import Segment, SegmentLink, SegmentMember


def get_segment(workspace_id: int, segment_id: int) -> Segment:
    """Return a segment. Raises NotFound."""
    return get(Segment, workspace_id, segment_id)


def page(workspace_id: int, cursor: str | None, limit: int, words: str = "") -> tuple[Sequence[Segment], str | None]:
    """Return segments in the order of their names, and the cursor of the next page."""
    name = sa.func.lower(Segment.name)
    wanted = sa.select(Segment).where(Segment.workspace_id == workspace_id).order_by(name, Segment.id).limit(limit + 1)
    if words:
        wanted = wanted.where(name.contains(words.lower(), autoescape=True))
    if cursor:
        wanted = wanted.where(after([(name, False), (Segment.id, False)], decode_cursor(cursor, [str, int])))
    rows = session().scalars(wanted).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], encode_cursor([last.name.lower(), last.id]) if last else None


def links(workspace_id: int) -> list[tuple[int, int]]:
    """Return (segment, the one it names) of a workspace."""
    wanted = sa.select(SegmentLink.segment_id, SegmentLink.names_id).where(SegmentLink.workspace_id == workspace_id)
    return [(row[0], row[1]) for row in session().execute(wanted)]


def named_by(workspace_id: int, segment_id: int) -> Sequence[Segment]:
    """Return the segments whose rules name this one, by name."""
    theirs = sa.select(SegmentLink.segment_id).where(SegmentLink.workspace_id == workspace_id, SegmentLink.names_id == segment_id)
    wanted = sa.select(Segment).where(Segment.workspace_id == workspace_id, Segment.id.in_(theirs))
    return session().scalars(wanted.order_by(sa.func.lower(Segment.name))).all()


def use_counts(workspace_id: int, ids: Collection[int]) -> dict[int, int]:
    """Return how many segments name each of these."""
    counted = sa.select(SegmentLink.names_id, sa.func.count())
    wanted = counted.where(SegmentLink.workspace_id == workspace_id, SegmentLink.names_id.in_(ids))
    return {row[0]: row[1] for row in session().execute(wanted.group_by(SegmentLink.names_id))}


def count(workspace_id: int) -> int:
    """Return how many segments there are."""
    return session().scalar(sa.select(sa.func.count()).where(Segment.workspace_id == workspace_id)) or 0


def named_like(workspace_id: int, words: str, limit: int = 5) -> Sequence[Segment]:
    """Return segments with these letters in their name, for the search over everything."""
    wanted = sa.select(Segment).where(Segment.workspace_id == workspace_id)
    found = wanted.where(sa.func.lower(Segment.name).contains(words.lower(), autoescape=True))
    return session().scalars(found.order_by(sa.func.lower(Segment.name)).limit(limit)).all()


def reading(workspace_id: int, what: str) -> Sequence[Segment]:
    """Return the segments whose rules look at a field path, `activity:<kind>` or `segment:<id>`."""
    wanted = sa.select(Segment).where(Segment.workspace_id == workspace_id, Segment.reads.contains([what]))
    return session().scalars(wanted.order_by(sa.func.lower(Segment.name))).all()


def in_order(ids: Collection[int], edges: Collection[tuple[int, int]]) -> list[int]:
    """Sort segments so that each comes after those it names, ties by id: the one order in which they are locked and filled."""
    waits: dict[int, set[int]] = {found: set() for found in ids}
    for segment, named in edges:
        if segment in waits and named in waits:
            waits[segment].add(named)
    ready = [found for found, names in waits.items() if not names]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        done = heapq.heappop(ready)
        order.append(done)
        for found, names in waits.items():
            if done in names:
                names.remove(done)
                if not names:
                    heapq.heappush(ready, found)
    return order


def reachable(start: Collection[int], edges: Collection[tuple[int, int]]) -> set[int]:
    """Return the segments that are named, directly or through others, by those in `start`, and these themselves."""
    names: dict[int, list[int]] = {}
    for segment, named in edges:
        names.setdefault(segment, []).append(named)
    found: set[int] = set()
    waiting = list(start)
    while waiting:
        segment = waiting.pop()
        if segment not in found:
            found.add(segment)
            waiting += names.get(segment, [])
    return found


def containing(workspace_id: int, customer_id: int) -> Sequence[Segment]:
    """Return the segments a customer is in, by name: one look-up by key for each segment of the workspace."""
    member = sa.exists().where(SegmentMember.segment_id == Segment.id, SegmentMember.customer_id == customer_id)
    return session().scalars(sa.select(Segment).where(Segment.workspace_id == workspace_id, member).order_by(Segment.name)).all()
