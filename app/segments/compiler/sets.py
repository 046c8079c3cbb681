"""Rules about other tables as sets of customer ids: activities, computed columns, consent, members of segments.

Each set is a select over the index made for it. A rule that speaks of people *without* something is the complement of such
a set (`inside` False), so that a person without any row falls on the right side.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.customers.models import Activity, Consent, CustomerStats
from app.customers.models.consent import EVERY_TOPIC
from app.segments.compiler.attributes import of_data
from app.segments.compiler.columns import interval, of_column
from app.segments.intervals import of_activities
from app.segments.models import SegmentMember
from app.segments.nodes import ActivityTest, DataTest, FieldTest, Leaf, MemberTest
from app.segments.operators import COMPLEMENTS
from app.segments.vocabulary import Moment

Ids = sa.Select[int]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where and when a tree is evaluated.

    `among` restricts it to the ids in a (temporary) table with `customer_id`. `first` names by path the one rule whose few
    ids are better looked up one by one than joined (see `queries.counting.rarest`).
    """

    workspace_id: int
    moment: Moment
    among: sa.FromClause | None = None
    first: str | None = None

    def within(self, column: sa.SQLColumnExpression[int]) -> tuple[sa.ColumnElement[bool], ...]:
        """Return the restriction to `among`, if there is one."""
        return () if self.among is None else (column.in_(sa.select(self.among.c.customer_id)),)


@dataclass(frozen=True, slots=True)
class IdSet:
    """Customers in (`inside`) or not in a select of ids; `unique` where no id comes twice."""

    ids: Ids
    inside: bool
    unique: bool = True


def is_set(leaf: Leaf) -> bool:
    """Tell whether a rule is about another table than customers."""
    return not isinstance(leaf, FieldTest) or leaf.field.source in ("stats", "consent")


def of_leaf(leaf: Leaf, scope: Scope) -> IdSet:
    """Return the set of a rule for which `is_set` holds."""
    if isinstance(leaf, ActivityTest):
        return _activities(leaf, scope)
    if isinstance(leaf, MemberTest):
        ids = sa.select(SegmentMember.customer_id).where(SegmentMember.segment_id == leaf.segment, *scope.within(SegmentMember.customer_id))
        return IdSet(ids, leaf.inside)
    return _row(leaf, scope)


def positive(test: FieldTest) -> tuple[FieldTest, bool]:
    """Return the comparison whose complement `test` is and False, or `test` itself and True."""
    if test.op not in COMPLEMENTS:
        return test, True
    return FieldTest(test.path, test.field, COMPLEMENTS[test.op], test.value), False


def _row(leaf: FieldTest, scope: Scope) -> IdSet:
    """Return the set of a comparison with a computed column or a consent."""
    test, inside = positive(leaf)
    if test.field.source == "stats":
        ids = sa.select(CustomerStats.customer_id).where(
            CustomerStats.workspace_id == scope.workspace_id,
            of_column(CustomerStats.__table__.c[test.field.key], test, scope.moment),
            *scope.within(CustomerStats.customer_id),
        )
        return IdSet(ids, inside)
    ids = sa.select(Consent.customer_id).where(
        Consent.workspace_id == scope.workspace_id,
        Consent.channel == test.field.key,
        Consent.topic_id == EVERY_TOPIC,
        of_column(Consent.__table__.c.state, test, scope.moment),
        *scope.within(Consent.customer_id),
    )
    return IdSet(ids, inside)


def _activities(test: ActivityTest, scope: Scope) -> IdSet:
    """Return who did something often enough; *at most n times* is the complement of *at least n + 1 times*."""
    inside = test.low > 0
    exact = test.high if inside else None
    least = test.low if inside else (test.high or 0) + 1
    ids = sa.select(Activity.customer_id).where(*_which(test, scope))
    if least == 1 and exact is None:
        return IdSet(ids, inside, unique=False)
    times = sa.func.count()
    return IdSet(ids.group_by(Activity.customer_id).having(times == exact if exact else times >= least), inside)


def _which(test: ActivityTest, scope: Scope) -> list[sa.ColumnElement[bool]]:
    conditions: list[Any] = [Activity.workspace_id == scope.workspace_id, Activity.kind == test.kind.id]
    if test.source is not None:
        conditions.append(Activity.source_id == test.source)
    window = of_activities(test, scope.moment)
    if window.low is not None or window.high is not None:
        conditions.append(interval(Activity.__table__.c.occurred_at, window))
    conditions += [_data(condition) for condition in test.where]
    return [*conditions, *scope.within(Activity.__table__.c.customer_id)]


def _data(test: DataTest) -> sa.ColumnElement[bool]:
    document = Activity.__table__.c.data
    if test.op in COMPLEMENTS:
        return of_data(document, DataTest(test.key, COMPLEMENTS[test.op], test.value)).is_not(sa.true())
    return of_data(document, test)
