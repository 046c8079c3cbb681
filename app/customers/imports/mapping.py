"""The plan of an import: where each column goes and what it holds; guessed from headings and samples, corrected by people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.core.errors import Invalid
from app.customers.imports.cells import guess
from app.customers.imports.dates import guess_order
from app.customers.imports.head import Head
from app.customers.imports.order_targets import ORDER_TARGETS
from app.customers.imports.rejects import OURS
from app.customers.imports.targets import KEYS, TARGETS, TYPES, Target, field_key, field_label, known

OVERWRITE = ("always", "empty", "never")
"""What happens to a customer already here: filled cells replace, fill only what is empty, or nothing changes."""
STYLES = ("", "point", "comma", "dmy", "mdy")
TARGETS_OF = {"customers": TARGETS, "orders": ORDER_TARGETS}
"""Where columns may go, by kind of import; customers have custom fields besides."""
_KEY = re.compile(r"[^\W\d]\w{0,62}")
_ALL_TYPES = (*TYPES, "money")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file. `target` is a key of TARGETS, `fields.<key>`, or None: left out. `new`: the custom field is made."""

    name: str
    target: str | None
    type: str = "text"
    style: str = ""
    label: str = ""
    new: bool = False
    choices: tuple[str, ...] = ()

    @property
    def field(self) -> str | None:
        """Return the key of the custom field this column goes to, if it does."""
        return self.target.removeprefix("fields.") if self.target and self.target.startswith("fields.") else None

    @property
    def said(self) -> str | None:
        """Return the target as people and programs say it, with type and style."""
        if self.target is None:
            return None
        return ":".join([self.target, *([self.type] if self.field else []), *([self.style] if self.style else [])])


Plan = tuple[Column, ...]
"""One Column for each column of the file, in its order."""


@dataclass(frozen=True, slots=True)
class Field:
    """A custom field of the workspace: its type, its label, and the only values it takes, if they are given."""

    type: str
    label: str
    choices: tuple[str, ...] = ()


Fields = Mapping[str, Field]
"""The workspace's custom fields by key."""


def dump(plan: Plan) -> list[dict[str, Any]]:
    """Return a plan as JSON keeps it."""
    return [asdict(column) for column in plan]


def load(data: Sequence[Mapping[str, Any]]) -> Plan:
    """Return a plan as `dump` kept it."""
    return tuple(Column(**{**column, "choices": tuple(column["choices"])}) for column in data)


def make(
    head: Head,
    fields: Fields,
    said: Mapping[str, str | None],
    *,
    remembered: Mapping[str, str | None] | None = None,
    strict: bool = True,
    kind: str = "customers",
) -> Plan:
    """Return the plan: what was said, else what is remembered, else guessed.

    A target is said as `email`, `fields.points`, with a type `fields.points:number`, or with a style `birthday:dmy`, `fields.sum:number:comma`.
    Raises Invalid, keyed by `mapping.<column>`; unless `strict`, a plan that knows nobody is left for people to correct.
    """
    unknown = [name for name in said if name not in head.columns]
    if unknown:
        raise Invalid({f"mapping.{name}": "There is no such column in the file." for name in unknown[:20]})
    taken: set[str] = {t.split(":")[0] for t in said.values() if t}
    plan = []
    for index, name in enumerate(head.columns):
        target = said[name] if name in said else _proposed(name, remembered or {}, fields, taken, kind)
        try:
            column = _column(name, target, head.samples(index), fields, TARGETS_OF[kind])
        except Invalid as no:
            if name not in said:  # what was remembered no longer fits
                column = _column(name, _guessed(name, fields, taken, kind), head.samples(index), fields, TARGETS_OF[kind])
            else:
                raise Invalid({f"mapping.{name}": next(iter(no.errors.values()))}) from None
        plan.append(column)
        taken.add(column.target or "")
    if strict:
        check(plan, kind)
    return tuple(plan)


