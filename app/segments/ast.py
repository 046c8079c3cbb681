"""The tree as it is written and stored: its shape only. What the names in it mean is checked by `resolve`."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from app.core.errors import Invalid
from app.core.schemas import Id, Schema, Text, parse, path_of
from app.segments.operators import ACTIVITY_OPS, CONDITION_OPS, FIELD_OPS, MEMBER_OPS

MAX_DEPTH = 8
"""Groups within groups, the outermost and each NOT counted."""
MAX_RULES = 200
"""Rules and groups in one tree."""
MAX_CONDITIONS = 10
MAX_TIMES = 1_000_000
MAX_DAYS = 36_500

_TAG = "tagged-"  # such parts of a pydantic location are not shown in paths


def _one_of(names: tuple[str, ...]) -> WithJsonSchema:
    """Document the names; which of them fit a field is for `resolve` to say."""
    return WithJsonSchema({"type": "string", "enum": list(names)})


def _from(low: int, high: int, what: str) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"{what} are a number from {low} to {high:,}.")
        return value

    return AfterValidator(check)


Name = Annotated[Text, Field(min_length=1, max_length=200)]
Value = Annotated[Any, WithJsonSchema({})]
Op = Annotated[str, Field(max_length=40)]
Days = Annotated[
    int, Field(strict=True), _from(1, MAX_DAYS, "Days"), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_DAYS})
]
Times = Annotated[
    int, Field(strict=True), _from(0, MAX_TIMES, "Times"), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_TIMES})
]


class Condition(Schema):
    """What the data of an activity must say, such as `{"field": "amount", "op": "gte", "value": 5000}`."""

    field: Name
    op: Annotated[Op, _one_of(CONDITION_OPS)]
    value: Value = None


class FieldRule(Schema):
    """A test of one field: `{"field": "country", "op": "eq", "value": "US"}`."""

    field: Name
    op: Annotated[Op, _one_of(FIELD_OPS)]
    value: Value = None


class ActivityRule(Schema):
    """How often somebody did something, within so many days or between dates, at one source or anywhere."""

    activity: Name
    op: Annotated[Op, _one_of(ACTIVITY_OPS)]
    times: Times | None = None
    within_days: Days | None = None
    after: Annotated[str, Field(max_length=40)] | None = None
    before: Annotated[str, Field(max_length=40)] | None = None
    source: Id | None = None
    where: Annotated[list[Condition], Field(max_length=MAX_CONDITIONS)] | None = None


class SegmentRule(Schema):
    """Being a member of another segment, or not: `{"segment": 12, "op": "in"}`."""

    segment: Annotated[Id, Field(strict=True)]
    op: Annotated[Op, _one_of(MEMBER_OPS)]


Leaf = FieldRule | ActivityRule | SegmentRule


def _kind_of(value: object) -> str | None:
    """Tell by its keys what a rule is."""
    if isinstance(value, Schema):
        return _TAG + type(value).__name__
    if isinstance(value, dict):
        for key, kind in (("operator", "Group"), ("field", "FieldRule"), ("activity", "ActivityRule"), ("segment", "SegmentRule")):
            if key in value:
                return _TAG + kind
    return None


Rule = Annotated[
    Annotated["Group", Tag(_TAG + "Group")]
    | Annotated[FieldRule, Tag(_TAG + "FieldRule")]
    | Annotated[ActivityRule, Tag(_TAG + "ActivityRule")]
    | Annotated[SegmentRule, Tag(_TAG + "SegmentRule")],
    Discriminator(
        _kind_of,
        custom_error_type="rule_kind",
        custom_error_message="A rule names a field, an activity or a segment, or is a group with an operator.",
    ),
]


class Group(Schema):
    """Rules combined: AND all of them, OR any of them, NOT the one it holds does not apply."""

    operator: Literal["AND", "OR", "NOT"]
    rules: Annotated[list[Rule], Field(max_length=MAX_RULES)]


Group.model_rebuild()


def read(data: object) -> Group:
    """Check the shape of a tree. Raises Invalid with the path and the reason of each fault."""
    if not isinstance(data, dict):
        raise Invalid({"": "The criteria are an object with operator and rules."})
    if "operator" not in data:
        raise Invalid({"operator": "The outermost part is a group: AND, OR or NOT over a list of rules."})
    _check_size(data)
    return parse(Group, data)


def dump(tree: Group) -> dict[str, Any]:
    """Return the tree as JSON, without what was left out."""
    return tree.model_dump(mode="json", exclude_none=True)


def _check_size(data: dict[str, Any]) -> None:
    """Refuse trees too deep or too large, and groups with a wrong number of rules, before anything recurses."""
    errors: dict[str, str] = {}
    for count, (path, depth, group) in enumerate(_walk(data), 1):
        if count > MAX_RULES:
            raise Invalid({path_of(path): f"A tree holds at most {MAX_RULES} rules and groups."})
        if depth > MAX_DEPTH:
            raise Invalid({path_of(path): f"Groups are nested at most {MAX_DEPTH} deep."})
        rules = group.get("rules")
        if "operator" not in group or not isinstance(rules, list):
            continue
        if not rules:
            errors[path_of((*path, "rules"))] = "This group is empty: add a rule, or take the group out."
        elif group["operator"] == "NOT" and len(rules) != 1:
            errors[path_of((*path, "rules"))] = "NOT takes exactly one rule; put several into a group with OR."
    if errors:
        raise Invalid(errors)


def _walk(data: dict[str, Any]) -> Iterator[tuple[tuple[int | str, ...], int, dict[str, Any]]]:
    """Yield path, depth and part of each rule and group, without recursion."""
    waiting: list[tuple[tuple[int | str, ...], int, Any]] = [((), 1, data)]
    while waiting:
        path, depth, part = waiting.pop()
        if not isinstance(part, dict):
            continue
        yield path, depth if "operator" in part else 0, part
        if "operator" in part and isinstance(part.get("rules"), list):
            waiting += [((*path, "rules", i), depth + 1, rule) for i, rule in reversed(list(enumerate(part["rules"])))]


def named_segments(tree: Group) -> set[int]:
    """Return the ids of the segments that a tree names."""
    return {rule.segment for rule in leaves(tree) if isinstance(rule, SegmentRule)}


def named_sources(tree: Group) -> set[int]:
    """Return the ids of the sources of activities that a tree names."""
    return {rule.source for rule in leaves(tree) if isinstance(rule, ActivityRule) and rule.source is not None}


def leaves(tree: Group) -> Iterator[Leaf]:
    """Yield the rules of a tree, without its groups."""
    return (rule for _, rule in rules_with_paths(tree))


def rules_with_paths(tree: Group, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Yield the rules of a tree, without its groups, each with its path."""
    for i, rule in enumerate(tree.rules):
        here = f"{path}rules[{i}]"
        if isinstance(rule, Group):
            yield from rules_with_paths(rule, f"{here}.")
        else:
            yield here, rule
