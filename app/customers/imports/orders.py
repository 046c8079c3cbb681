"""Orders out of rows.

Rows that stand next to each other and have the same order number are one order: each is a line of it, and says the same, or nothing, about
what concerns the whole. An order of which one row cannot be read is not taken at all, because half of it would be a wrong amount. A line
without any sense (its quotes do not match) that stands among the rows of an order counts as one of them. A chunk never ends inside an
order; one of more than MOST_ROWS rows, or too long to be seen to its end at once, is not taken.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from babel.numbers import get_currency_precision

from app.customers.imports.cells import Place
from app.customers.imports.dates import Order, read_datetime
from app.customers.imports.mapping import Plan
from app.customers.imports.numbers import Mark
from app.customers.imports.order_targets import ORDER_TARGETS, read_amount, read_quantity, read_rate
from app.customers.imports.reading import ROWS, Chunk
from app.customers.imports.rejects import Kind, Reject, Unreadable, reject

MOST_ROWS = 500
"""Rows of one order."""
_MOST_KEPT = 20_000
_LONGEST_KEPT = 200
"""Characters of a cell that is remembered: what is longer fits no column of an order."""
_MOST_RETURNED = 1_000
"""Cells of a ragged row that are given back."""
_LINE = ("item", "sku", "category", "quantity", "unit_price")
Faults = dict[int, tuple[str, Unreadable]]
"""By row of an order: which target, and why."""
_INSTEAD = {"email": "customer_id", "total": "unit_price"}
"""Which column a fault is about where there is none for the target."""
_LONG = Unreadable(Kind.LENGTH, f"An order of more than {MOST_ROWS} rows")
_NO_NUMBER = Unreadable(Kind.KEY, "An order needs its number")


@dataclass(slots=True)
class Group:
    """The rows of one order; `broken` are the lines among them that could not be read."""

    number: str
    lines: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    broken: list[Reject] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """An order as the file says it. `says` are its values by target, amounts in minor units; `items` its lines."""

    group: Group
    currency: str
    says: dict[str, Any]
    items: list[dict[str, Any]]


@dataclass(slots=True)
class Ready:
    """What became of a chunk: orders in the order of the file, and rejects. `refusing`: of this order more rows follow, to be refused."""

    chunk: Chunk
    drafts: list[Draft]
    rejects: list[Reject]
    refusing: str | None = None


class OrderStager:
    """Reads the chunks of one file of orders."""

    def __init__(self, plan: Plan, place: Place, currency: str) -> None:
        self.width, self.currency = len(plan), currency
        self.names = [column.name for column in plan]
        self.places = {column.target: i for i, column in enumerate(plan) if column.target}
        self.styles = {column.target: column.style for column in plan}
        order: Order = "dmy" if self.styles.get("ordered_at") == "dmy" else "mdy" if self.styles.get("ordered_at") == "mdy" else ""
        special: dict[str, Callable[[str], Any]] = {
            "ordered_at": partial(read_datetime, order=order, zone=place.zone),
            "rate": partial(read_rate, mark=self._mark("rate")),
            "quantity": read_quantity,
        }
        self.readers = {
            key: _remembering(read) for key, target in ORDER_TARGETS.items() if (read := special.get(key) or target.read) is not None
        }

    def take(self, read: Callable[[int], Chunk], limit: int, refusing: str | None = None) -> Ready:
        """Return the orders of the next chunk; `read` gives so many rows. At least one whole order is read, or seen to be too long."""
        while True:
            chunk = read(limit)
            groups, loose, still = self._groups(chunk, refusing)
            if still is None or (still is groups[0] and refusing is not None):
                break
            if len(groups) > 1:
                chunk = chunk.before(still.lines[0])
                groups, still = groups[:-1], None
                loose = [r for r in loose if r.line < chunk.end.line]
                break
            if limit >= ROWS or len(chunk.rows) + len(chunk.rejects) < limit:
                break
            limit = min(ROWS, limit * 4)
        drafts, rejects = [], [*loose, *(r for group in groups for r in group.broken)]
        for group in groups:
            if group is still or (group is groups[0] and group.number == refusing):
                rejects += self._too_long(group)
            elif group.rows:
                made = self._draft(group)
                rejects += made if isinstance(made, list) else []
                drafts += [made] if isinstance(made, Draft) else []
        return Ready(chunk, drafts, rejects, still.number if still else None)

    def refuse(self, draft: Draft, key: str, why: Unreadable) -> list[Reject]:
        """Return the rejects of an order that cannot be taken because of what it holds for `key`."""
        return self._refuse(draft.group, {0: (key, why)})

    def _mark(self, target: str) -> Mark:
        return "comma" if self.styles.get(target) == "comma" else "point"

    def _too_long(self, group: Group) -> list[Reject]:
        return self._refuse(group, dict.fromkeys(range(len(group.rows)), ("order_id", _LONG)))

    def _groups(self, chunk: Chunk, refusing: str | None) -> tuple[list[Group], list[Reject], Group | None]:
        """Return the groups, the unreadable lines outside them, and the last group if more of it may follow.

        Where the last order of the chunk before is being refused, the first group is that one, be it empty.
        """
        index = self.places["order_id"]
        current = Group(refusing) if refusing is not None else None
        groups = [current] if current else []
        loose: list[Reject] = []
        waiting: list[Reject] = []
        for line, row in _entries(chunk):
            if isinstance(row, Reject):
                (waiting if current else loose).append(row)
                continue
            number = row[index].strip() if len(row) > index else ""
            if current is None or number != current.number:
                loose += waiting
                current = Group(number)
                groups.append(current)
            else:
                current.broken += waiting
            waiting = []
            current.lines.append(line)
            current.rows.append(row)
            current = current if number else None
        return groups, loose + waiting, None if chunk.final else current

    def _draft(self, group: Group) -> Draft | list[Reject]:
        """Return the order, or why its rows are not taken."""
        if not group.number:
            return self._refuse(group, {0: ("order_id", _NO_NUMBER)})
        if len(group.rows) > MOST_ROWS:
            return self._too_long(group)
        faults: Faults = {}
        read = [self._row(row, i, faults) for i, row in enumerate(group.rows)]
        says = self._common(group, read, faults)
        currency = says.get("currency") or self.currency
        says["total"] = self._amounts(group, read, currency, faults)
        items = [item for values in read if (item := _item(values))]
        if not faults:
            faults |= _missing(says, items)
        return self._refuse(group, faults) if faults or group.broken else Draft(group, currency, says, items)

    def _row(self, row: list[str], i: int, faults: Faults) -> dict[str, Any]:
        """Return the values of a row by target; amounts stay text, because the order's currency says how many decimals they have."""
        values: dict[str, Any] = {}
        if len(row) != self.width:
            given = f"{len(row):,} value" + ("s" if len(row) != 1 else "")
            faults[i] = ("", Unreadable(Kind.COLUMNS, f"The heading has {self.width:,} columns, this row {given}"))
            return values
        for key, index in self.places.items():
            cell = row[index]
            if "\0" in cell:
                faults.setdefault(i, (key, Unreadable(Kind.CHARACTERS, "A NUL character")))
                continue
            reader = self.readers.get(key)
            if reader is None:
                values[key] = cell.strip()
                continue
            value, why = reader(cell)
            if why is not None:
                faults.setdefault(i, (key, why))
            elif value is not None:
                values[key] = value
        return values

    def _common(self, group: Group, read: Sequence[dict[str, Any]], faults: Faults) -> dict[str, Any]:
        """Return what the rows say about the whole order. A row that says otherwise than one before is a fault."""
        says: dict[str, Any] = {}
        said: dict[str, int] = {}
        for i, values in enumerate(read):
            for key, value in values.items():
                if key in _LINE or key == "total":
                    continue
                if says.setdefault(key, value) != value:
                    faults.setdefault(i, (key, _otherwise(group.lines[said[key]], key)))
                said.setdefault(key, i)
        return says

    def _amounts(self, group: Group, read: Sequence[dict[str, Any]], currency: str, faults: Faults) -> int | None:
        """Read the amounts, in minor units of the order's currency; return the total, if the rows say one."""
        decimals = get_currency_precision(currency)
        total: tuple[int, int] | None = None
        for i, values in enumerate(read):
            for key in ("total", "unit_price"):
                try:
                    values[key] = read_amount(values.get(key, ""), currency, decimals, self._mark(key))
                except Unreadable as why:
                    faults.setdefault(i, (key, why))
                    values[key] = None
            if values["total"] is not None:
                total = total or (values["total"], group.lines[i])
                if values["total"] != total[0]:
                    faults.setdefault(i, ("total", _otherwise(total[1], "total")))
        return total[0] if total else None

    def _refuse(self, group: Group, faults: Faults) -> list[Reject]:
        """Return a reject for each row: those at fault say why, the others that a line of the same order is at fault."""
        line, kind = (group.broken[0].line, Kind.QUOTES) if group.broken else (0, Kind.QUOTES)
        if faults and group.rows:
            line, kind = group.lines[min(faults)], faults[min(faults)][1].kind
        beside = "", Unreadable(kind, f"Not taken, because line {line:,} of this order was not")
        rejects = []
        for i, row in enumerate(group.rows):
            key, why = faults.get(i, beside)
            index = self.places.get(key, self.places.get(_INSTEAD.get(key, "")))
            found = row[index].strip() if index is not None and index < len(row) else group.number
            rejects.append(reject(group.lines[i], "" if index is None else self.names[index], found, why, row[:_MOST_RETURNED]))
        return rejects