def check(plan: Sequence[Column], kind: str = "customers") -> None:
    """Refuse a plan that sends two columns to one target, or that names nobody, or no order. Raises Invalid."""
    seen: dict[str, str] = {}
    for column in plan:
        if column.target is None:
            continue
        if column.target in seen:
            raise Invalid({f"mapping.{column.name}": f"“{seen[column.target]}” goes there already."})
        seen[column.target] = column.name
    if kind == "orders":
        _check_orders(seen)
        return
    if not seen.keys() & set(KEYS):
        raise Invalid({"mapping": "No column holds an e-mail address, a phone or an external id; one of them is needed to know people by."})
    if "full_name" in seen and seen.keys() & {"first_name", "last_name"}:
        raise Invalid({f"mapping.{seen['full_name']}": "First or last name has a column of its own; leave the full name out."})


def _check_orders(seen: Mapping[str, str]) -> None:
    """Refuse a plan without what an order needs."""
    for wanted, what in (
        ({"order_id"}, "No column holds the number of the order; it is needed to know an order by."),
        ({"email", "customer_id"}, "No column says whose order it is: an e-mail address or a customer's id."),
        ({"ordered_at"}, "No column says when the order was placed."),
        ({"total", "unit_price"}, "No column holds an amount: the order's total, or the price of an item."),
    ):
        if not seen.keys() & wanted:
            raise Invalid({"mapping": what})


def _proposed(name: str, remembered: Mapping[str, str | None], fields: Fields, taken: set[str], kind: str) -> str | None:
    target = remembered.get(name)
    if name in remembered and (target is None or target.split(":")[0] not in taken):
        return target
    return _guessed(name, fields, taken, kind)


def _guessed(name: str, fields: Fields, taken: set[str], kind: str) -> str | None:
    if name in OURS or re.fullmatch(r"column \d+", name):
        return None
    if kind == "orders":
        target = known(name, ORDER_TARGETS)
        return target if target not in taken else None
    key = field_key(name)
    if key in fields and f"fields.{key}" not in taken:
        return f"fields.{key}"
    target = known(name)
    if target and target not in taken:
        return target
    number, base = 1, key
    while f"fields.{key}" in taken:
        number += 1
        key = f"{base[:58]}_{number}"
    return f"fields.{key}"


def _column(name: str, target: str | None, samples: list[str], fields: Fields, targets: Mapping[str, Target]) -> Column:
    """Return the column with its type and style: said behind colons, else of the field, else guessed. Raises Invalid."""
    if not target:
        return Column(name, None)
    place, *said = target.split(":")
    styles = [s for s in said if s in STYLES]
    types = [s for s in said if s not in STYLES]
    if len(types) > 1 or len(styles) > 1 or any(t not in _ALL_TYPES for t in types):
        raise Invalid({"": f"Behind the colon stands a type ({', '.join(TYPES)}) or a style ({', '.join(STYLES[1:])})."})
    if place.startswith("fields.") and targets is TARGETS:
        return _custom(name, place, types, styles, samples, fields)
    if place not in targets:
        also = ", or fields.<key>" if targets is TARGETS else ""
        raise Invalid({"": f"There is no field “{place[:80]}”. It is one of {', '.join(targets)}{also}, or null."})
    kind = targets[place].type
    return Column(name, place, kind, _style(kind, styles, samples) if kind != "text" else "", targets[place].label)


def _custom(name: str, place: str, types: list[str], styles: list[str], samples: list[str], fields: Fields) -> Column:
    key = place.removeprefix("fields.")
    if not _KEY.fullmatch(key):
        raise Invalid({"": "The key of a field is letters, digits and _, at most 63, and begins with a letter."})
    guessed, style = guess(samples)
    if key in fields:
        known = fields[key]
        if types and types[0] != known.type:
            raise Invalid({"": f"The field {key} exists already and holds {TYPES.get(known.type, known.type).lower()}."})
        return Column(name, place, known.type, _style(known.type, styles, samples), known.label, choices=known.choices)
    kind = types[0] if types else guessed
    if styles or kind != guessed:
        style = _style(kind, styles, samples)
    return Column(name, place, kind, style, field_label(name), new=True)


def _style(kind: str, styles: list[str], samples: list[str]) -> str:
    if styles:
        return styles[0]
    if kind in {"date", "datetime"}:
        return guess_order(samples) or ""
    return "comma" if kind in {"number", "money"} and guess(samples)[1] == "comma" else ""
