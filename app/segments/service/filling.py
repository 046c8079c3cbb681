"""Members follow the rules: the first filling, then differences only.

Who writes members of a segment holds its row. Rows are locked in one order (`queries.segments.in_order`), so that a refresh and
the reading of news never wait for each other in a circle.
"""

from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import find, get, session, time_limit
from app.core.errors import Conflict, Invalid
from app.core.time import now
from app.customers.models import Customer
from app.events.service import publish
from app.segments import ast, nodes
from app.segments.compiler import Scope, reads_only_sets
from app.segments.events import SegmentRefreshed
from app.segments.models import Cause, Segment, SegmentCount, SegmentKind, SegmentMember, SegmentMove
from app.segments.queries import counting, segments
from app.segments.queries.statements import keep
from app.segments.queries.words import vocabulary, zone
from app.segments.resolve import resolve
from app.segments.vocabulary import Moment, Vocabulary

Table = Any
MANY = 1_000
"""Moves from which on the planner is told how many there are."""
ASKED_FIRST = 100_000
"""Up to so many who fit it is asked first whether anybody moved at all: often nobody has, and a table for them costs more than the question."""
AT_MOST = 60
"""Seconds that one statement of a refresh may take while a person waits."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The number of members, and how many entered and left."""

    count: int
    entered: int
    left: int


def refresh(workspace_id: int, segment_id: int) -> Refreshed:
    """Make the members of a segment those who fit now, writing only the difference.

    Segments that it names and that are not filled yet are filled first. A static list is left as it is. Raises NotFound, and
    Conflict where the rules cannot be read any more.
    """
    segment = get(Segment, workspace_id, segment_id)
    if segment.kind == SegmentKind.STATIC:
        return Refreshed(segment.members, 0, 0)
    edges = segments.links(workspace_id)
    for needed in segments.in_order(segments.reachable([segment_id], edges), edges):
        row = get(Segment, workspace_id, needed, lock=True)
        if needed == segment_id:
            return fill(row)
        if row.filled_at is None and row.kind == SegmentKind.DYNAMIC:
            fill(row)
    raise Conflict(f"The segment “{segment.name}” names itself through others.")  # pragma: no cover (refused when saved)


def refresh_now(workspace_id: int, segment_id: int) -> Refreshed:
    """Refresh while a person waits. Raises Unavailable where one statement takes longer than AT_MOST."""
    with time_limit(AT_MOST, f"Finding the members takes longer than {AT_MOST} seconds; it goes on in the background within the hour."):
        return refresh(workspace_id, segment_id)


def refresh_or_note(workspace_id: int, segment_id: int) -> None:
    """Refresh in the background: a segment that is gone is left alone, rules that do not hold any more are noted on it."""
    if find(Segment, workspace_id, segment_id) is None:
        return
    try:
        refresh(workspace_id, segment_id)
    except Conflict as problem:
        get(Segment, workspace_id, segment_id).problem = problem.reason
        session().flush()


def is_unfilled(workspace_id: int, segment_id: int) -> bool:
    """Tell whether a segment is there and its members have not been found yet."""
    row = find(Segment, workspace_id, segment_id)
    return row is not None and row.filled_at is None


def fill(segment: Segment) -> Refreshed:
    """Fill or refresh one dynamic segment, whose row the caller has locked. Raises Conflict."""
    began = perf_counter()
    node, words = meaning(segment)
    moment = Moment(now(), words.zone)
    counting.prepare()
    answer, count = keep("segment_answer", counting.fitting(node, Scope(segment.workspace_id, moment)), analyze_from=ASKED_FIRST)
    first = segment.filled_at is None and not _has_members(segment.id)
    if first:
        entered = count = _first(segment, answer, node, moment.now)
        left = 0
    else:
        cause = Cause.RULES if segment.filled_at is None else Cause.TIME if segment.follows_time else Cause.CHANGE
        entered, left, ghosts = _difference(segment, answer, count, node, cause, moment.now)
        count -= ghosts
    segment.took_ms = round(1000 * (perf_counter() - began))
    segment.filled_at, segment.refreshed_at, segment.problem = segment.filled_at or moment.now, moment.now, None
    record(segment, count, 0 if first else entered, left, moment.now, spread=False)
    return Refreshed(count, entered, left)


def read(segment: Segment) -> nodes.Node:
    """Return what a segment's rules mean today. Raises Conflict where something they name is gone."""
    return meaning(segment)[0]


def meaning(segment: Segment) -> tuple[nodes.Node, Vocabulary]:
    """Return what a segment's rules mean today, and the words they are read with. Raises Conflict."""
    try:
        tree = ast.read(segment.criteria)
        words = vocabulary(segment.workspace_id, tree)
        return resolve(tree, words), words
    except Invalid as problem:
        where, why = next(iter(problem.errors.items()))
        raise Conflict(f"The rules of “{segment.name}” do not hold any more: {why} ({where})") from problem


