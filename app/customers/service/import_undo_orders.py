"""Taking back a file of orders, batch by batch: first the orders, the newest first, then whom they brought (below zero, see ImportUndo)."""

from collections.abc import Sequence
from typing import Any

from app.core import registry
from app.customers.models import Import
from app.customers.queries import import_orders as orders
from app.customers.queries import import_undo_orders as batches
from app.customers.service.order_acts import forget_orders, note_again
from app.customers.service.orders import recompute_orders


def take_back_orders(cursor: Any, row: Import, ids: Sequence[int]) -> None:
    """Take back a batch: orders made go, orders changed get what they said, customers made go if nothing happened to them since."""
    _orders(cursor, row, [ident for ident in ids if ident > 0])
    _people(cursor, row, [-ident for ident in ids if ident < 0])


def _orders(cursor: Any, row: Import, ids: Sequence[int]) -> None:
    place, import_id = row.workspace_id, row.id
    row.kept += batches.keep_changed(cursor, place, import_id, ids)
    row.kept += batches.keep_refunded(cursor, place, import_id, ids)
    made = batches.made(cursor, place, import_id, ids)
    changed = batches.changed(cursor, place, import_id, ids)
    forget_orders(place, [(ident, moment) for ident, _, moment, *_ in (*made, *changed)])
    row.removed += batches.remove(cursor, place, [ident for ident, *_ in made])
    before = [(ident, orders.restored(kept)) for ident, _, _, kept in changed]
    orders.update_orders(cursor, place, before)
    row.restored += len(before)
    recompute_orders(place, {who for _, who, *_ in (*made, *changed)})
    note_again(place, {ident: len(values.lines) for ident, values in before})


def _people(cursor: Any, row: Import, ids: Sequence[int]) -> None:
    place = row.workspace_id
    row.kept += batches.keep_people(cursor, place, row.id, ids)
    gone = batches.people(cursor, place, row.id, ids)
    if gone:
        for erase in registry.erase:
            erase(place, gone)
        row.removed += batches.remove_people(cursor, place, gone)
