"""The statements that take back what a file of orders did. Raw SQL, a batch at a time, as in `import_undo`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.customers.models import Act
from app.customers.queries.import_orders import STATE

_MARK = """update import_undo t set act = %(kept)s, before = coalesce(t.before, '{}') || jsonb_build_object('kept', x.why) from ("""
_SAME = ") x where t.import_id = %(i)s and t.workspace_id = %(w)s and t.subject_id = x.subject_id and x.why is not null"
_MINE = "u.import_id = %(i)s and u.workspace_id = %(w)s and u.subject_id = any(%(ids)s)"


def keep_changed(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int]) -> int:
    """Mark the orders that say something else by now than the import made them say; return how many."""
    cursor.execute(
        f"""{_MARK} select u.subject_id, 'edited' as why from import_undo u join orders o on o.id = u.subject_id and o.workspace_id = %(w)s
        where {_MINE} and u.act in (%(created)s, %(updated)s) and u.version <> {STATE.format("o")} {_SAME}""",  # noqa: S608 (our own words)
        _values(workspace_id, import_id, ids),
    )
    return int(cursor.rowcount)


def keep_refunded(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int]) -> int:
    """Mark the orders made that have a refund which stays; return how many."""
    cursor.execute(
        f"""{_MARK} select u.subject_id, 'refunded' as why from import_undo u join orders o on o.id = u.subject_id and o.workspace_id = %(w)s
        where {_MINE} and u.act = %(created)s and exists (select from orders r where r.workspace_id = %(w)s and r.refund_of = o.external_id
          and not exists (select from import_undo v where v.import_id = %(i)s and v.workspace_id = %(w)s and v.subject_id = r.id
            and v.subject_id = any(%(ids)s) and v.act = %(created)s)) {_SAME}""",  # noqa: S608 (our own words)
        _values(workspace_id, import_id, ids),
    )
    return int(cursor.rowcount)


def made(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int]) -> list[tuple[int, int, datetime, Any]]:
    """Return id, customer and time of the orders made that may go."""
    return _acted(cursor, workspace_id, import_id, ids, Act.CREATED)


def changed(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int]) -> list[tuple[int, int, datetime, Any]]:
    """Return id, customer and time of the orders changed that may be restored, and what they said."""
    return _acted(cursor, workspace_id, import_id, ids, Act.UPDATED)


def _acted(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int], act: Act) -> list[tuple[int, int, datetime, Any]]:
    cursor.execute(
        f"""select o.id, o.customer_id, o.ordered_at, u.before from import_undo u
        join orders o on o.id = u.subject_id and o.workspace_id = %(w)s where {_MINE} and u.act = %(act)s order by o.id for update of o""",  # noqa: S608
        _values(workspace_id, import_id, ids) | {"act": act.value},
    )
    return list(cursor.fetchall())


def remove(cursor: Any, workspace_id: int, ids: Sequence[int]) -> int:
    """Delete orders with their lines."""
    cursor.execute("delete from orders where workspace_id = %s and id = any(%s)", (workspace_id, list(ids)))
    return int(cursor.rowcount)


def keep_people(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int]) -> int:
    """Mark the customers made who were edited since, or have done something; return how many."""
    cursor.execute(
        f"""{_MARK} select -c.id as subject_id, case
          when c.version <> u.version then 'edited'
          when exists (select from orders o where o.workspace_id = %(w)s and o.customer_id = c.id) then 'orders'
          when exists (select from activities a where a.workspace_id = %(w)s and a.customer_id = c.id) then 'activities'
          when exists (select from consent_log l where l.workspace_id = %(w)s and l.customer_id = c.id) then 'consent' end as why
        from import_undo u join customers c on c.id = -u.subject_id and c.workspace_id = %(w)s where {_MINE} {_SAME}""",  # noqa: S608
        _values(workspace_id, import_id, [-ident for ident in ids]),
    )
    return int(cursor.rowcount)


def people(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int]) -> list[int]:
    """Return the customers made who may go, locked."""
    cursor.execute(
        f"""select c.id from import_undo u join customers c on c.id = -u.subject_id and c.workspace_id = %(w)s
        where {_MINE} and u.act = %(created)s order by c.id for update of c""",  # noqa: S608 (our own words)
        _values(workspace_id, import_id, [-ident for ident in ids]),
    )
    return [row[0] for row in cursor.fetchall()]


def remove_people(cursor: Any, workspace_id: int, ids: Sequence[int]) -> int:
    """Delete customers; what the rooms hold about them is gone already."""
    cursor.execute("delete from customers where workspace_id = %s and id = any(%s)", (workspace_id, list(ids)))
    return int(cursor.rowcount)


def _values(workspace_id: int, import_id: int, ids: Sequence[int]) -> dict[str, Any]:
    acts = {"created": Act.CREATED.value, "updated": Act.UPDATED.value, "kept": Act.KEPT.value}
    return {"w": workspace_id, "i": import_id, "ids": list(ids), **acts}
