"""The statements that bring a chunk of a file of orders in.

Raw SQL where rows go in by the thousand (`execute_values`); everything is bound. Each takes a whole chunk.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg2.extras import execute_values

from app.customers.models import Act

Line = tuple[str, str | None, str | None, int, int]
"""Name, SKU, category, quantity, price of one."""
STATE = "hashtext(concat_ws('|', {0}.customer_id, {0}.amount, {0}.currency, {0}.rate, {0}.refund_of, extract(epoch from {0}.ordered_at)))"
"""A digest of an order: while it is the one kept beside the act, nobody changed the order since."""
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Values:
    """What an order says."""

    amount: int
    currency: str
    rate: Decimal
    value: int
    refund_of: str | None
    ordered_at: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Here:
    """An order that is here. `line`: this import had to do with it before, on that line."""

    id: int
    customer_id: int
    values: Values
    line: int | None


def people(cursor: Any, workspace_id: int, ids: Collection[str], emails: Collection[str]) -> list[tuple[int, str | None, str | None]]:
    """Return id, external id and address of the customers who have one of these."""
    cursor.execute(
        """select id, external_id, lower(email) from customers where workspace_id = %(w)s and external_id = any(%(ids)s)
        union select id, external_id, lower(email) from customers where workspace_id = %(w)s and lower(email) = any(%(emails)s)""",
        {"w": workspace_id, "ids": list(ids), "emails": list(emails)},
    )
    return list(cursor.fetchall())


def orders(cursor: Any, workspace_id: int, import_id: int, numbers: Collection[str]) -> dict[str, Here]:
    """Return the orders of these numbers, locked, with their lines."""
    cursor.execute(
        """select o.external_id, o.id, o.customer_id, o.amount, o.currency, o.rate, o.value, o.refund_of, o.ordered_at,
          (select u.line from import_undo u where u.import_id = %(i)s and u.subject_id = o.id),
          (select json_agg(json_build_array(l.name, l.sku, l.category, l.quantity, l.unit_amount) order by l.position)
           from order_lines l where l.order_id = o.id)
        from orders o where o.workspace_id = %(w)s and o.external_id = any(%(numbers)s) order by o.id for no key update of o""",
        {"w": workspace_id, "i": import_id, "numbers": list(numbers)},
    )
    return {
        number: Here(ident, who, Values(amount, currency, rate, value, refund_of, ordered_at, _lines(lines or ())), line)
        for number, ident, who, amount, currency, rate, value, refund_of, ordered_at, line, lines in cursor.fetchall()
    }


def _lines(rows: Sequence[Any]) -> tuple[Line, ...]:
    return tuple((name, sku, category, quantity, price) for name, sku, category, quantity, price in rows)


def insert_people(cursor: Any, workspace_id: int, import_id: int, rows: Sequence[tuple[str | None, str | None]]) -> list[int]:
    """Insert customers by external id and address; return their ids in this order."""
    if not rows:
        return []
    cursor.execute("select nextval('customers_id_seq') from generate_series(1, %s)", (len(rows),))
    ids = [row[0] for row in cursor.fetchall()]
    values = [(ident, workspace_id, "import", import_id, *row) for ident, row in zip(ids, rows, strict=True)]
    execute_values(
        cursor, "insert into customers (id, workspace_id, origin, import_id, external_id, email) values %s", values, page_size=_PAGE
    )
    return ids


def insert_orders(cursor: Any, workspace_id: int, import_id: int, rows: Sequence[tuple[str, int, Values]]) -> list[int]:
    """Insert orders by number and customer, with their lines; return their ids in this order."""
    if not rows:
        return []
    cursor.execute("select nextval('orders_id_seq') from generate_series(1, %s)", (len(rows),))
    ids = [row[0] for row in cursor.fetchall()]
    values = [
        (ident, workspace_id, import_id, who, number, says.amount, says.currency, says.rate, says.value, says.refund_of, says.ordered_at)
        for ident, (number, who, says) in zip(ids, rows, strict=True)
    ]
    execute_values(
        cursor,
        """insert into orders (id, workspace_id, import_id, customer_id, external_id, amount, currency, rate, value, refund_of, ordered_at)
        values %s""",
        values,
        page_size=_PAGE,
    )
    insert_lines(cursor, [(ident, says.lines) for ident, (_, _, says) in zip(ids, rows, strict=True)])
    return ids


def insert_lines(cursor: Any, orders_and_lines: Sequence[tuple[int, Sequence[Line]]]) -> None:
    """Insert the lines of orders."""
    values = [(ident, n, *line) for ident, lines in orders_and_lines for n, line in enumerate(lines, 1)]
    if values:
        statement = "insert into order_lines (order_id, position, name, sku, category, quantity, unit_amount) values %s"
        execute_values(cursor, statement, values, page_size=_PAGE)


def update_orders(cursor: Any, workspace_id: int, rows: Sequence[tuple[int, Values]]) -> None:
    """Give orders other values and lines."""
    if not rows:
        return
    values = [(i, v.amount, v.currency, v.rate, v.value, v.refund_of, v.ordered_at, workspace_id) for i, v in rows]
    execute_values(
        cursor,
        """update orders o set amount = n.amount, currency = n.currency, rate = n.rate, value = n.value, refund_of = n.refund_of,
          ordered_at = n.ordered_at from (values %s) n (id, amount, currency, rate, value, refund_of, ordered_at, workspace_id)
        where o.id = n.id and o.workspace_id = n.workspace_id""",
        values,
        "(%s::bigint, %s::bigint, %s, %s::numeric, %s::bigint, %s::text, %s::timestamptz, %s::integer)",
        page_size=_PAGE,
    )
    cursor.execute("delete from order_lines where order_id = any(%s)", ([ident for ident, _ in rows],))
    insert_lines(cursor, [(ident, values.lines) for ident, values in rows])


def note_acts(cursor: Any, workspace_id: int, import_id: int, acts: Sequence[tuple[int, int, Act, Values | None]]) -> None:
    """Keep what was done to which order (id, line, act, values before), with its digest."""
    values = [
        (import_id, workspace_id, ident, line, act.value, None if old is None else json.dumps(kept(old))) for ident, line, act, old in acts
    ]
    if values:
        execute_values(
            cursor,
            f"""insert into import_undo (import_id, workspace_id, subject_id, line, act, before, version)
            select n.import_id, n.workspace_id, n.id, n.line, n.act, n.before, {STATE.format("o")} from (values %s)
            n (import_id, workspace_id, id, line, act, before) join orders o on o.id = n.id and o.workspace_id = n.workspace_id""",  # noqa: S608 (our own)
            values,
            "(%s::bigint, %s::integer, %s::bigint, %s::bigint, %s::smallint, %s::jsonb)",
            page_size=_PAGE,
        )


def note_people(cursor: Any, workspace_id: int, import_id: int, made: Sequence[tuple[int, int]]) -> None:
    """Keep which customers (id, line) came with the orders."""
    values = [(import_id, workspace_id, -ident, line, Act.CREATED.value) for ident, line in made]
    if values:
        execute_values(
            cursor, "insert into import_undo (import_id, workspace_id, subject_id, line, act) values %s", values, page_size=_PAGE
        )


def kept(values: Values) -> dict[str, Any]:
    """Return values as JSON keeps them."""
    plain = {name: getattr(values, name) for name in ("amount", "currency", "value", "refund_of")}
    return plain | {"rate": str(values.rate), "ordered_at": values.ordered_at.isoformat(), "lines": [list(line) for line in values.lines]}


def restored(before: dict[str, Any]) -> Values:
    """Return values as `kept` kept them."""
    rate, moment = Decimal(before["rate"]), datetime.fromisoformat(before["ordered_at"])
    return Values(before["amount"], before["currency"], rate, before["value"], before["refund_of"], moment, _lines(before["lines"]))
