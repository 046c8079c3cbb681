"""One chunk of a file of orders: read, judged order by order as the file has them, written by a few statements. The caller commits.

Each order is judged beside what is here and what the orders before it did, in Python; so the outcome does not depend on chunks. An order is
known by its number; the customer by external id, then address, and is made, without consent, where nobody has them. An order that is here
already is changed or left as the import says, and never given to another customer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg2.errors

from app.core.db import cursor as raw_cursor
from app.core.db import session
from app.core.errors import Invalid
from app.core.schemas import parse
from app.customers.imports.orders import Draft, OrderStager, Ready
from app.customers.imports.reading import Chunk
from app.customers.imports.rejects import Kind, Unreadable
from app.customers.models import Act, Import
from app.customers.queries import import_merge as merge
from app.customers.queries import import_orders as queries
from app.customers.queries.import_orders import Here, Values
from app.customers.schemas.orders import OrderIn
from app.customers.service.import_chunks import Outcome
from app.customers.service.order_acts import forget_orders, note_again
from app.customers.service.orders import recompute_orders, row_of

_TRIES = 3
_COLUMNS = {"external_id": "order_id", "amount": "total", "customer": "email", "lines": "item", "unit_amount": "unit_price", "name": "item"}
"""Where a fault that the schema of orders names by its own words stands in the file."""


@dataclass(eq=False, slots=True)
class Person:
    """A customer, here or to be made (then without id)."""

    id: int | None
    external_id: str | None
    email: str | None
    line: int = 0


@dataclass(slots=True)
class Judged:
    """What is to be done with an order. `here` is what it was before, if it was; `values` what it becomes."""

    draft: Draft
    person: Person
    values: Values
    here: Here | None
    act: Act


@dataclass(slots=True)
class Bench:
    """What orders are judged by: people and orders as those before left them."""

    overwrite: str
    currency: str
    here: dict[str, Here]
    by_id: dict[str, Person]
    by_email: dict[str, Person]
    made: list[Person] = field(default_factory=list)
    done: dict[str, Judged] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 (an answer, not an error)
    """An order that cannot be taken: which target, and why."""

    def __init__(self, key: str, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.key, self.why = key, Unreadable(kind, reason)


def take_orders(row: Import, stager: OrderStager, read: Callable[[int], Chunk], limit: int) -> Outcome:
    """Take a chunk; somebody who adds one of its customers or orders in that very moment makes it look again."""
    ready = stager.take(read, limit, row.refusing)
    for attempt in range(1, _TRIES + 1):
        try:
            with session().begin_nested(), raw_cursor() as cursor:
                return _take(cursor, row, stager, ready)
        except psycopg2.errors.UniqueViolation:
            if attempt == _TRIES:
                raise
    raise AssertionError


def _take(cursor: Any, row: Import, stager: OrderStager, ready: Ready) -> Outcome:
    merge.queue_up(cursor, row.workspace_id)
    bench = _bench(cursor, row, stager, ready.drafts)
    rejects = list(ready.rejects)
    for draft in ready.drafts:
        try:
            bench.done[draft.group.number] = _judge(bench, draft)
        except Refused as no:
            rejects += stager.refuse(draft, no.key, no.why)
    judged = list(bench.done.values())
    _write(cursor, row, bench, judged)
    merge.insert_rejects(cursor, row.workspace_id, row.id, rejects)
    acts: dict[int, int] = {}
    for one in judged:
        acts[one.act] = acts.get(one.act, 0) + len(one.draft.group.rows)
    return Outcome(ready.chunk.end, ready.chunk.final, acts, len(rejects), len(bench.made), ready.refusing)


def _bench(cursor: Any, row: Import, stager: OrderStager, drafts: Sequence[Draft]) -> Bench:
    """Fetch who and what the chunk names."""
    said = [draft.says for draft in drafts]
    numbers = {draft.group.number for draft in drafts} | {says["refund_of"] for says in said if "refund_of" in says}
    ids, emails = ({says[key] for says in said if key in says} for key in ("customer_id", "email"))
    people = [Person(*found) for found in queries.people(cursor, row.workspace_id, ids, emails)]
    here = queries.orders(cursor, row.workspace_id, row.id, numbers)
    by_id, by_email = ({key: p for p in people if (key := getattr(p, name))} for name in ("external_id", "email"))
    return Bench(row.overwrite, stager.currency, here, by_id, by_email)


def _judge(bench: Bench, draft: Draft) -> Judged:
    """Return what is to be done with an order. Raises Refused."""
    number, says = draft.group.number, draft.says
    here = bench.here.get(number)
    before = bench.done[number].draft.group.lines[0] if number in bench.done else here.line if here else None
    if before is not None:
        raise Refused(
            "order_id", Kind.TWICE, f"Order {number} is on line {before:,} already; the rows of one order stand next to each other"
        )
    values = _values(bench, draft)
    person = _find(bench, says.get("customer_id"), says.get("email"))
    if here is not None and (person is None or person.id != here.customer_id):
        raise Refused("email", Kind.CONFLICT, f"Order {number} belongs to another customer")
    if values.refund_of and (here is None or here.values.refund_of != values.refund_of):
        _check_refund(bench, values.refund_of, person)
    if here is not None:
        values = _merged(here.values, values, bench.overwrite)
        act = Act.UNCHANGED if values == here.values else Act.UPDATED
    else:
        act = Act.CREATED
    return Judged(draft, person or _make(bench, draft), values, here, act)


def _values(bench: Bench, draft: Draft) -> Values:
    """Return the values of an order. Raises Refused where the schema of orders, or the rate, does not allow them."""
    says = draft.says
    given: dict[str, Any] = {name: says[name] for name in ("rate", "refund_of", "ordered_at") if name in says}
    given |= {
        "external_id": draft.group.number,
        "currency": draft.currency,
        "customer": {"email": says.get("email"), "external_id": says.get("customer_id")},
    }
    lines = [item | {"unit_amount": item["unit_amount"] or 0} for item in draft.items]
    try:
        order = parse(OrderIn, given | {"amount": says["total"], "lines": lines})
    except Invalid as no:
        path, reason = next(iter(no.errors.items()))
        key = path.rpartition(".")[2].partition("[")[0]
        raise Refused(_COLUMNS.get(key, key), Kind.VALUE, reason) from None
    row = row_of(order, bench.currency)
    if row["errors"]:
        key, reason = next(iter(row["errors"].items()))
        raise Refused(key, Kind.VALUE, reason)
    made = tuple((line.name, line.sku, line.category, line.quantity, line.unit_amount) for line in order.lines)
    return Values(row["amount"], row["currency"], row["rate"], row["value"], row["refund_of"], row["ordered_at"], made)


def _find(bench: Bench, external_id: str | None, email: str | None) -> Person | None:
    """Return whose order it is, by external id, then address. Raises Refused where they belong to two."""
    by_id = bench.by_id.get(external_id) if external_id else None
    by_email = bench.by_email.get(email) if email else None
    if by_id and by_email and by_id is not by_email:
        raise Refused("email", Kind.CONFLICT, "The address and the id belong to two different customers")
    if by_id is None and by_email and external_id and by_email.external_id and by_email.external_id != external_id:
        raise Refused("email", Kind.CONFLICT, f"This address belongs to the customer with the id {by_email.external_id}")
    return by_id or by_email


def _check_refund(bench: Bench, number: str, person: Person | None) -> None:
    """Raise Refused unless the order that is refunded is this customer's, and here or on an earlier line."""
    earlier = bench.done.get(number)
    mine = earlier.person is person if earlier else number in bench.here and person and bench.here[number].customer_id == person.id
    if person is None or not mine:
        raise Refused("refund_of", Kind.CONFLICT, "This customer has no such order, here or further up in the file")