def _otherwise(line: int, key: str) -> Unreadable:
    return Unreadable(Kind.CONFLICT, f"Line {line:,} of this order says otherwise: {ORDER_TARGETS[key].label}")


def _missing(says: dict[str, Any], items: Sequence[dict[str, Any]]) -> Faults:
    """Return what an order lacks."""
    if not (says.get("email") or says.get("customer_id")):
        return {0: ("email", Unreadable(Kind.KEY, "Whose order? It needs an address or a customer's id"))}
    if not says.get("ordered_at"):
        return {0: ("ordered_at", Unreadable(Kind.DATE, "An order needs its date"))}
    if says["total"] is None and all(item["unit_amount"] is None for item in items):
        return {0: ("total", Unreadable(Kind.NUMBER, "An order needs an amount: a total, or the price of an item"))}
    return {}


def _entries(chunk: Chunk) -> Iterator[tuple[int, list[str] | Reject]]:
    """Yield rows and unreadable lines in the order of the file."""
    if not chunk.rejects:
        yield from zip(chunk.lines, chunk.rows, strict=True)
        return
    both: list[tuple[int, list[str] | Reject]] = [*zip(chunk.lines, chunk.rows, strict=True), *((r.line, r) for r in chunk.rejects)]
    yield from sorted(both, key=lambda entry: entry[0])


def _item(values: dict[str, Any]) -> dict[str, Any] | None:
    """Return the line of an order that a row tells of, if it tells of one."""
    price, name = values.get("unit_price"), values.get("item") or values.get("sku")
    if not name and price is None:
        return None
    says = {"name": name or "Item", "sku": values.get("sku"), "category": values.get("category")}
    return says | {"quantity": values.get("quantity", 1), "unit_amount": price}


def _remembering(read: Callable[[str], Any]) -> Callable[[str], tuple[Any, Unreadable | None]]:
    """Return a reader that remembers what it read, and returns why it could not."""
    known: dict[str, tuple[Any, Unreadable | None]] = {}

    def answer(cell: str) -> tuple[Any, Unreadable | None]:
        found = known.get(cell)
        if found is None:
            if len(known) > _MOST_KEPT:
                known.clear()
            try:
                found = read(cell), None
            except Unreadable as why:
                found = None, why
            if len(cell) <= _LONGEST_KEPT:
                known[cell] = found
        return found

    return answer
