"""A tree resolved against a vocabulary: names looked up, values typed, paths kept. Compiler, evaluator and words read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.customers.values import FieldInfo
from app.segments.operators import DAYS
from app.segments.vocabulary import Kind

Scalar = str | bool | int | Decimal | date | datetime
Value = Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True, slots=True)
class FieldTest:
    """A comparison of a field. `value` has the field's type; a tuple for between, in and lists; days for relative times."""

    path: str
    field: FieldInfo
    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class DataTest:
    """A comparison with one entry of an activity's data; its type is that of the value."""

    key: str
    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class ActivityTest:
    """How often somebody did something. `low` and `high` bound the count, `high` None means no upper bound."""

    path: str
    kind: Kind
    op: str
    low: int
    high: int | None
    within_days: int | None = None
    after: date | datetime | None = None
    before: date | datetime | None = None
    source: int | None = None
    where: tuple[DataTest, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberTest:
    """Being a member of another segment (`inside`) or not."""

    path: str
    segment: int
    inside: bool


@dataclass(frozen=True, slots=True)
class All:
    """True where all children are."""

    path: str
    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """True where at least one child is."""

    path: str
    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The exact complement of its child."""

    path: str
    child: "Node"


Leaf = FieldTest | ActivityTest | MemberTest
Node = All | Any | Not | Leaf


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a group; none for a leaf."""
    if isinstance(node, All | Any):
        return node.children
    return (node.child,) if isinstance(node, Not) else ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, outermost first."""
    yield node
    for child in children(node):
        yield from walk(child)


def depends_on_time(node: Node) -> bool:
    """Tell whether people move in or out while nothing about them changes."""
    return any(
        (isinstance(part, FieldTest) and part.op in DAYS) or (isinstance(part, ActivityTest) and part.within_days is not None)
        for part in walk(node)
    )


def reads(node: Node) -> set[str]:
    """Return what a tree looks at: field paths, `activity:<kind id>`, `segment:<id>`."""
    found: set[str] = set()
    for part in walk(node):
        if isinstance(part, FieldTest):
            found.add(part.field.path)
        elif isinstance(part, ActivityTest):
            found.add(f"activity:{part.kind.id}")
        elif isinstance(part, MemberTest):
            found.add(f"segment:{part.segment}")
    return found
