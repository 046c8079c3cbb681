"""One person and one tree, in Python."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.segments.evaluate import Act, Person, explain, fits
from tests.factories.segments import NOON, did, either, every, field, member_of, moment, negated, tree

ADA = Person(
    profile={
        "email": "Ada@Example.com",
        "city": "Zürich",
        "country": "CH",
        "birthday": date(1990, 11, 23),
        "created_at": NOON - timedelta(days=40),
    },
    attributes={
        "plan": "Pro",
        "points": 142.44,
        "newsletter": True,
        "renewal": "2026-12-01",
        "seen": "2026-11-20T10:00:00Z",
        "likes": ["tea"],
    },
    stats={"lifetime_value": 33200, "orders_count": 0, "last_order_at": None},
    consents={"email": "subscribed"},
    tags=("vip", "trail"),
    activities=(
        Act(2, NOON - timedelta(days=1), 7, {"topic": "News", "amount": 5}),
        Act(2, NOON - timedelta(days=20), None, {"amount": "5"}),
        Act(2, NOON - timedelta(days=60), 7, None),
        Act(4, NOON - timedelta(days=98), None, {"amount": 1999}),
    ),
    segments=frozenset({12}),
)
NOBODY = Person(profile={})


def fit(rule: Any, person: Person = ADA) -> bool:
    return fits(tree(every(rule)), person, moment())


@pytest.mark.parametrize(
    "rule",
    [
        field("email", "eq", "ada@example.COM"),
        field("email", "starts_with", "ADA@"),
        field("city", "contains", "ZÜR"),
        field("city", "ends_with", "rich"),
        field("fields.plan", "eq", "Pro"),
        field("fields.points", "gt", 142.4),
        field("fields.points", "eq", 142.44),
        field("fields.points", "in", [1, 142.44]),
        field("fields.points", "between", [142.44, 143]),
        field("fields.newsletter", "eq", True),  # noqa: FBT003 (the value of the rule)
        field("fields.renewal", "next_days", 10),
        field("fields.seen", "within_days", 2),
        field("fields.likes", "contains", "tea"),
        field("birthday", "anniversary_next_days", 2),
        field("created_at", "more_than_days_ago", 30),
        field("stats.lifetime_value", "gte", 33200),
        field("stats.orders_count", "eq", 0),
        field("stats.last_order_at", "not_exists"),
        field("consent.email", "eq", "subscribed"),
        field("tags", "all_of", ["vip", "trail"]),
        field("tags", "any_of", ["vip", "x"]),
        field("tags", "none_of", ["x", "y"]),
        field("tags", "not_contains", "x"),
        did("opened", "at_least", 2, within_days=30),
        did("opened", "exactly", 3),
        did("opened", "at_most", 1, source=7, within_days=30),
        did("bought", "never", within_days=90),
        did("opened", "exactly", 1, where=[{"field": "amount", "op": "eq", "value": 5}]),
        did("opened", "exactly", 1, where=[{"field": "amount", "op": "eq", "value": "5"}]),
        did("opened", "exactly", 2, where=[{"field": "amount", "op": "exists"}]),
        did("opened", "exactly", 2, where=[{"field": "amount", "op": "ne", "value": 5}]),
        member_of(12),
        either(field("city", "eq", "Basel"), field("city", "eq", "Zürich")),
        negated(field("city", "eq", "Basel")),
    ],
    ids=str,
)
def test_ada_fits(rule: Any) -> None:
    assert fit(rule)
    assert not fit(negated(rule))


@pytest.mark.parametrize(
    "rule",
    [
        field("fields.plan", "eq", "pro"),
        field("city", "eq", "zürich"),
        field("fields.points", "gt", 142.44),
        field("birthday", "anniversary_next_days", 1),
        field("tags", "all_of", ["vip", "x"]),
        did("bought", "at_least", 1, within_days=90),
        did("opened", "at_least", 1, where=[{"field": "topic", "op": "eq", "value": "news"}]),
        member_of(12, "not_in"),
    ],
    ids=str,
)
def test_ada_does_not_fit(rule: Any) -> None:
    assert not fit(rule)


POSITIVE = [
    field("city", "eq", "Basel"),
    field("city", "in", ["Basel"]),
    field("city", "contains", "a"),
    field("fields.points", "lt", 5),
    field("birthday", "before", "2030-01-01"),
    field("created_at", "more_than_days_ago", 1),
    field("consent.email", "eq", "subscribed"),
    field("stats.lifetime_value", "lt", 5),
    field("tags", "any_of", ["a"]),
    field("city", "exists"),
    did("opened", "at_least", 1),
    member_of(12),
]
NEGATIVE = [
    field("city", "ne", "Basel"),
    field("city", "not_in", ["Basel"]),
    field("city", "not_contains", "a"),
    field("fields.points", "ne", 5),
    field("tags", "none_of", ["a"]),
    field("city", "not_exists"),
    did("opened", "never"),
    did("opened", "at_most", 3),
    member_of(12, "not_in"),
]


@pytest.mark.parametrize("rule", POSITIVE, ids=str)
def test_a_missing_value_fails_every_positive_comparison(rule: Any) -> None:
    assert not fit(rule, NOBODY)


@pytest.mark.parametrize("rule", NEGATIVE, ids=str)
def test_a_negation_includes_those_without_the_value(rule: Any) -> None:
    assert fit(rule, NOBODY)


def test_a_value_of_another_type_counts_as_missing() -> None:
    odd = Person(profile={}, attributes={"points": "many", "plan": 3, "newsletter": "yes", "renewal": "soon", "likes": "tea"})
    for key in ("points", "plan", "newsletter", "renewal", "likes"):
        assert fit(field(f"fields.{key}", "not_exists"), odd)


def test_the_explanation_shows_what_was_found_in_each_part() -> None:
    found = explain(tree(every(field("fields.points", "lt", 5), negated(did("opened", "at_least", 1)))), ADA, moment())
    assert not found.fits
    assert [(part.node.path, part.fits) for part in found.parts] == [("rules[0]", False), ("rules[1]", False)]
    assert str(found.parts[0].found) == "142.44"
    assert found.parts[1].parts[0].found == 3
