"""The tree on one person, in Python: the same answer as its SQL, and why. Property tests hold the two together."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.customers.values import PREFIX
from app.segments import nodes
from app.segments.intervals import of_activities, of_dates, of_times
from app.segments.operators import COMPLEMENTS
from app.segments.values import fold
from app.segments.vocabulary import Moment

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person did."""

    kind: int
    occurred_at: datetime
    source_id: int | None = None
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """All that a tree may look at. `consents` by channel, `segments` the ids of those they are a member of."""

    profile: Mapping[str, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)
    consents: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    activities: Sequence[Act] = ()
    segments: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a part of the tree fits, what was found (a value, or how often), and the same for its parts."""

    node: nodes.Node
    fits: bool
    found: Any = None
    parts: tuple["Verdict", ...] = ()


def fits(node: nodes.Node, person: Person, moment: Moment) -> bool:
    """Tell whether a person fits a tree at a moment."""
    return explain(node, person, moment).fits


def explain(node: nodes.Node, person: Person, moment: Moment) -> Verdict:
    """Return the verdict on each part of a tree."""
    if isinstance(node, nodes.FieldTest):
        value = value_of(node, person)
        return Verdict(node, _field(node, value, moment), value)
    if isinstance(node, nodes.ActivityTest):
        count = sum(1 for _ in counted(node, person, moment))
        return Verdict(node, node.low <= count and (node.high is None or count <= node.high), count)
    if isinstance(node, nodes.MemberTest):
        inside = node.segment in person.segments
        return Verdict(node, inside == node.inside, inside)
    parts = tuple(explain(child, person, moment) for child in nodes.children(node))
    if isinstance(node, nodes.Not):
        return Verdict(node, not parts[0].fits, None, parts)
    combine = all if isinstance(node, nodes.All) else any
    return Verdict(node, combine(part.fits for part in parts), None, parts)


def value_of(test: nodes.FieldTest, person: Person) -> Any:
    """Return a field's value with the field's type, or None where it is missing or of another type."""
    info = test.field
    if info.source == "tags":
        return list(person.tags) or None
    if info.source == "custom":
        return _TYPED[info.type](person.attributes.get(info.path.removeprefix(PREFIX)))
    kept = {"profile": person.profile, "stats": person.stats, "consent": person.consents}[info.source]
    return _TYPED[info.type](kept.get(info.key))


def counted(test: nodes.ActivityTest, person: Person, moment: Moment) -> list[Act]:
    """Return the acts that a rule counts."""
    window = of_activities(test, moment)
    return [
        act
        for act in person.activities
        if act.kind == test.kind.id
        and (test.source is None or act.source_id == test.source)
        and window.holds(act.occurred_at)
        and all(_data(condition, act.data or {}) for condition in test.where)
    ]


def _field(test: nodes.FieldTest, value: Any, moment: Moment) -> bool:
    if test.op in COMPLEMENTS:
        positive = nodes.FieldTest(test.path, test.field, COMPLEMENTS[test.op], test.value)
        return not _field(positive, value, moment)
    if value is None:
        return False
    if test.op == "exists":
        return True
    if test.op == "anniversary_next_days":
        return f"{value:%m-%d}" in moment.coming_days(int(test.value))  # type: ignore[arg-type]
    if test.field.type == "date":
        return of_dates(test, moment).holds(value)
    if test.field.type == "datetime":
        return of_times(test, moment).holds(value)
    if test.field.type == "list":
        return _list(test.op, value, test.value)
    if test.field.path == "email":
        value = fold(value)
    return _compare(test.op, value, test.value)


def _list(op: str, value: list[Any], wanted: Any) -> bool:
    has = {entry for entry in value if isinstance(entry, str)}
    asked = {wanted} if op == "contains" else set(wanted)
    return asked <= has if op == "all_of" else bool(asked & has)


def _compare(op: str, value: Any, wanted: Any) -> bool:
    return _COMPARE[op](value, wanted)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "between": lambda a, b: b[0] <= a <= b[1],
    "in": lambda a, b: a in b,
    "contains": lambda a, b: fold(b) in fold(a),
    "starts_with": lambda a, b: fold(a).startswith(fold(b)),
    "ends_with": lambda a, b: fold(a).endswith(fold(b)),
}


def _data(test: nodes.DataTest, data: Mapping[str, Any]) -> bool:
    if test.op in COMPLEMENTS:
        return not _data(nodes.DataTest(test.key, COMPLEMENTS[test.op], test.value), data)
    value = data.get(test.key)
    if test.op == "exists":
        return value is not None
    if test.op == "in":
        return any(_same(value, wanted) for wanted in test.value)  # type: ignore[union-attr]
    if test.op == "eq":
        return _same(value, test.value)
    typed = _text(value) if test.op in ("contains", "starts_with", "ends_with") else _number(value)
    return typed is not None and _compare(test.op, typed, test.value)


def _same(value: Any, wanted: Any) -> bool:
    """Compare as JSON does: 1 is not true, 1 is 1.0."""
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, str):
        return isinstance(value, str) and value == wanted
    number = _number(value)
    return number is not None and number == wanted


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return Decimal(str(value))


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    return date.fromisoformat(value) if isinstance(value, str) and _DATE.fullmatch(value) else None


def _datetime(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _entries(value: Any) -> list[Any] | None:
    return list(value) or None if isinstance(value, list | tuple) else None


_TYPED: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "money": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "list": _entries,
}
