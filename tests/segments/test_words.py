"""Trees in plain English."""

from typing import Any

import pytest

from app.customers.values import FieldInfo
from app.segments.words import Span, plain, rule, say
from tests.factories.segments import did, either, every, field, member_of, negated, tree, vocabulary

CASES = [
    (field("country", "eq", "US"), "Country is United States"),
    (field("city", "not_in", ["Basel", "Bern"]), "City is none of Basel or Bern"),
    (field("email", "contains", "@x"), "E-mail address contains @x"),
    (field("phone", "not_exists"), "Phone is not known"),
    (field("stats.lifetime_value", "gte", 20000), "Lifetime value is at least $200"),
    (field("stats.lifetime_value", "lt", 20050), "Lifetime value is less than $200.50"),
    (field("fields.points", "between", [1, 2.5]), "Points is between 1 and 2.5"),
    (field("fields.points", "gt", 1234567), "Points is more than 1,234,567"),
    (field("fields.newsletter", "eq", True), "Newsletter is yes"),  # noqa: FBT003 (the value of the rule)
    (field("birthday", "anniversary_next_days", 7), "Birthday comes round in the next 7 days"),
    (field("birthday", "before", "1990-02-28"), "Birthday is before 28 Feb 1990"),
    (field("created_at", "within_days", 1), "Customer since is in the last day"),
    (field("created_at", "more_than_days_ago", 30), "Customer since is more than 30 days ago"),
    (field("created_at", "gte", "2026-01-05T10:00:00Z"), "Customer since is not before 5 Jan 2026 11:00"),
    (field("tags", "any_of", ["vip", "trail", "x"]), "Has the tag vip, trail or x"),
    (field("tags", "all_of", ["vip", "trail"]), "Has the tags vip and trail"),
    (field("tags", "none_of", ["vip"]), "Does not have the tag vip"),
    (field("tags", "not_exists"), "Has no tag"),
    (field("fields.likes", "any_of", ["tea", "rum"]), "Likes include tea or rum"),
    (field("consent.email", "eq", "subscribed"), "E-mail consent is Subscribed"),
    (did("opened", "at_least", 3, within_days=30, source=7), "Opened at least 3 times in the last 30 days from Spring newsletter"),
    (did("bought", "never", within_days=90), "Never bought in the last 90 days"),
    (did("bought", "at_most", 0), "Never bought"),
    (did("bought", "exactly", 1, after="2026-01-05", before="2026-02-05"), "Bought exactly once after 5 Jan 2026 before 5 Feb 2026"),
    (
        did("bought", "at_most", 2, where=[{"field": "amount", "op": "gte", "value": 5000}, {"field": "sku", "op": "not_exists"}]),
        "Bought at most 2 times, where amount is at least 5,000 and sku is not given",
    ),
    (member_of(12), "In Trail runners"),
    (member_of(12, "not_in"), "Not in Trail runners"),
]


@pytest.mark.parametrize(("given", "expected"), CASES, ids=[words for _, words in CASES])
def test_each_rule_by_itself(given: Any, expected: str) -> None:
    words = vocabulary()
    assert rule(tree(every(given), words).children[0], words) == expected  # type: ignore[union-attr]


def whole(rules: Any) -> str:
    words = vocabulary()
    return plain(tree(rules, words), words)


def test_rules_joined_by_and_are_one_sentence() -> None:
    assert whole(every(field("stats.lifetime_value", "gte", 20000), did("bought", "at_least", 1, within_days=90), member_of(12))) == (
        "Customers whose lifetime value is at least $200, and who bought at least once in the last 90 days, and who are in Trail runners"
    )


def test_groups_follow_as_lists() -> None:
    rules = every(
        field("country", "eq", "US"),
        either(did("opened", "at_least", 3), field("tags", "any_of", ["vip", "trail"])),
        negated(either(member_of(12), field("country", "eq", "CA"))),
    )
    assert whole(rules) == (
        "Customers whose country is United States and who fit any of these: opened at least 3 times, or has the tag vip or trail"
        " but none of those who fit: in Trail runners, or Country is Canada"
    )


def test_a_single_exception_is_a_clause() -> None:
    assert whole(every(field("country", "eq", "US"), negated(member_of(12)))) == (
        "Customers whose country is United States but not those who are in Trail runners"
    )
    assert whole(negated(member_of(12))) == "All customers, but not those who are in Trail runners"


def test_lists_within_lists() -> None:
    rules = either(field("country", "eq", "US"), every(field("city", "exists"), negated(either(field("phone", "exists"), member_of(12)))))
    assert whole(rules) == (
        "Customers who fit any of these: Country is United States, or all of these:"
        " City is known, and none of these: Phone is known, or in Trail runners"
    )
    assert whole(every(negated(negated(field("phone", "exists"))))) == "All customers but none of those who fit: not Phone is known"


def test_the_names_of_segments_lead_there_and_choices_are_strong() -> None:
    words = vocabulary()
    block, *_ = say(tree(every(member_of(12), field("country", "eq", "US")), words), words)
    assert Span("Trail runners", segment=12) in block.spans
    assert Span("United States", strong=True) in block.spans


def test_what_is_gone_is_said_to_be_gone() -> None:
    found = tree(every(did("opened", "at_least", 1, source=7), member_of(12)))
    assert plain(found, vocabulary(sources={}, segments={})) == (
        "Customers who opened at least once from a source that is gone, and who are in a segment that is gone"
    )


def test_abbreviations_keep_their_capitals() -> None:
    words = vocabulary()
    fields = {**words.fields, "fields.url": FieldInfo("fields.url", "URL", "text", "custom")}
    words = vocabulary(fields=fields)
    assert plain(tree(every(field("fields.url", "exists")), words), words) == "Customers whose URL is known"
