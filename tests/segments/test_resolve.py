"""What names and values mean, and how each that means nothing is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import Invalid
from app.segments import nodes
from app.segments.operators import OPS_BY_TYPE
from tests.factories.segments import did, either, every, field, member_of, negated, tree


def errors(*rules: Any) -> None:
    with pytest.raises(Invalid) as refused:
        tree(every(*rules))
    return refused.value.errors


def value(*rule: Any) -> None:
    return tree(every(field(*rule))).children[0].value


def test_each_part_keeps_its_path() -> None:
    found = tree(every(field("country", "eq", "US"), negated(either(member_of(12), did("opened", "never")))))
    assert [part.path for part in nodes.walk(found)] == [
        "",
        "rules[0]",
        "rules[1]",
        "rules[1].rules[0]",
        "rules[1].rules[0].rules[0]",
        "rules[1].rules[0].rules[1]",
    ]


def test_every_fault_is_named_at_once() -> None:
    found = errors(field("shoe_size", "eq", 3), field("country", "gt", "US"), either(field("fields.points", "gt", "many"), member_of(99)))
    assert list(found) == ["rules[0].field", "rules[1].op", "rules[2].rules[0].value", "rules[2].rules[1].segment"]
    assert found["rules[0].field"] == "There is no field “shoe_size” here."
    assert found["rules[1].op"].startswith("“gt” does not fit Country, a text field. These do: eq, ne, contains")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (("country", "eq", "US"), "US"),
        (("country", "eq", "us"), "US"),
        (("city", "eq", "São Paulo 🏙"), "São Paulo 🏙"),
        (("email", "eq", " Ada@Example.COM "), "ada@example.com"),
        (("email", "contains", "Example"), "Example"),
        (("fields.points", "eq", 3), Decimal(3)),
        (("fields.points", "eq", 142.44), Decimal("142.44")),
        (("fields.points", "gte", "200"), Decimal(200)),
        (("fields.points", "between", [1, 1]), (Decimal(1), Decimal(1))),
        (("fields.points", "in", [1, 2, 1.0]), (Decimal(1), Decimal(2))),
        (("stats.lifetime_value", "gt", 10000), 10000),
        (("stats.lifetime_value", "gt", 10000.0), 10000),
        (("fields.newsletter", "eq", True), True),
        (("fields.newsletter", "eq", "false"), False),
        (("birthday", "eq", "1990-02-28"), date(1990, 2, 28)),
        (("created_at", "after", "2026-01-05"), date(2026, 1, 5)),
        (("created_at", "after", "2026-01-05T10:00:00Z"), datetime(2026, 1, 5, 10, tzinfo=UTC)),
        (("created_at", "after", "2026-01-05T10:00"), datetime(2026, 1, 5, 10, tzinfo=ZoneInfo("Europe/Berlin"))),
        (("created_at", "within_days", 30), 30),
        (("tags", "any_of", ["vip", "trail", "vip"]), ("vip", "trail")),
        (("tags", "contains", "vip"), "vip"),
        (("phone", "exists"), None),
        (("phone", "exists", True), None),
        (("consent.email", "in", ["Subscribed"]), ("subscribed",)),
    ],
)
def test_values_get_the_type_of_their_field(rule: Any, expected: Any) -> None:
    assert value(*rule) == expected


HUGE = 10**400
REFUSED = [
    (("city", "eq", 3), "This must be text."),
    (("city", "eq", True), "This must be text."),
    (("city", "eq", None), "This must be text."),
    (("city", "eq", ""), "This is needed. To find people without a value use not_exists."),
    (("city", "eq", "x" * 501), "At most 500 characters."),
    (("city", "eq", "a\x00b"), "This holds a character that cannot be stored."),
    (("city", "contains", "\ud800"), "This holds a character that cannot be stored."),
    (("city", "eq", ["a"]), "This must be text."),
    (("city", "in", "a"), "This must be a list of values."),
    (("city", "in", []), "Name at least one value."),
    (("city", "in", ["a"] * 1001), "At most 1,000 values; this has 1,001."),
    (("country", "eq", "Mars"), "“Mars” is none of the values of Country: AF, AL, DZ, AS, AD, AO, AI, AQ, …"),
    (("fields.points", "gt", True), "This must be a number."),
    (("fields.points", "gt", "many"), "This must be a number."),
    (("fields.points", "gt", "1e5"), "This must be a number."),
    (("fields.points", "gt", "٣"), "This must be a number."),
    (("fields.points", "gt", float("nan")), "This must be a finite number."),
    (("fields.points", "gt", float("inf")), "This must be a finite number."),
    (("fields.points", "gt", HUGE), "This number is too large."),
    (("fields.points", "gt", {"a": 1}), "This must be a number."),
    (("fields.points", "between", [2, 1]), "The lower value comes first."),
    (("fields.points", "between", [1]), "This must be a list of two values, the lower first."),
    (("fields.points", "between", 1), "This must be a list of two values, the lower first."),
    (("stats.lifetime_value", "gt", 10.5), "Money is a whole number of minor units: 200 dollars are 20000."),
    (("fields.newsletter", "eq", 1), "This must be true or false."),
    (("birthday", "eq", "1990-02-30"), "There is no such date."),
    (("birthday", "eq", "0990-02-03"), "The year must lie between 1800 and 2200."),
    (("birthday", "eq", "28.2.1990"), "This must be a date, such as 2026-11-21."),
    (("birthday", "eq", "1990-02-28T10:00:00Z"), "This must be a date, such as 2026-11-21."),
    (("birthday", "eq", 19900228), "This must be a date, such as 2026-11-21."),
    (("created_at", "before", "soon"), "This must be a date or a time, such as 2026-11-21 or 2026-11-21T10:50:00Z."),
    (("created_at", "before", "2026-01-05T25:00:00Z"), "There is no such time."),
    (("created_at", "before", "9999-12-31T10:00:00Z"), "The year must lie between 1800 and 2200."),
    (("created_at", "between", ["2026-01-05", "2026-01-04T10:00:00Z"]), "The lower value comes first."),
    (("created_at", "within_days", 0), "Days are a number from 1 to 36,500."),
    (("created_at", "within_days", HUGE), "Days are a number from 1 to 36,500."),
    (("created_at", "within_days", 1.5), "This must be a whole number of days."),
    (("created_at", "within_days", True), "This must be a whole number of days."),
    (("tags", "any_of", "vip"), "This must be a list of values."),
    (("phone", "exists", False), "exists takes no value."),
]


@pytest.mark.parametrize(("rule", "reason"), REFUSED, ids=lambda part: str(part)[:40])
def test_values_that_do_not_fit(rule: Any, reason: str) -> None:
    path, op, given = rule
    found = errors({"field": path, "op": op, "value": given})
    assert found == {"rules[0].value": reason}


def test_a_wrong_entry_of_a_list_is_named() -> None:
    assert list(errors(field("fields.points", "in", [1, "x"]))) == ["rules[0].value[1]"]
    assert list(errors(field("fields.points", "between", [1, "x"]))) == ["rules[0].value[1]"]


@pytest.mark.parametrize("kind", OPS_BY_TYPE)
def test_each_type_takes_its_operators_and_no_others(kind: str) -> None:
    path = {"text": "city", "number": "fields.points", "money": "fields.saved", "boolean": "fields.newsletter"}.get(kind)
    path = path or {"date": "birthday", "datetime": "created_at", "list": "tags"}[kind]
    for op in {op for ops in OPS_BY_TYPE.values() for op in ops} - set(OPS_BY_TYPE[kind]) | {"like", "EQ", ""}:
        assert list(errors({"field": path, "op": op, "value": 1})) == ["rules[0].op"]


@pytest.mark.parametrize(
    ("rule", "low", "high"),
    [
        (did("opened", "at_least", 3), 3, None),
        (did("opened", "at_most", 3), 0, 3),
        (did("opened", "at_most", 0), 0, 0),
        (did("opened", "exactly", 2), 2, 2),
        (did("opened", "exactly", 0), 0, 0),
        (did("opened", "never"), 0, 0),
    ],
)
def test_how_often(rule: Any, low: Any, high: Any) -> None:
    found = tree(every(rule)).children[0]
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        (did("flew", "never"), "activity"),
        (did("opened", "often"), "op"),
        (did("opened", "at_least"), "times"),
        (did("opened", "at_least", 0), "times"),
        (did("opened", "exactly"), "times"),
        (did("opened", "never", 2), "times"),
        (did("opened", "never", source=8), "source"),
        (did("opened", "never", within_days=3, after="2026-01-01"), "after"),
        (did("opened", "never", within_days=3, before="2026-01-01"), "before"),
        (did("opened", "never", after="2026-02-01", before="2026-01-01"), "before"),
        (did("opened", "never", after="yesterday"), "after"),
        (did("opened", "never", where=[{"field": "a", "op": "within_days", "value": 1}]), "where[0].op"),
        (did("opened", "never", where=[{"field": "a", "op": "gt", "value": "1x"}]), "where[0].value"),
        (did("opened", "never", where=[{"field": "a", "op": "contains", "value": 1}]), "where[0].value"),
        (did("opened", "never", where=[{"field": "a", "op": "eq"}]), "where[0].value"),
        (did("opened", "never", where=[{"field": "a", "op": "in", "value": [1, []]}]), "where[0].value[1]"),
        ({"segment": 12, "op": "eq"}, "op"),
        ({"segment": 13, "op": "in"}, "segment"),
    ],
)
def test_rules_about_activities_and_segments_that_do_not_fit(rule: Any, where: str) -> None:
    assert list(errors(rule)) == [f"rules[0].{where}"]


def test_what_a_tree_reads_and_whether_time_moves_people() -> None:
    still = tree(every(field("country", "eq", "US"), did("opened", "never", after="2026-01-01"), member_of(12)))
    assert nodes.reads(still) == {"country", "activity:2", "segment:12"}
    assert not nodes.depends_on_time(still)
    assert nodes.depends_on_time(tree(every(negated(did("opened", "never", within_days=3)))))
    assert nodes.depends_on_time(tree(every(field("birthday", "anniversary_next_days", 3))))
