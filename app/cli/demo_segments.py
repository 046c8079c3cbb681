"""The segments of the demo workspace: one of each kind of rule, as a marketer of an outdoor shop would have them."""

from typing import Any

from app.core.actor import Actor
from app.core.schemas import parse
from app.segments.schemas import SegmentIn
from app.segments.service import segments

_VALUABLE = {"field": "stats.lifetime_value", "op": "gte", "value": 50_000}
_MAY_WRITE = {"field": "consent.email", "op": "eq", "value": "subscribed"}
_LOOKED = {"activity": "visited", "op": "at_least", "times": 1, "within_days": 30}
_SEGMENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Big spenders", "First to hear of new arrivals", {"operator": "AND", "rules": [_VALUABLE, _MAY_WRITE]}),
    (
        "New, has not bought yet",
        "For a first-order offer",
        {
            "operator": "AND",
            "rules": [
                {"field": "created_at", "op": "within_days", "value": 90},
                {"field": "stats.orders_count", "op": "eq", "value": 0},
                _MAY_WRITE,
            ],
        },
    ),
    (
        "Worth winning back",
        "Bought before, silent for 90 days",
        {
            "operator": "AND",
            "rules": [
                {"field": "stats.last_order_at", "op": "more_than_days_ago", "value": 90},
                {"operator": "NOT", "rules": [{"operator": "OR", "rules": [_LOOKED, {"field": "tags", "op": "any_of", "value": ["b2b"]}]}]},
            ],
        },
    ),
    ("Summit members in Europe", "", {
        "operator": "AND",
        "rules": [
            {"field": "fields.tier", "op": "eq", "value": "Summit"},
            {"field": "country", "op": "in", "value": ["DE", "ES", "FR", "GB", "IT", "NL", "NO", "PL", "SE"]},
        ],
    }),
)  # fmt: skip


def make_segments(workspace_id: int, by: Actor) -> None:
    """Make the segments; their members are found at once. The caller commits."""
    for name, description, criteria in _SEGMENTS:
        segments.create(workspace_id, parse(SegmentIn, {"name": name, "description": description, "criteria": criteria}), by)