def moment_of(workspace_id: int) -> Moment:
    """Return this moment in the workspace's zone."""
    return Moment(now(), zone(workspace_id))


def record(segment: Segment, count: int, entered: int, left: int, at: datetime, *, spread: bool) -> None:
    """Note the number of members, the hour's coming and going, and tell the rooms above.

    Those who are in a segment from its first filling on did not enter it: they count as nobody's move.
    """
    segment.members = count
    hour = at.replace(minute=0, second=0, microsecond=0)
    row = insert(SegmentCount).values(segment_id=segment.id, hour=hour, members=count, entered=entered, left=left)
    sums = {"members": count, "entered": SegmentCount.entered + entered, "left": SegmentCount.left + left}
    session().execute(row.on_conflict_do_update(index_elements=["segment_id", "hour"], set_=sums))
    session().flush()
    if entered or left or segment.filled_at == at:
        publish(SegmentRefreshed(segment.workspace_id, segment.id, count, entered, left, spread))


def _has_members(segment_id: int) -> bool:
    return bool(session().scalar(sa.select(sa.exists().where(SegmentMember.segment_id == segment_id))))


def _first(segment: Segment, answer: Table, node: nodes.Node, at: datetime) -> int:
    """Fill an empty segment. ON CONFLICT rather than NOT EXISTS: the latter is planned for an empty table and turns quadratic."""
    rows = sa.select(sa.literal(segment.id), answer.c.customer_id, sa.literal(at))
    if reads_only_sets(node):
        rows = rows.where(_is_here(segment.workspace_id, answer.c.customer_id))
    statement = insert(SegmentMember).from_select(["segment_id", "customer_id", "entered_at"], rows).on_conflict_do_nothing()
    return _rows(statement)


def _difference(segment: Segment, answer: Table, size: int, node: nodes.Node, cause: Cause, at: datetime) -> tuple[int, int, int]:
    """Write who came and went; return how many entered and left, and how many ids of the answer, of this `size`, belong to nobody."""
    moved, count = _moved(segment.id, answer, size)
    if not count:
        return 0, 0, 0
    ghosts = 0
    if reads_only_sets(node):
        gone = sa.delete(moved).where(moved.c.entered, ~_is_here(segment.workspace_id, moved.c.customer_id))
        ghosts = _rows(gone)
    mine = SegmentMember.segment_id == segment.id
    left = _rows(sa.delete(SegmentMember).where(mine, SegmentMember.customer_id == moved.c.customer_id, ~moved.c.entered))
    came = sa.select(sa.literal(segment.id), moved.c.customer_id, sa.literal(at)).where(moved.c.entered)
    entered = _rows(insert(SegmentMember).from_select(["segment_id", "customer_id", "entered_at"], came).on_conflict_do_nothing())
    both = sa.select(sa.literal(segment.id), moved.c.customer_id, moved.c.entered, sa.literal(int(cause)), sa.literal(at))
    session().execute(sa.insert(SegmentMove).from_select(["segment_id", "customer_id", "entered", "cause", "moved_at"], both))
    return entered, left, ghosts


def _moved(segment_id: int, answer: Table, size: int) -> tuple[Table, int]:
    """Compare an answer with the members. Hash joins only: a nested loop chosen for a segment the planner has not met yet is quadratic."""
    member = SegmentMember.__table__
    mine = member.c.segment_id == segment_id
    fits = sa.exists().where(answer.c.customer_id == member.c.customer_id)
    known = sa.exists().where(mine, member.c.customer_id == answer.c.customer_id)
    gone = sa.select(member.c.customer_id, sa.false().label("entered")).where(mine, ~fits)
    came = sa.select(answer.c.customer_id, sa.true().label("entered")).where(~known)
    session().execute(sa.text("set local enable_nestloop to off"))
    moves = sa.union_all(gone, came)
    moved, count = answer, 0
    if size > ASKED_FIRST or session().execute(moves.limit(1)).first():
        columns = (sa.column("customer_id", sa.BigInteger), sa.column("entered", sa.Boolean))
        moved, count = keep("segment_moved", moves, *columns, analyze_from=MANY)
    session().execute(sa.text("set local enable_nestloop to on"))
    return moved, count


def _is_here(workspace_id: int, column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Tell whether an id still belongs to a customer: activities of somebody just deleted may arrive later."""
    return sa.exists().where(Customer.workspace_id == workspace_id, Customer.id == column)


def _rows(statement: Any) -> int:
    result: Any = session().execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