def _merged(old: Values, new: Values, overwrite: str) -> Values:
    """Return what an order that is here becomes: `always` the file wins, `empty` it fills what is empty, `never` nothing changes."""
    if overwrite == "never":
        return old
    if overwrite == "empty":
        refund_of = old.refund_of or (new.refund_of if old.amount < 0 else None)
        return Values(old.amount, old.currency, old.rate, old.value, refund_of, old.ordered_at, old.lines or new.lines)
    refund_of = (new.refund_of or old.refund_of) if new.amount < 0 else None
    return Values(new.amount, new.currency, new.rate, new.value, refund_of, new.ordered_at, new.lines or old.lines)


def _make(bench: Bench, draft: Draft) -> Person:
    """Return a customer to be made."""
    person = Person(None, draft.says.get("customer_id"), draft.says.get("email"), draft.group.lines[0])
    bench.made.append(person)
    bench.by_id |= {person.external_id: person} if person.external_id else {}
    bench.by_email |= {person.email: person} if person.email else {}
    return person


def _write(cursor: Any, row: Import, bench: Bench, judged: Sequence[Judged]) -> None:
    """Write what was judged."""
    place, ident = row.workspace_id, row.id
    ids = queries.insert_people(cursor, place, ident, [(p.external_id, p.email) for p in bench.made])
    for person, person_id in zip(bench.made, ids, strict=True):
        person.id = person_id
    queries.note_people(cursor, place, ident, [(p.id or 0, p.line) for p in bench.made])
    new = [one for one in judged if one.act is Act.CREATED]
    made = queries.insert_orders(cursor, place, ident, [(one.draft.group.number, one.person.id or 0, one.values) for one in new])
    changed = [(one, one.here) for one in judged if one.act is Act.UPDATED and one.here]
    forget_orders(place, [(here.id, here.values.ordered_at) for _, here in changed])
    queries.update_orders(cursor, place, [(here.id, one.values) for one, here in changed])
    named = dict(zip((one.draft.group.number for one in new), made, strict=True))
    acts = [(named.get(one.draft.group.number) or (one.here.id if one.here else 0), one) for one in judged]
    queries.note_acts(
        cursor,
        place,
        ident,
        [(i, one.draft.group.lines[0], one.act, one.here.values if one.act is Act.UPDATED and one.here else None) for i, one in acts],
    )
    touched = [(i, one) for i, one in acts if one.act is not Act.UNCHANGED]
    recompute_orders(place, {one.person.id or 0 for _, one in touched})
    note_again(place, {i: len(one.values.lines) for i, one in touched})
