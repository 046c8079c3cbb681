"""The shape of a tree, and how each fault is named."""

import json
from typing import Any

import pytest

from app.core.errors import Invalid
from app.segments import ast
from tests.factories.segments import did, either, every, field, member_of, negated

EXAMPLE = every(
    field("country", "eq", "US"),
    field("fields.history_usd", "gte", 200),
    field("tags", "any_of", ["vip"]),
    did("opened", "at_least", 3, within_days=30, source=7),
    member_of(12),
)


def errors(data: object) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        ast.read(data)
    return refused.value.errors


def nest(depth: int, operator: str = "AND") -> dict[str, object]:
    tree: dict[str, object] = field("country", "eq", "US")
    for _ in range(depth):
        tree = {"operator": operator, "rules": [tree]}
    return tree


def test_the_tree_of_the_issue_is_read_and_written_back_unchanged() -> None:
    assert ast.dump(ast.read(EXAMPLE)) == EXAMPLE


def test_what_was_left_out_stays_out() -> None:
    assert ast.dump(ast.read(every(field("email", "exists")))) == every(field("email", "exists"))


@pytest.mark.parametrize("data", [None, 3, "AND", [], [EXAMPLE], True])
def test_criteria_that_are_no_object(data: Any) -> None:
    assert errors(data) == {"": "The criteria are an object with operator and rules."}


@pytest.mark.parametrize("data", [{}, {"rules": []}, field("country", "eq", "US"), {"operator ": "AND"}])
def test_the_outermost_part_is_a_group(data: Any) -> None:
    assert errors(data) == {"operator": "The outermost part is a group: AND, OR or NOT over a list of rules."}


@pytest.mark.parametrize("operator", ["and", "XOR", "", None, 3, ["AND"]])
def test_an_unknown_operator(operator: str) -> None:
    assert list(errors({"operator": operator, "rules": [field("country", "eq", "US")]})) == ["operator"]


def test_an_empty_group_is_refused_with_its_place() -> None:
    assert errors(every(either())) == {"rules[0].rules": "This group is empty: add a rule, or take the group out."}
    assert list(errors(every())) == ["rules"]


def test_not_takes_one_rule() -> None:
    tree = every(field("a", "exists"), {"operator": "NOT", "rules": [field("b", "exists"), field("c", "exists")]})
    assert errors(tree) == {"rules[1].rules": "NOT takes exactly one rule; put several into a group with OR."}


def test_a_rule_that_is_none() -> None:
    words = "A rule names a field, an activity or a segment, or is a group with an operator."
    assert errors(every({"op": "eq"}, 3)) == {"rules[0]": words, "rules[1]": words}


def test_missing_and_superfluous_parts_have_their_path() -> None:
    found = errors(every(negated({"field": "country"}), {"field": "country", "op": "eq", "valeu": "US"}))
    assert found == {"rules[0].rules[0].op": "This is needed.", "rules[1].valeu": "There is no such field."}


@pytest.mark.parametrize("operator", ["AND", "OR", "NOT"])
def test_depth_is_limited(operator: str) -> None:
    ast.read(nest(ast.MAX_DEPTH, operator))
    assert errors(nest(ast.MAX_DEPTH + 1, operator)) == {".".join(["rules[0]"] * 8): "Groups are nested at most 8 deep."}


def test_a_tree_of_thousands_of_levels_is_refused_without_recursion() -> None:
    assert len(errors(nest(5_000))) == 1


def test_the_number_of_rules_is_limited() -> None:
    ast.read(every(*[field("country", "eq", "US")] * (ast.MAX_RULES - 1)))
    assert errors(every(*[field("country", "eq", "US")] * ast.MAX_RULES)) == {"rules[199]": "A tree holds at most 200 rules and groups."}


@pytest.mark.parametrize(
    ("says", "where"),
    [
        ({"times": -1}, "times"),
        ({"times": True}, "times"),
        ({"times": 2.5}, "times"),
        ({"times": "3"}, "times"),
        ({"times": 10**30}, "times"),
        ({"within_days": 0}, "within_days"),
        ({"within_days": 10**9}, "within_days"),
        ({"source": 0}, "source"),
        ({"source": 2**63}, "source"),
        ({"where": {}}, "where"),
        ({"where": [{"field": "", "op": "eq"}]}, "where[0].field"),
        ({"where": [{"field": "a", "op": "eq"}] * 11}, "where"),
        ({"after": 3}, "after"),
    ],
)
def test_the_parts_of_an_activity(says: dict[str, Any], where: str) -> None:
    assert list(errors(every({"activity": "opened", "op": "at_least", "times": 1} | says))) == [f"rules[0].{where}"]


@pytest.mark.parametrize("segment", [0, -1, 2**63, "12", 1.5, True, None, [12]])
def test_a_segment_is_named_by_its_number(segment: Any) -> None:
    assert list(errors(every({"segment": segment, "op": "in"}))) == ["rules[0].segment"]


def test_named_segments_are_found_at_any_depth() -> None:
    assert ast.named_segments(ast.read(every(member_of(3), negated(either(member_of(5, "not_in"), field("a", "exists")))))) == {3, 5}


def test_the_schema_for_the_api_documents_itself() -> None:
    written = json.dumps(ast.Group.model_json_schema())
    for name in ("at_least", "within_days", "any_of", "more_than_days_ago"):
        assert f'"{name}"' in written
