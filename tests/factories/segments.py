"""Trees written short, a vocabulary to read them with, and segments in the database."""

import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.db import session
from app.customers.models import Activity, Customer
from app.customers.values import CONSENT, PROFILE, STATS, TAGS, FieldInfo
from app.segments import ast, nodes
from app.segments.models import Segment, SegmentMember, SegmentMove
from app.segments.resolve import resolve
from app.segments.schemas import MembersIn, SegmentIn, SegmentPatch
from app.segments.service import segments
from app.segments.vocabulary import Kind, Moment, Vocabulary

Rule = dict[str, Any]
SYSTEM = Actor.system("test")
_numbers = itertools.count(1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CUSTOM = {
    "plan": "text", "points": "number", "newsletter": "boolean", "renewal": "date", "seen": "datetime", "saved": "money", "likes": "list",
}  # fmt: skip
KINDS = {"sent": 1, "opened": 2, "clicked": 3, "bought": 4, "visited": 5}


def field(path: str, op: str, value: Any = None) -> Rule:
    return {"field": path, "op": op} | ({} if value is None else {"value": value})


def did(kind: str, op: str, times: int | None = None, **says: Any) -> Rule:
    return {"activity": kind, "op": op} | ({} if times is None else {"times": times}) | says


def member_of(segment: int, op: str = "in") -> Rule:
    return {"segment": segment, "op": op}


def every(*rules: Rule) -> Rule:
    return {"operator": "AND", "rules": list(rules)}


def either(*rules: Rule) -> Rule:
    return {"operator": "OR", "rules": list(rules)}


def negated(rule: Rule) -> Rule:
    return {"operator": "NOT", "rules": [rule]}


def vocabulary(**says: Any) -> Vocabulary:
    """Return a vocabulary with the built-in fields and one custom field of each type."""
    custom = [FieldInfo(f"fields.{key}", key.capitalize(), kind, "custom") for key, kind in CUSTOM.items()]
    given = {
        "fields": {info.path: info for info in (*PROFILE, TAGS, CONSENT, *STATS, *custom)},
        "kinds": {name: Kind(number, name, name) for name, number in KINDS.items()},
        "segments": {12: "Trail runners"},
        "sources": {7: "Spring newsletter"},
        "zone": ZoneInfo("Europe/Berlin"),
    }
    return Vocabulary(**given | says)


def tree(rules: Rule, words: Vocabulary | None = None) -> nodes.Node:
    """Read and resolve a tree."""
    return resolve(ast.read(rules), words or vocabulary())


def moment(now: datetime = NOON, zone: str = "Europe/Berlin") -> Moment:
    return Moment(now, ZoneInfo(zone))


def acts(
    customer: Customer, kind: str, times: Sequence[datetime], source: int | None = None, data: Mapping[str, Any] | None = None
) -> None:
    """Record what a customer did, without the service."""
    rows = [
        {
            "workspace_id": customer.workspace_id,
            "occurred_at": at,
            "event_id": uuid.uuid4(),
            "customer_id": customer.id,
            "kind": KINDS[kind],
            "source_id": source,
            "data": data,
        }
        for at in times
    ]
    session().execute(sa.insert(Activity), rows)


def a_segment(workspace_id: int, rules: Rule | None = None, name: str = "", **says: Any) -> Segment:
    """Make a segment by the service: dynamic with rules, static without."""
    kind = "static" if rules is None else "dynamic"
    criteria = rules if rules is None or "operator" in rules else every(rules)
    given = SegmentIn.model_validate({"name": name or f"Segment {next(_numbers)}", "kind": kind, "criteria": criteria} | says)
    return segments.create(workspace_id, given, SYSTEM)


def members(segment: Segment) -> list[int]:
    """Return the ids of the members."""
    mine = SegmentMember.segment_id == segment.id
    return list(session().scalars(sa.select(SegmentMember.customer_id).where(mine).order_by(SegmentMember.customer_id)))


def moves(segment: Segment) -> list[tuple[int, bool, int]]:
    """Return (customer, entered, cause) of all moves, oldest first."""
    wanted = sa.select(SegmentMove).where(SegmentMove.segment_id == segment.id).order_by(SegmentMove.id)
    return [(row.customer_id, row.entered, row.cause) for row in session().scalars(wanted)]


STRANGERS = {"segment_id": lambda workspace_id: a_segment(workspace_id, field("country", "eq", "US")).id}
EXAMPLES = {SegmentPatch: {"name": "Trail runners"}, MembersIn: {"add": []}}
