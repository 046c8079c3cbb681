"""Counting who fits. One `now` for the whole evaluation; settings of the planner for the length of the transaction."""

import json
import random
from collections.abc import Sequence

import sqlalchemy as sa

from app.core import redis
from app.core.db import session
from app.customers.models import Customer, CustomerChange
from app.segments.compiler import Scope, chained_sets, of_leaf, reads_only_sets, select_customers
from app.segments.nodes import Node
from app.segments.queries.statements import estimate

FEW = 0.1
"""A rule that fits less than this share of all customers is looked up id by id; above, reading the whole table is faster."""
CAME, WENT = "*", "-"
"""What a note of change says of a customer who was created, or erased."""
_TOTAL_KEPT = 60  # seconds


def prepare() -> None:
    """Set the planner up for large questions until the transaction ends.

    Lists inside an OR are hashed in memory (40 MB for a million ids) or, where they do not fit `work_mem`, searched again for
    every customer, which never ends. Compiling a plan to machine code takes longer than most of these statements.
    """
    session().execute(sa.text("select set_config('work_mem', '64MB', true), set_config('jit', 'off', true)"))


def rarest(node: Node, scope: Scope) -> str | None:
    """Return the path of the rule on another table that the planner expects to fit fewest people, if they are few enough."""
    if scope.among is not None or reads_only_sets(node):
        return None
    expected = {leaf.path: estimate(of_leaf(leaf, scope).ids) for leaf in chained_sets(node)}
    if not expected:
        return None
    everybody = estimate(sa.select(Customer.id).where(Customer.workspace_id == scope.workspace_id))
    path = min(expected, key=lambda found: expected[found])
    return path if expected[path] < FEW * everybody else None


def fitting(node: Node, scope: Scope) -> sa.Select[int]:
    """Return the select of everybody who fits, in the shape that promises to be fastest."""
    return select_customers(node, Scope(scope.workspace_id, scope.moment, scope.among, rarest(node, scope)))


def count(node: Node, scope: Scope) -> int:
    """Count who fits."""
    found = fitting(node, scope).subquery()
    return int(session().scalar(sa.select(sa.func.count()).select_from(found)) or 0)


def sample(node: Node, scope: Scope, size: int, seed: int) -> Sequence[int]:
    """Return some who fit: from a random customer on, in the order of their ids, and round again."""
    found = fitting(node, scope).subquery()
    start = _somewhere(scope.workspace_id, seed)
    column = found.c.customer_id
    here = session().scalars(sa.select(column).where(column >= start).order_by(column).limit(size)).all()
    if len(here) < size:
        before = sa.select(column).where(column < start).order_by(column).limit(size - len(here))
        here = [*here, *session().scalars(before)]
    return here


def _somewhere(workspace_id: int, seed: int) -> int:
    first, last = (
        session().execute(sa.select(sa.func.min(Customer.id), sa.func.max(Customer.id)).where(Customer.workspace_id == workspace_id)).one()
    )
    return random.Random(seed).randint(first, last) if seed and last else 0  # noqa: S311 (which ten are shown)


def total(workspace_id: int) -> int:
    """Count all customers of a workspace, exactly.

    At a million that takes as long as some rules, so the count is kept for a minute with the snapshot in which it was
    taken, and believed while no customer has come or gone since.
    """
    key = f"fl:segments:total:{workspace_id}"
    kept = _recall(key)
    if kept is not None and not _came_or_went(workspace_id, kept[1]):
        return kept[0]
    counted = sa.select(sa.func.count(), sa.cast(sa.func.pg_current_snapshot(), sa.Text)).where(Customer.workspace_id == workspace_id)
    number, snapshot = session().execute(counted).one()
    _remember(key, (int(number), snapshot))
    return int(number)


def _came_or_went(workspace_id: int, snapshot: str) -> bool:
    seen = sa.cast(snapshot, sa.Text).op("::")(sa.literal_column("pg_snapshot"))
    news = sa.select(sa.literal(1)).where(
        CustomerChange.workspace_id == workspace_id,
        CustomerChange.xid >= sa.func.pg_snapshot_xmin(seen),
        ~sa.func.pg_visible_in_snapshot(CustomerChange.xid, seen),
        CustomerChange.fields.overlap([CAME, WENT]),
    )
    return bool(session().scalar(sa.select(sa.exists(news))))


def _recall(key: str) -> tuple[int, str] | None:
    try:
        kept = redis.client().get(key)
    except redis.Error:
        return None
    return tuple(json.loads(kept)) if kept else None


def _remember(key: str, value: tuple[int, str]) -> None:
    try:
        redis.client().set(key, json.dumps(value), ex=_TOTAL_KEPT)
    except redis.Error:
        return
