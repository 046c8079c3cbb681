"""From the tree as written to the tree with meaning: every name looked up, every value typed, every refusal with its path."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NoReturn, TypeVar

from app.core.errors import Invalid
from app.customers.values import FieldInfo
from app.segments import ast, nodes, values
from app.segments.operators import ACTIVITY_OPS, CONDITION_OPS, DAYS, MEMBER_OPS, NO_VALUE, OPS_BY_TYPE
from app.segments.vocabulary import Vocabulary

MAX_VALUES = 1_000
"""Entries in a list of values."""

R = TypeVar("R")
_ONE_OF = ("eq", "ne", "in", "not_in")
_MANY = ("in", "not_in", "any_of", "all_of", "none_of")
_NUMBERS_ONLY = ("lt", "lte", "gt", "gte", "between")
_TEXTS_ONLY = ("contains", "not_contains", "starts_with", "ends_with")


class _FaultError(Exception):
    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(reason)


def resolve(tree: ast.Group, words: Vocabulary) -> nodes.Node:
    """Give the names and values of a tree their meaning in this workspace. Raises Invalid with the first fault of each rule."""
    job = _Resolver(words)
    node = job.group(tree, "")
    if job.errors:
        raise Invalid(job.errors)
    return node


@dataclass
class _Resolver:
    words: Vocabulary
    errors: dict[str, str] = field(default_factory=dict)

    def group(self, group: ast.Group, path: str) -> nodes.Node:
        children: list[nodes.Node] = []
        for i, rule in enumerate(group.rules):
            try:
                children.append(self.rule(rule, f"{_dot(path)}rules[{i}]"))
            except _FaultError as fault:
                self.errors[fault.where] = fault.reason
        if group.operator == "NOT" and children:
            return nodes.Not(path, children[0])
        return (nodes.Any if group.operator == "OR" else nodes.All)(path, tuple(children))

    def rule(self, rule: "ast.Rule", path: str) -> nodes.Node:
        if isinstance(rule, ast.Group):
            return self.group(rule, path)
        if isinstance(rule, ast.FieldRule):
            return self.field(rule, path)
        if isinstance(rule, ast.ActivityRule):
            return self.activity(rule, path)
        return self.member(rule, path)

    def field(self, rule: ast.FieldRule, path: str) -> nodes.FieldTest:
        info = self.words.fields.get(rule.field)
        if info is None:
            _refuse(f"{path}.field", f"There is no field “{rule.field}” here.")
        fitting = OPS_BY_TYPE[info.type]
        if rule.op not in fitting:
            reason = f"“{rule.op}” does not fit {info.label}, a {info.type} field. These do: {', '.join(fitting)}."
            _refuse(f"{path}.op", reason)
        return nodes.FieldTest(path, info, rule.op, self.field_value(info, rule, f"{path}.value"))

    def field_value(self, info: FieldInfo, rule: ast.FieldRule, where: str) -> nodes.Value:
        if rule.op in NO_VALUE:
            _no_value(rule.op, rule.value, where)
            return None
        if rule.op in DAYS:
            return _attempt(where, values.days, rule.value)

        def one(value: object) -> nodes.Scalar:
            if info.path == "email" and rule.op in _ONE_OF:
                return values.email(value)
            found = values.scalar(info.type, value, self.words.zone)
            return _chosen(info, str(found)) if info.choices and rule.op in _ONE_OF else found

        if rule.op in _MANY:
            return _many(where, one, rule.value)
        if rule.op == "between":
            return _between(where, one, rule.value)
        return _attempt(where, one, rule.value)

    def activity(self, rule: ast.ActivityRule, path: str) -> nodes.ActivityTest:
        kind = self.words.kinds.get(rule.activity)
        if kind is None:
            _refuse(f"{path}.activity", f"There is no activity “{rule.activity}” here; nobody has done it yet.")
        if rule.op not in ACTIVITY_OPS:
            _refuse(f"{path}.op", f"“{rule.op}” is none of: {', '.join(ACTIVITY_OPS)}.")
        if rule.source is not None and rule.source not in self.words.sources:
            _refuse(f"{path}.source", "There is no such source (campaign, journey, form or page) here.")
        low, high = _times(rule, f"{path}.times")
        after, before = self.window(rule, path)
        where = tuple(_condition(condition, f"{path}.where[{i}]") for i, condition in enumerate(rule.where or ()))
        return nodes.ActivityTest(path, kind, rule.op, low, high, rule.within_days, after, before, rule.source, where)

    def window(self, rule: ast.ActivityRule, path: str) -> tuple[date | datetime | None, date | datetime | None]:
        after, before = self.end(rule, path, "after"), self.end(rule, path, "before")
        if after is not None and before is not None and _later(after, before):
            _refuse(f"{path}.before", "This lies earlier than after.")
        return after, before

    def end(self, rule: ast.ActivityRule, path: str, name: str) -> date | datetime | None:
        given = getattr(rule, name)
        if given is not None and rule.within_days is not None:
            _refuse(f"{path}.{name}", "Give either within_days or dates, not both.")
        return None if given is None else _attempt(f"{path}.{name}", lambda value: values.moment(value, self.words.zone), given)

    def member(self, rule: ast.SegmentRule, path: str) -> nodes.MemberTest:
        if rule.op not in MEMBER_OPS:
            _refuse(f"{path}.op", f"“{rule.op}” is none of: {', '.join(MEMBER_OPS)}.")
        if rule.segment not in self.words.segments:
            _refuse(f"{path}.segment", "There is no such segment here.")
        return nodes.MemberTest(path, rule.segment, rule.op == "in")


def _times(rule: ast.ActivityRule, where: str) -> tuple[int, int | None]:
    """Return the least and the greatest count that fits."""
    if rule.op == "never":
        if rule.times:
            _refuse(where, "never takes no number of times.")
        return 0, 0
    if rule.times is None:
        _refuse(where, "Say how many times.")
    if rule.op == "at_least":
        if rule.times == 0:
            _refuse(where, "At least 0 times fits everybody; say 1 or more.")
        return rule.times, None
    return (0, rule.times) if rule.op == "at_most" else (rule.times, rule.times)


def _condition(rule: ast.Condition, path: str) -> nodes.DataTest:
    if rule.op not in CONDITION_OPS:
        _refuse(f"{path}.op", f"“{rule.op}” is none of: {', '.join(CONDITION_OPS)}.")
    return nodes.DataTest(rule.field, rule.op, _data_value(rule, f"{path}.value"))


def _data_value(rule: ast.Condition, where: str) -> nodes.Value:
    if rule.op in NO_VALUE:
        _no_value(rule.op, rule.value, where)
        return None
    if rule.op == "between":
        return _between(where, values.number, rule.value)
    if rule.op in _MANY:
        return _many(where, values.untyped, rule.value)
    if rule.op in _NUMBERS_ONLY:
        return _attempt(where, values.number, rule.value)
    return _attempt(where, values.text if rule.op in _TEXTS_ONLY else values.untyped, rule.value)


def _no_value(op: str, value: object, where: str) -> None:
    if value is not None and value is not True:
        _refuse(where, f"{op} takes no value.")


def _many(where: str, one: Callable[[object], nodes.Scalar], given: object) -> tuple[nodes.Scalar, ...]:
    if not isinstance(given, list):
        _refuse(where, "This must be a list of values.")
    if not given:
        _refuse(where, "Name at least one value.")
    if len(given) > MAX_VALUES:
        _refuse(where, f"At most {MAX_VALUES:,} values; this has {len(given):,}.")
    return tuple(dict.fromkeys(_attempt(f"{where}[{i}]", one, value) for i, value in enumerate(given)))


def _between(where: str, one: Callable[[object], nodes.Scalar], given: object) -> tuple[nodes.Scalar, ...]:
    if not isinstance(given, list) or len(given) != 2:  # noqa: PLR2004 (a lower and an upper end)
        _refuse(where, "This must be a list of two values, the lower first.")
    low, high = (_attempt(f"{where}[{i}]", one, value) for i, value in enumerate(given))
    if _later(low, high):
        _refuse(where, "The lower value comes first.")
    return (low, high)


def _later(low: nodes.Scalar, high: nodes.Scalar) -> bool:
    """Tell whether `low` lies after `high`; a date and a time compare by the date."""
    if isinstance(low, date) and isinstance(high, date) and isinstance(low, datetime) != isinstance(high, datetime):
        return _day_of(low) > _day_of(high)
    return low > high  # type: ignore[operator]


def _day_of(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _chosen(info: FieldInfo, value: str) -> str:
    """Return the choice that is meant, whatever its capitals. Raises ValueError."""
    if value in info.choices:
        return value
    for choice in info.choices:
        if choice.lower() == value.lower():
            return choice
    shown = ", ".join(info.choices[:8]) + (", …" if len(info.choices) > 8 else "")  # noqa: PLR2004 (a line's worth)
    raise ValueError(f"“{value}” is none of the values of {info.label}: {shown}")


def _attempt(where: str, read: Callable[[object], R], value: object) -> R:
    try:
        return read(value)
    except ValueError as problem:
        _refuse(where, str(problem))


def _refuse(where: str, reason: str) -> NoReturn:
    raise _FaultError(where, reason) from None


def _dot(path: str) -> str:
    return f"{path}." if path else ""
