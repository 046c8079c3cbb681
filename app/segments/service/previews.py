"""Trying out a tree before it is saved: how many, which part how many, who, and why."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import sqlalchemy as sa

from app.core.db import session, time_limit
from app.core.errors import Unavailable
from app.core.time import now
from app.customers.models import Customer
from app.customers.queries.lists import Row, load
from app.segments import ast, nodes
from app.segments.compiler import Scope
from app.segments.evaluate import Verdict, explain
from app.segments.models import Segment
from app.segments.queries import counting, people
from app.segments.queries.words import vocabulary
from app.segments.resolve import resolve
from app.segments.vocabulary import Moment, Vocabulary

LIMIT = 10
"""Seconds that a live count may take."""
PARTS_LIMIT = 8
"""Seconds for the counts of all parts together."""
TOO_LONG = f"Counting takes longer than {LIMIT} seconds. Save the segment: its members are then found in the background."


@dataclass(frozen=True, slots=True)
class Tried:
    """A tree with its meaning, ready to be asked."""

    node: nodes.Node
    words: Vocabulary
    scope: Scope


@dataclass(frozen=True, slots=True)
class Part:
    """How many fit a rule or group; how many a NOT takes from its group. None where time ran out."""

    count: int | None
    takes: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """How many fit, of how many; milliseconds; parts by path if they were asked for."""

    count: int
    total: int
    took_ms: int
    parts: dict[str, Part] | None = None


def read(workspace_id: int, criteria: Any) -> Tried:
    """Check a tree and make it ready. Raises Invalid, and Unavailable while a segment it names is still being filled."""
    tree = ast.read(criteria)
    words = vocabulary(workspace_id, tree)
    node = resolve(tree, words)
    _check_filled(workspace_id, words)
    return Tried(node, words, Scope(workspace_id, Moment(now(), words.zone)))


def preview(workspace_id: int, criteria: Any, *, parts: bool = False) -> Preview:
    """Count who fits. Raises Invalid, and Unavailable where counting takes longer than LIMIT."""
    tried = read(workspace_id, criteria)
    began = perf_counter()
    with asking():
        count = counting.count(tried.node, tried.scope)
    took = round(1000 * (perf_counter() - began))
    total = counting.total(workspace_id)
    return Preview(count, total, took, count_parts(tried, count) if parts else None)


def count_parts(tried: Tried, whole: int) -> dict[str, Part]:
    """Count every rule and group by itself, as far as PARTS_LIMIT reaches; `whole` is the count of the tree itself."""
    found: dict[str, Part] = {tried.node.path: Part(whole)}
    until = perf_counter() + PARTS_LIMIT
    for node in nodes.walk(tried.node):
        if node is not tried.node:
            found[node.path] = Part(_in_time(node, tried.scope, until))
    for group in nodes.walk(tried.node):
        rest = _without_not(group)
        if rest is None or found[group.path].count is None:
            continue
        there = _in_time(rest, tried.scope, until)
        for child in nodes.children(group):
            if isinstance(child, nodes.Not) and there is not None:
                found[child.path] = Part(found[child.path].count, there - (found[group.path].count or 0))
    return found


def sample(workspace_id: int, tried: Tried, size: int = 10, seed: int = 0) -> Sequence[Row]:
    """Return some customers who fit, with their figures; another `seed` gives others. Raises Unavailable."""
    with asking():
        ids = counting.sample(tried.node, tried.scope, size, seed)
    return load(workspace_id, ids)


def why(workspace_id: int, tried: Tried, customer_id: int) -> tuple[Customer, Verdict]:
    """Return a customer and the verdict on each part of the tree. Raises NotFound."""
    row, person = people.person(workspace_id, customer_id, tried.node, tried.scope.moment)
    return row, explain(tried.node, person, tried.scope.moment)


def mailable(tried: Tried) -> int:
    """Count who fits and has agreed to be written to by e-mail."""
    consent = nodes.FieldTest("consent", tried.words.fields["consent.email"], "eq", "subscribed")
    address = nodes.FieldTest("address", tried.words.fields["email"], "exists", None)
    with asking():
        return counting.count(nodes.All("", (tried.node, consent, address)), tried.scope)


def since_saved(tried: Tried, segment: Segment) -> tuple[int, int]:
    """Return how many of those who fit are not members of the saved segment, and how many members do not fit."""
    with asking():
        stay, come = (
            counting.count(nodes.All("", (tried.node, nodes.MemberTest("saved", segment.id, inside))), tried.scope)
            for inside in (True, False)
        )
    return come, segment.members - stay


@contextmanager
def asking() -> Iterator[None]:
    """Ask large questions with a limit on their time."""
    with time_limit(LIMIT, TOO_LONG):
        counting.prepare()
        yield


def _check_filled(workspace_id: int, words: Vocabulary) -> None:
    if words.segments:
        waiting = sa.select(Segment.name).where(
            Segment.workspace_id == workspace_id, Segment.id.in_(words.segments), Segment.filled_at.is_(None)
        )
        name = session().scalars(waiting.limit(1)).first()
        if name is not None:
            raise Unavailable(f"The members of “{name}” are still being found. Try again in a moment.")


def _in_time(node: nodes.Node, scope: Scope, until: float) -> int | None:
    left = until - perf_counter()
    if left <= 0:
        return None
    try:
        with time_limit(left, TOO_LONG):
            counting.prepare()
            return counting.count(node, scope)
    except Unavailable:
        return None


def _without_not(group: nodes.Node) -> nodes.Node | None:
    """Return a group of ANDs without the NOTs in it, if it has both."""
    if not isinstance(group, nodes.All):
        return None
    rest = tuple(child for child in group.children if not isinstance(child, nodes.Not))
    return nodes.All(group.path, rest) if rest and len(rest) < len(group.children) else None
