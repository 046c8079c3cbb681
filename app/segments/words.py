"""The tree in plain English: one sentence for a page, and each rule by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_datetime

from app.core.web import numbers
from app.customers.values import FieldInfo
from app.segments import nodes
from app.segments.operators import DAYS
from app.segments.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text: plain, strong (what the reader chose), or the name of a segment, which leads there."""

    text: str
    strong: bool = False
    segment: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or, where `items` are given, a list below it."""

    spans: tuple[Span, ...] = ()
    items: tuple[tuple["Block", ...], ...] = field(default=())


def say(node: nodes.Node, words: Vocabulary) -> list[Block]:
    """Return the whole tree as paragraphs and lists: *Customers whose lifetime value is at least $200, and who …*."""
    return _Writer(words).whole(node)


def plain(node: nodes.Node, words: Vocabulary) -> str:
    """Return the whole tree as one line."""
    return " ".join(_flat(block) for block in say(node, words)).replace(" ,", ",")


def rule(leaf: nodes.Leaf, words: Vocabulary) -> str:
    """Return one rule as a statement: *Country is United States*, *Ordered at least once in the last 90 days*."""
    writer = _Writer(words)
    text = "".join(span.text for span in writer.statement(leaf))
    return text[:1].upper() + text[1:]


def written(info: FieldInfo, value: Any, words: Vocabulary) -> str:
    """Return a value that somebody has, as people write it: *$3,320*, *vip, trail*, *no value*."""
    if value is None:
        return "no value"
    writer = _Writer(words)
    return ", ".join(writer.value(info, one) for one in (value if isinstance(value, list) else [value]))


def _flat(block: Block) -> str:
    text = "".join(span.text for span in block.spans)
    inner = " ".join(" ".join(_flat(part) for part in item) for item in block.items)
    return f"{text} {inner}".strip()


_TEXT_VERBS = {
    "eq": "is",
    "ne": "is not",
    "contains": "contains",
    "not_contains": "does not contain",
    "starts_with": "begins with",
    "ends_with": "ends with",
    "in": "is",
    "not_in": "is none of",
}
_NUMBER_VERBS = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
    "between": "is between",
    "in": "is",
    "not_in": "is none of",
}
_TIME_VERBS = {
    "eq": "is on",
    "ne": "is not on",
    "lt": "is before",
    "before": "is before",
    "lte": "is not after",
    "gt": "is after",
    "after": "is after",
    "gte": "is not before",
    "between": "is between",
}
_LIST_VERBS = {
    "any_of": "include",
    "all_of": "include",
    "none_of": "include none of",
    "contains": "include",
    "not_contains": "do not include",
}
_DAY_WORDS = {
    "within_days": ("is in the ", "last {}"),
    "more_than_days_ago": ("is ", "more than {} ago"),
    "next_days": ("is in the ", "next {}"),
    "anniversary_next_days": ("comes round in the ", "next {}"),
}
_CONDITION_VERBS = _NUMBER_VERBS | {key: _TEXT_VERBS[key] for key in ("contains", "not_contains", "starts_with", "ends_with")}


@dataclass(frozen=True, slots=True)
class _Writer:
    words: Vocabulary

    def whole(self, node: nodes.Node) -> list[Block]:
        if isinstance(node, nodes.All):
            return self.every(node)
        if isinstance(node, nodes.Any):
            return [Block(_spans("Customers who fit ", "*any", " of these:")), self.bullets(node.children, "or")]
        if isinstance(node, nodes.Not):
            return self.without(node, _spans("All customers, "))
        return [Block((Span("Customers "), *self.clause(node)))]

    def every(self, node: nodes.All) -> list[Block]:
        """Write the rules of a group of ANDs in one sentence, then its groups as lists."""
        leaves = [child for child in node.children if not isinstance(child, nodes.All | nodes.Any | nodes.Not)]
        first: list[Span] = [Span("Customers ")] if leaves else [Span("All customers")]
        for i, leaf in enumerate(leaves):
            first += _spans(", ", "*and", " ") if i else []
            first += self.clause(leaf)
        blocks: list[Block] = [Block(tuple(first))]
        for child in node.children:
            if isinstance(child, nodes.Not):
                blocks += self.without(child, ())
            elif isinstance(child, nodes.Any):
                blocks += [Block(_spans("*and", " who fit ", "*any", " of these:")), self.bullets(child.children, "or")]
            elif isinstance(child, nodes.All):
                blocks += [Block(_spans("*and", " who fit ", "*all", " of these:")), self.bullets(child.children, "and")]
        return blocks

    def without(self, node: nodes.Not, begin: tuple[Span, ...]) -> list[Block]:
        inner = node.child
        parts = inner.children if isinstance(inner, nodes.Any) else (inner,)
        if len(parts) == 1 and not isinstance(parts[0], nodes.All | nodes.Any | nodes.Not):
            return [Block((*begin, *_spans("*but not", " those "), *self.clause(parts[0])))]
        return [Block((*begin, *_spans("*but none", " of those who fit:"))), self.bullets(parts, "or")]

    def bullets(self, parts: Sequence[nodes.Node], join: str) -> Block:
        items = []
        for i, part in enumerate(parts):
            blocks = self.inner(part)
            if i < len(parts) - 1:
                blocks = [*blocks[:-1], Block((*blocks[-1].spans, *_spans(", ", f"*{join}")), blocks[-1].items)]
            items.append(tuple(blocks))
        return Block((), tuple(items))

    def inner(self, node: nodes.Node) -> list[Block]:
        """Write an entry of a list."""
        if isinstance(node, nodes.All | nodes.Any):
            every = isinstance(node, nodes.All)
            below = self.bullets(node.children, "and" if every else "or")
            return [Block(_spans("*all" if every else "*any", " of these:"), below.items)]
        if isinstance(node, nodes.Not):
            if isinstance(node.child, nodes.All | nodes.Any | nodes.Not):
                parts = node.child.children if isinstance(node.child, nodes.Any) else (node.child,)
                return [Block(_spans("*none", " of these:"), self.bullets(parts, "or").items)]
            return [Block((*_spans("*not", " "), *self.statement(node.child)))]
        return [Block(self.statement(node))]

    def clause(self, leaf: nodes.Leaf) -> tuple[Span, ...]:
        """Write a rule after «customers»: *whose country is US*, *who ordered …*, *who are in …*."""
        if isinstance(leaf, nodes.FieldTest):
            if leaf.field.source == "tags":
                return (Span("who "), *self.tags(leaf, "have", "do not have"))
            return (Span(f"whose {_lower(leaf.field.label)} "), *self.comparison(leaf))
        if isinstance(leaf, nodes.ActivityTest):
            return (Span("who "), *self.activity(leaf))
        return (Span("who are "), *self.member(leaf))

    def statement(self, leaf: nodes.Leaf) -> tuple[Span, ...]:
        """Write a rule by itself: *country is US*, *ordered …*, *in …*."""
        if isinstance(leaf, nodes.FieldTest):
            if leaf.field.source == "tags":
                return self.tags(leaf, "has", "does not have")
            return (Span(f"{leaf.field.label} "), *self.comparison(leaf))
        return self.activity(leaf) if isinstance(leaf, nodes.ActivityTest) else self.member(leaf)

    def tags(self, leaf: nodes.FieldTest, have: str, have_not: str) -> tuple[Span, ...]:
        if leaf.op in ("exists", "not_exists"):
            return _spans(f"{have} ", "*any tag" if leaf.op == "exists" else "*no tag")
        many = isinstance(leaf.value, tuple) and len(leaf.value) > 1
        begin = have_not if leaf.op in ("none_of", "not_contains") else have
        return (Span(f"{begin} the {'tags' if many and leaf.op == 'all_of' else 'tag'} "), *self.values(leaf.field, leaf.value, leaf.op))

    def comparison(self, leaf: nodes.FieldTest) -> tuple[Span, ...]:
        info, op = leaf.field, leaf.op
        if op in ("exists", "not_exists"):
            return _spans("*is known" if op == "exists" else "*is not known")
        if op in DAYS:
            before, strong = _DAY_WORDS[op]
            return _spans(before, "*" + strong.format(_days(int(leaf.value))))  # type: ignore[arg-type]
        verbs = {"text": _TEXT_VERBS, "boolean": _TEXT_VERBS, "list": _LIST_VERBS, "date": _TIME_VERBS, "datetime": _TIME_VERBS}
        return (Span(verbs.get(info.type, _NUMBER_VERBS)[op] + " "), *self.values(info, leaf.value, op))

    def values(self, info: FieldInfo, value: nodes.Value, op: str) -> tuple[Span, ...]:
        if not isinstance(value, tuple):
            return (Span(self.value(info, value), strong=True),)
        join = "and" if op in ("between", "all_of") else "or"
        spans: list[Span] = []
        for i, one in enumerate(value):
            spans += [Span(f" {join} " if i == len(value) - 1 else ", ")] if i else []
            spans.append(Span(self.value(info, one), strong=True))
        return tuple(spans)

    def value(self, info: FieldInfo, value: Any) -> str:
        if info.type == "money":
            return self.money(int(value))
        return info.say(value) if isinstance(value, str) else self.scalar(value)

    def money(self, minor: int) -> str:
        exact = numbers.money(minor, self.words.currency, self.words.locale)
        whole = numbers.money_sum(minor, self.words.currency, self.words.locale)
        return whole if minor % 100 == 0 else exact

    def scalar(self, value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | Decimal):
            places = max(0, -Decimal(value).normalize().as_tuple().exponent)  # type: ignore[operator]
            return numbers.decimal(value, places, self.words.locale)
        if isinstance(value, datetime):
            return str(format_datetime(value.astimezone(self.words.zone), "d MMM y HH:mm", locale=numbers.known_locale(self.words.locale)))
        if isinstance(value, date):
            return str(format_date(value, "d MMM y", locale=numbers.known_locale(self.words.locale)))
        return str(value)

    def activity(self, leaf: nodes.ActivityTest) -> tuple[Span, ...]:
        spans = list(_spans("*never", f" {leaf.kind.label}") if leaf.high == 0 else _spans(f"{leaf.kind.label} ", "*" + _times(leaf)))
        if leaf.within_days is not None:
            spans += _spans(" in the ", f"*last {_days(leaf.within_days)}")
        for name, end in (("after", leaf.after), ("before", leaf.before)):
            if end is not None:
                spans += _spans(f" {name} ", f"*{self.scalar(end)}")
        if leaf.source is not None:
            spans += _spans(" from ", f"*{self.words.sources.get(leaf.source, 'a source that is gone')}")
        for i, test in enumerate(leaf.where):
            spans += [Span(" and " if i else ", where "), *self.condition(test)]
        return tuple(spans)

    def condition(self, test: nodes.DataTest) -> tuple[Span, ...]:
        name = test.key.replace("_", " ")
        if test.op in ("exists", "not_exists"):
            return _spans(f"{name} ", "*is given" if test.op == "exists" else "*is not given")
        info = FieldInfo(test.key, name, "text", "custom")
        return (Span(f"{name} {_CONDITION_VERBS[test.op]} "), *self.values(info, test.value, test.op))

    def member(self, leaf: nodes.MemberTest) -> tuple[Span, ...]:
        name = self.words.segments.get(leaf.segment, "a segment that is gone")
        return (Span("in " if leaf.inside else "not in "), Span(name, segment=leaf.segment))


def _spans(*texts: str) -> tuple[Span, ...]:
    """Write spans short: a text that begins with `*` is strong."""
    return tuple(Span(text[1:], strong=True) if text.startswith("*") else Span(text) for text in texts)


def _times(leaf: nodes.ActivityTest) -> str:
    count = leaf.low or leaf.high or 0
    times = "once" if count == 1 else f"{count:,} times"
    return f"{ {'at_least': 'at least', 'at_most': 'at most', 'exactly': 'exactly'}[leaf.op] } {times}"


def _days(days: int) -> str:
    return "day" if days == 1 else f"{days:,} days"


def _lower(label: str) -> str:
    """Return a label as it stands inside a sentence; an abbreviation keeps its capitals."""
    return label[:1].lower() + label[1:] if label[1:2].islower() or label[1:2] in "- " else label
