"""The first rows of a file as they would be stored, in the words of a page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from app.core.web.format import of_request
from app.customers.imports.mapping import Column
from app.customers.imports.orders import Draft as Order
from app.customers.imports.orders import Ready
from app.customers.imports.rejects import Reject
from app.customers.imports.staging import Prepared
from app.customers.imports.targets import TARGETS
from app.customers.models import ImportReject
from app.customers.service.import_drafts import PREVIEW, Draft, Rehearsal

MOST_COLUMNS = 60
"""Columns shown; a table of more helps nobody."""
_NAMES = ("first_name", "last_name")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the preview: its line, its cells as stored, or why it is refused (and the column it is about)."""

    line: int
    cells: Sequence[str]
    refused: str = ""
    column: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows under the names of the fields; `hidden` columns are not shown."""

    heads: Sequence[tuple[str, bool]]
    lines: Sequence[Line]
    hidden: int


def preview(draft: Draft, found: Rehearsal, currency: str) -> Preview:
    """Return the first rows as they would be stored, the refused ones among them by line. Heads are (label, is a number)."""
    ready = found.preview
    return _customers(draft, found, ready, currency) if isinstance(ready, Prepared) else _orders(found, ready)


def _orders(found: Rehearsal, ready: Ready) -> Preview:
    """Return the first orders: each stands on the line of its first row."""
    heads = [("Order", False), ("Whose", False), ("When", False), ("Items", False), ("Amount", True)]
    last = ready.chunk.end.line
    every: list[ImportReject | Reject] = [*found.rejects, *ready.rejects]
    refused = {reject.line: reject for reject in every if reject.line < last}
    lines = [Line(line, (), no.reason, no.column, no.found) for line, no in refused.items()]
    lines += [Line(order.group.lines[0], _order(order)) for order in ready.drafts if not refused.keys() & set(order.group.lines)]
    return Preview(heads, sorted(lines, key=attrgetter("line"))[:PREVIEW], 0)


def _order(order: Order) -> list[str]:
    says, items = order.says, order.items
    amount = (
        says["total"] if says["total"] is not None else sum(i["quantity"] * i["unit_amount"] for i in items if i["unit_amount"] is not None)
    )
    names = ", ".join(f"{item['quantity']} × {item['name']}" for item in items)
    when = datetime.fromisoformat(says["ordered_at"]).strftime("%Y-%m-%d %H:%M UTC")
    return [order.group.number, says.get("email") or says["customer_id"], when, names, of_request().money(amount, order.currency)]


def _customers(draft: Draft, found: Rehearsal, ready: Prepared, currency: str) -> Preview:
    custom = [column for column in draft.plan if column.field]
    profile = [key for key in ready.profile if any(ready.profile[key]) or key not in _NAMES]
    heads = [(TARGETS[key].label, False) for key in profile] + [(c.label, c.type in {"number", "money"}) for c in custom]
    refused = {reject.line: reject for reject in found.rejects} | {reject.line: reject for reject in ready.rejects}
    taken = {line: i for i, line in enumerate(ready.lines) if line not in refused}
    first = sorted(taken.keys() | refused.keys())[: min(PREVIEW, len(draft.head.rows) + len(draft.head.rejects))]
    lines = []
    for line in first:
        if line in refused:
            reject = refused[line]
            lines.append(Line(line, (), reject.reason, reject.column, reject.found))
        else:
            lines.append(Line(line, _cells(ready, taken[line], profile, custom, currency)[:MOST_COLUMNS]))
    return Preview(heads[:MOST_COLUMNS], lines, max(len(heads) - MOST_COLUMNS, 0))


def _cells(ready: Prepared, i: int, profile: Sequence[str], custom: Sequence[Column], currency: str) -> list[str]:
    cells = [_profile(key, ready.profile[key][i]) for key in profile]
    for column, fragment in zip(custom, (values[i] for values in ready.fragments), strict=True):
        value = None if fragment is None else next(iter(json.loads("{" + fragment + "}").values()))
        cells.append(_own(value, column.type, currency))
    return cells


def _profile(key: str, value: str | None) -> str:
    if not value:
        return ""
    if key == "tags":
        return ", ".join(json.loads("[" + value[1:-1] + "]"))
    return of_request().day(date.fromisoformat(value)) if key == "birthday" else value


def _own(value: Any, kind: str, currency: str) -> str:
    """Return a custom value as pages show it."""
    if value is None:
        return ""
    if kind == "boolean":
        return "Yes" if value else "No"
    if kind == "number":
        return f"{int(value):,}" if value == int(value) else f"{value:,}"
    if kind == "money":
        return of_request().money(value, currency)
    if kind == "list":
        return ", ".join(value)
    if kind == "date":
        return of_request().day(date.fromisoformat(value))
    return datetime.fromisoformat(value).strftime("%Y-%m-%d %H:%M UTC") if kind == "datetime" else str(value)
