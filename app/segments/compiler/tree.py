"""Groups of rules as one select of customer ids.

NOT is pushed down to the rules (De Morgan), where each knows its exact complement; so no NULL is ever negated and SQL's third
truth value cannot leak. Two shapes:

* A tree without rules on the profile whose answer is a set of ids (`opened 3 times`, and not a complement) never touches
  `customers`: index-only scans of activities, grouped.
* Any other tree selects from `customers`. Rules on other tables in a chain of ANDs become semi-joins and anti-joins; inside an
  OR they become hashed lists, which need `work_mem` (see `queries.prepare`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from app.customers.models import Customer
from app.customers.values import PREFIX
from app.segments.compiler import attributes, columns
from app.segments.compiler.sets import Ids, IdSet, Scope, is_set, of_leaf, positive
from app.segments.nodes import All, Any, FieldTest, Leaf, MemberTest, Node, Not, walk

__all__ = ["Scope", "chained_sets", "reads_only_sets", "select_customers"]

Condition = sa.ColumnElement[bool]
IdColumn = sa.ColumnElement[int]


def select_customers(node: Node, scope: Scope) -> Ids:
    """Return `select customer_id` of everybody who fits, each once."""
    builder = _Builder(scope)
    if reads_only_sets(node):
        found = builder.ids(node, inside=True)
        return found.ids if found.unique else found.ids.distinct()
    return sa.select(Customer.id.label("customer_id")).where(
        Customer.workspace_id == scope.workspace_id,
        *scope.within(Customer.__table__.c.id),
        builder.condition(node, Customer.__table__.c.id, inside=True, chained=True),
    )


def reads_only_sets(node: Node) -> bool:
    """Tell whether the answer comes from other tables alone, and so may hold ids of people deleted a moment ago."""
    profile = any(isinstance(part, FieldTest) and not is_set(part) for part in walk(node))
    return not profile and _closed(node, inside=True)


def chained_sets(node: Node, *, inside: bool = True) -> Iterator[Leaf]:
    """Yield the rules on other tables that everybody in the answer must fit: those below nothing but ANDs."""
    if isinstance(node, Not):
        yield from chained_sets(node.child, inside=not inside)
    elif isinstance(node, All | Any):
        every, parts = _parts(node, inside=inside)
        for part in parts if every or len(parts) == 1 else ():
            yield from chained_sets(part, inside=inside)
    elif is_set(node) and _inside(node) == inside:
        yield node


def _parts(node: All | Any, *, inside: bool) -> tuple[bool, tuple[Node, ...]]:
    """Tell whether a group, or its complement, asks for all of its parts."""
    return isinstance(node, All) == inside, node.children


def _closed(node: Node, *, inside: bool) -> bool:
    """Tell whether an answer can be read off other tables, without the list of all customers."""
    if isinstance(node, Not):
        return _closed(node.child, inside=not inside)
    if isinstance(node, All | Any):
        every, parts = _parts(node, inside=inside)
        closed = [_closed(part, inside=inside) for part in parts]
        return any(closed) if every else all(closed)
    return _inside(node) == inside


def _inside(leaf: Leaf) -> bool:
    """Tell whether a rule on another table asks for those in its set."""
    if isinstance(leaf, FieldTest):
        return positive(leaf)[1]
    return leaf.inside if isinstance(leaf, MemberTest) else leaf.low > 0


@dataclass(frozen=True, slots=True)
class _Builder:
    scope: Scope

    def ids(self, node: Node, *, inside: bool) -> IdSet:
        """Return the answer of a closed tree as a select of ids."""
        if isinstance(node, Not):
            return self.ids(node.child, inside=not inside)
        if not isinstance(node, All | Any):
            return of_leaf(node, self.scope)
        every, parts = _parts(node, inside=inside)
        if not every:
            union = sa.union_all(*(self.ids(part, inside=inside).ids for part in parts)).subquery()
            return IdSet(sa.select(union.c.customer_id), inside=True, unique=False)
        first = next(part for part in parts if _closed(part, inside=inside))
        driver = self.ids(first, inside=inside)
        found = driver.ids.subquery()
        rest = [self.condition(part, found.c.customer_id, inside=inside, chained=True) for part in parts if part is not first]
        return IdSet(sa.select(found.c.customer_id).where(*rest), inside=True, unique=driver.unique)

    def condition(self, node: Node, column: IdColumn, *, inside: bool, chained: bool) -> Condition:
        """Return the condition on a customer's id; `chained` while only ANDs are above."""
        if isinstance(node, Not):
            return self.condition(node.child, column, inside=not inside, chained=chained)
        if isinstance(node, All | Any):
            every, parts = _parts(node, inside=inside)
            each = [self.condition(part, column, inside=inside, chained=chained and every) for part in parts]
            return sa.and_(*each) if every else sa.or_(*each)
        if is_set(node):
            found = of_leaf(node, self.scope)
            if node.path == self.scope.first and found.inside == inside:
                return column == sa.any_(sa.func.array(found.ids.scalar_subquery()))
            return self.member(found, column, inside=inside, chained=chained)
        test, straight = positive(node)  # type: ignore[arg-type]
        condition = self.profile(test)
        return condition if straight == inside else condition.is_not(sa.true())

    def member(self, found: IdSet, column: IdColumn, *, inside: bool, chained: bool) -> Condition:
        """Return whether an id is in the set: joins where the planner can make them, else hashed lists."""
        if found.inside == inside:
            return column.in_(found.ids)
        if not chained:
            return column.not_in(found.ids)
        others = found.ids.subquery()
        return ~sa.exists(sa.select(sa.literal(1)).where(others.c.customer_id == column))

    def profile(self, test: FieldTest) -> Condition:
        """Return the condition of a positive comparison with the customer's own row."""
        table = Customer.__table__.c
        if test.field.source == "custom":
            return attributes.of_field(table.attributes, test.field.path.removeprefix(PREFIX), test, self.scope.moment)
        return columns.of_profile(table[test.field.path], test, self.scope.moment)
