"""From the tree as written to the tree with meaning: every name looked up, every value typed, every refusal with its path."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from app.core.errors import Invalid
from app.customers.fields import FieldInfo
from app.segments import ast, nodes, values
from app.segments.operators import ACTIVITY_OPS, CONDITION_OPS, DAYS, MEMBER_OPS, NO_VALUE, OPS_BY_TYPE
from app.segments.vocabulary import Vocabulary

MAX_VALUES = 1_000
"""Entries in a list of values."""

R = TypeVar("R")
_MANY = ("in", "not_in", "any_of", "all_of", "none_of")
_NUMBERS_ONLY = ("lt", "lte", "gt", "gte", "between")
_TEXTS_ONLY = ("contains", "not_contains", "starts_with", "ends_with")


def resolve(tree: ast.Group, words: Vocabulary) -> nodes.Node:
    """Give the names and values of a tree their meaning in this workspace. Raises Invalid with every fault found."""
    job = _Resolver(words)
    node = job.group(tree, "")
    if job.errors or node is None:
        raise Invalid(job.errors)
    return node


@dataclass
class _Resolver:
    words: Vocabulary
    errors: dict[str, str] = field(default_factory=dict)

    def rule(self, rule: "ast.Rule", path: str) -> nodes.Node | None:
        if isinstance(rule, ast.Group):
            return self.group(rule, path)
        if isinstance(rule, ast.FieldRule):
            return self.field(rule, path)
        if isinstance(rule, ast.ActivityRule):
            return self.activity(rule, path)
        return self.member(rule, path)

    def group(self, group: ast.Group, path: str) -> nodes.Node | None:
        found = [self.rule(rule, f"{_dot(path)}rules[{i}]") for i, rule in enumerate(group.rules)]
        children = tuple(child for child in found if child is not None)
        if len(children) < len(found):
            return None
        if group.operator == "NOT":
            return nodes.Not(path, children[0])
        return nodes.All(path, children) if group.operator == "AND" else nodes.Any(path, children)

    def field(self, rule: ast.FieldRule, path: str) -> nodes.Node | None:
        info = self.words.fields.get(rule.field)
        if info is None:
            return self.refuse(f"{_dot(path)}field", f"There is no field “{rule.field}” here.")
        if rule.op not in OPS_BY_TYPE[info.type]:
            fitting = ", ".join(OPS_BY_TYPE[info.type])
            return self.refuse(f"{_dot(path)}op", f"“{rule.op}” does not fit {info.label}, a {info.type} field. These do: {fitting}.")
        where = f"{_dot(path)}value"
        before = len(self.errors)
        value = self.field_value(info, rule, where)
        return nodes.FieldTest(path, info, rule.op, value) if len(self.errors) == before else None

    def field_value(self, info: FieldInfo, rule: ast.FieldRule, where: str) -> nodes.Value:
        if rule.op in NO_VALUE:
            return self.no_value(rule.op, rule.value, where)
        if rule.op in DAYS:
            return self.attempt(where, values.days, rule.value)

        def one(value: object) -> nodes.Scalar:
            if info.path == "email" and rule.op in ("eq", "ne", "in", "not_in"):
                return values.email(value)
            found = values.scalar(info.type, value, self.words.zone)
            if info.choices and rule.op in ("eq", "ne", "in", "not_in") and found not in info.choices:
                raise ValueError(f"“{found}” is not one of: {', '.join(info.choices[:20])}.")  # noqa: TRY003, EM102 (the value is the message)
            return found

        if rule.op in _MANY:
            return self.many(where, one, rule.value)
        if rule.op == "between":
            return self.between(where, one, rule.value)
        return self.attempt(where, one, rule.value)

    def no_value(self, op: str, value: object, where: str) -> None:
        if value is not None and value is not True:
            self.refuse(where, f"{op} takes no value.")

    def many(self, where: str, one: Callable[[object], nodes.Scalar], given: object) -> nodes.Value:
        if not isinstance(given, list):
            return self.refuse(where, "This must be a list of values.")
        if not given:
            return self.refuse(where, "Name at least one value.")
        if len(given) > MAX_VALUES:
            return self.refuse(where, f"At most {MAX_VALUES:,} values; this has {len(given):,}.")
        found = [self.attempt(f"{where}[{i}]", one, value) for i, value in enumerate(given)]
        return tuple(dict.fromkeys(value for value in found if value is not None))

    def between(self, where: str, one: Callable[[object], nodes.Scalar], given: object) -> nodes.Value:
        if not isinstance(given, list) or len(given) != 2:  # noqa: PLR2004 (a lower and an upper end)
            return self.refuse(where, "This must be a list of two values, the lower first.")
        low, high = (self.attempt(f"{where}[{i}]", one, value) for i, value in enumerate(given))
        if low is None or high is None:
            return None
        if self.later(low, high):
            return self.refuse(where, "The lower value comes first.")
        return (low, high)

    def later(self, low: nodes.Scalar, high: nodes.Scalar) -> bool:
        """Tell whether `low` lies after `high`; a date and a time compare by the date."""
        if isinstance(low, date) and isinstance(high, date) and isinstance(low, datetime) != isinstance(high, datetime):
            low, high = _day_of(low), _day_of(high)
        return low > high  # type: ignore[operator,no-any-return]

    def activity(self, rule: ast.ActivityRule, path: str) -> nodes.Node | None:
        before = len(self.errors)
        kind = self.words.kinds.get(rule.activity)
        if kind is None:
            self.refuse(f"{_dot(path)}activity", f"Nobody has done “{rule.activity}” here yet; there is no such activity.")
        if rule.op not in ACTIVITY_OPS:
            self.refuse(f"{_dot(path)}op", f"“{rule.op}” is none of: {', '.join(ACTIVITY_OPS)}.")
        if rule.source is not None and rule.source not in self.words.sources:
            self.refuse(f"{_dot(path)}source", "There is no such source (campaign, journey, form or page) here.")
        low, high = self.times(rule, path)
        after, until = self.window(rule, path)
        where = tuple(self.condition(condition, f"{_dot(path)}where[{i}]") for i, condition in enumerate(rule.where or ()))
        if kind is None or len(self.errors) > before:
            return None
        return nodes.ActivityTest(path, kind, rule.op, low, high, rule.within_days, after, until, rule.source, where)

    def times(self, rule: ast.ActivityRule, path: str) -> tuple[int, int | None]:
        """Return the least and the greatest count that fits."""
        where = f"{_dot(path)}times"
        if rule.op == "never":
            if rule.times:
                self.refuse(where, "never takes no number of times.")
            return 0, 0
        if rule.times is None:
            self.refuse(where, "Say how many times.")
            return 0, 0
        if rule.op == "at_least":
            if rule.times == 0:
                self.refuse(where, "At least 0 times fits everybody; say 1 or more.")
            return rule.times, None
        return (0, rule.times) if rule.op == "at_most" else (rule.times, rule.times)

    def window(self, rule: ast.ActivityRule, path: str) -> tuple[date | datetime | None, date | datetime | None]:
        ends = []
        for name in ("after", "before"):
            given = getattr(rule, name)
            found = None if given is None else self.attempt(f"{_dot(path)}{name}", lambda v: values.moment(v, self.words.zone), given)
            if given is not None and rule.within_days is not None:
                self.refuse(f"{_dot(path)}{name}", "Give either within_days or dates, not both.")
            ends.append(found)
        if ends[0] is not None and ends[1] is not None and self.later(ends[0], ends[1]):
            self.refuse(f"{_dot(path)}before", "This lies earlier than after.")
        return ends[0], ends[1]

    def condition(self, rule: ast.Condition, path: str) -> nodes.DataTest:
        where = f"{path}.value"
        value: nodes.Value = None
        if rule.op not in CONDITION_OPS:
            self.refuse(f"{path}.op", f"“{rule.op}” is none of: {', '.join(CONDITION_OPS)}.")
        elif rule.op in NO_VALUE:
            self.no_value(rule.op, rule.value, where)
        elif rule.op in _NUMBERS_ONLY:
            value = (self.between if rule.op == "between" else self.attempt)(where, values.number, rule.value)  # type: ignore[operator]
        elif rule.op in _TEXTS_ONLY:
            value = self.attempt(where, values.text, rule.value)
        elif rule.op in _MANY:
            value = self.many(where, values.untyped, rule.value)
        else:
            value = self.attempt(where, values.untyped, rule.value)
        return nodes.DataTest(rule.field, rule.op, value)

    def member(self, rule: ast.SegmentRule, path: str) -> nodes.Node | None:
        if rule.op not in MEMBER_OPS:
            return self.refuse(f"{_dot(path)}op", f"“{rule.op}” is none of: {', '.join(MEMBER_OPS)}.")
        if rule.segment not in self.words.segments:
            return self.refuse(f"{_dot(path)}segment", "There is no such segment here.")
        return nodes.MemberTest(path, rule.segment, rule.op == "in")

    def attempt(self, where: str, read: Callable[[object], R], value: object) -> R | None:
        try:
            return read(value)
        except ValueError as problem:
            return self.refuse(where, str(problem))

    def refuse(self, where: str, reason: str) -> None:
        self.errors.setdefault(where, reason)


def _dot(path: str) -> str:
    return f"{path}." if path else ""


def _day_of(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
