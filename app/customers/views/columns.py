"""Where the columns of a file go, as a form shows it, and as it is read back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from werkzeug.datastructures import MultiDict

from app.customers.imports.mapping import TARGETS_OF, Column
from app.customers.imports.rejects import OURS
from app.customers.imports.targets import KEYS, TYPES, field_key, field_label
from app.customers.service.import_drafts import Draft
from app.customers.values import PREFIX

NEW = "new"
TYPE_WORDS = {**TYPES, "money": "Money"}
MARKS = {"point": "1,204.50", "comma": "1.204,50"}
ORDERS = {"": "2026-11-21, or 21 Nov 2026", "dmy": "21/11/2026, day first", "mdy": "11/21/2026, month first"}
_STYLES = {"number": MARKS, "money": MARKS, "date": ORDERS, "datetime": ORDERS}
_SHOWN = 3
_LONGEST = 60
_WHOSE = ["email", "customer_id"]
_ITEM = ["item", "sku", "category", "quantity", "unit_price"]
MOST_OPTIONS = 15_000
"""Options on one page; beyond, a script fills each list of targets when it is opened."""


@dataclass(frozen=True, slots=True)
class Row:
    """A column as the form shows it. `to` is a target, NEW, or empty: left out; `why` says where the proposal comes from.

    `marked`: some value has a point or a comma, so that it matters which of them is the decimal mark.
    """

    index: int
    name: str
    samples: tuple[str, ...]
    more: bool
    marked: bool
    to: str
    type: str
    mark: str
    order: str
    label: str
    why: str
    error: str | None = None

    @property
    def style(self) -> str:
        """Return which of the two styles matters for the type: `mark`, `order`, or neither."""
        return {"number": "mark", "money": "mark", "date": "order", "datetime": "order"}.get(self.type, "")


def targets(draft: Draft) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return where columns may go, in groups: (group, [(target, label, type)])."""
    every = TARGETS_OF[draft.row.kind]
    if draft.row.kind == "orders":
        groups = {"Order": [key for key in every if key not in {*_WHOSE, *_ITEM}], "Whose": _WHOSE, "Each item": _ITEM}
        return [(name, [(key, every[key].label, every[key].type) for key in keys]) for name, keys in groups.items()]
    custom = sorted(draft.custom.items(), key=lambda item: item[1].label.casefold())
    own = [(PREFIX + key, field.label, field.type) for key, field in custom]
    keys = [(key, every[key].label, "text") for key in ("email", *(k for k in KEYS if k != "email"))]
    rest = [(key, target.label, target.type) for key, target in every.items() if key not in KEYS]
    return [("Known by", keys), ("Profile", rest)] + ([("Your fields", own)] if own else [])


def rows(draft: Draft, posted: MultiDict[str, str] | None = None, errors: Mapping[str, str] | None = None) -> list[Row]:
    """Return the columns as they are planned, or as they were posted, each with what is wrong with it."""
    shown = [_planned(draft, index, column) for index, column in enumerate(draft.plan)]
    if posted is not None:
        shown = [_posted(row, draft, posted) for row in shown]
    wrong = errors or {}
    return [_with_error(row, wrong.get(f"mapping.{row.name}") or wrong.get(f"labels.{row.name}")) for row in shown]


def _planned(draft: Draft, index: int, column: Column) -> Row:
    return Row(
        index,
        column.name,
        *_samples(draft, index),
        to=NEW if column.new else column.target or "",
        type=column.type if column.target else _type(draft, index),
        mark="comma" if column.style == "comma" else "point",
        order=column.style if column.style in ORDERS else "",
        label=column.label if column.new else field_label(column.name),
        why=_why(draft, index, column),
    )


def _type(draft: Draft, index: int) -> str:
    """Return the type that a column which is left out would have as a field."""
    guessed = draft.guessed[index]
    return guessed.type if guessed.new else "text"


def _samples(draft: Draft, index: int) -> tuple[tuple[str, ...], bool, bool]:
    """Return the first different values of a column, whether it has others, and whether any is marked (see Row)."""
    different = dict.fromkeys(islice(draft.head.samples(index), 200))
    short = [value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…" for value in islice(different, _SHOWN)]
    return tuple(short), len(different) > _SHOWN, any("," in value or "." in value for value in draft.head.samples(index))


def _why(draft: Draft, index: int, column: Column) -> str:
    """Say where a proposal comes from; nothing where a person chose it."""
    guessed = draft.guessed[index]
    if column.target != guessed.target or (column.new and column.type != guessed.type):
        return "Chosen by you"
    if column.name in draft.remembered and draft.remembered[column.name] == column.said:
        return "As last time"
    if column.name in OURS:
        return "Added by Fairlead to the file of refused rows"
    if column.target is None:
        return "Not known" if draft.row.kind == "orders" else "Has no name"
    if column.new:
        return "Type guessed from the values" if draft.head.samples(index) else "No values in the first rows"
    return "Guessed from the name" if column.field is None else "Has the name of your field"


def _posted(row: Row, draft: Draft, posted: MultiDict[str, str]) -> Row:
    i, custom = row.index, draft.custom
    to = posted.get(f"to-{i}", row.to)
    kind = posted.get(f"type-{i}", row.type)
    if to != NEW and to:
        field = custom.get(to.removeprefix(PREFIX))
        target = TARGETS_OF[draft.row.kind].get(to)
        kind = field.type if field else target.type if target else "text"
    return Row(
        i,
        row.name,
        row.samples,
        row.more,
        row.marked,
        to,
        kind,
        posted.get(f"mark-{i}", row.mark),
        posted.get(f"order-{i}", row.order),
        posted.get(f"label-{i}", row.label).strip(),
        row.why if to == row.to and (to != NEW or kind == row.type) else "Chosen by you",
    )


def _with_error(row: Row, error: str | None) -> Row:
    return row if error is None else Row(**{**{name: getattr(row, name) for name in Row.__slots__}, "error": error})


def said(shown: list[Row], draft: Draft) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return the rows as a mapping says them, and the labels of new fields."""
    taken = {row.to.removeprefix(PREFIX) for row in shown if row.to.startswith(PREFIX)} | set(draft.custom)
    mapping: dict[str, str | None] = {}
    labels: dict[str, str] = {}
    for row in shown:
        if row.to == NEW:
            key = _free(row.name, taken)
            taken.add(key)
            mapping[row.name] = _joined(f"{PREFIX}{key}", row.type, _style(row))
            labels[row.name] = row.label or field_label(row.name) or row.name
        else:
            mapping[row.name] = _joined(row.to, "", _style(row)) if row.to else None
    return mapping, labels


def _joined(*parts: str) -> str:
    return ":".join(part for part in parts if part)


def _style(row: Row) -> str:
    value = {"mark": row.mark, "order": row.order}.get(row.style, "")
    return value if value in _STYLES.get(row.type, {}) else ""


def _free(name: str, taken: set[str]) -> str:
    """Return a key for a new field that no other has."""
    return next(key for key in _keys(field_key(name)) if key not in taken)


def _keys(key: str) -> Iterator[str]:
    yield key
    number = 1
    while True:
        number += 1
        yield f"{key[:58]}_{number}"
