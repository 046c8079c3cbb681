"""The statements that take back what an import did to customers.

Raw SQL, because a batch of thousands is sorted and restored by a few statements (`jsonb_populate_record` puts the columns kept back into
their row). Batches go from the newest customer to the oldest: whoever the file added goes before an address is given back that they hold.
"""

from collections.abc import Sequence
from typing import Any

from app.customers.models import Act
from app.customers.queries.import_merge import TYPES

_COLUMNS = [name for name in TYPES if name != "line"]
_SINCE = """case
  when c.version <> u.version then 'edited'
  when exists (select from orders o where o.workspace_id = %(w)s and o.customer_id = c.id) then 'orders'
  when exists (select from activities a where a.workspace_id = %(w)s and a.customer_id = c.id) then 'activities'
  when exists (select from consent_log l where l.workspace_id = %(w)s and l.customer_id = c.id and l.source <> %(s)s) then 'consent' end"""
_HELD = """case
  when c.version <> u.version and u.before - 'consent' <> '{}' then 'edited'
  when exists (select from customers o where o.workspace_id = %(w)s and o.id <> c.id
    and (lower(o.email) = lower(u.before ->> 'email') or o.external_id = u.before ->> 'external_id')) then 'address' end"""


def look_at_sizes(cursor: Any) -> None:
    """Tell the planner how many there are by now: right after an import it would believe in none, and look each up among all."""
    cursor.execute("analyze import_undo")
    cursor.execute("analyze customers (id, workspace_id)")


def next_batch(cursor: Any, workspace_id: int, import_id: int, below: int, size: int) -> list[int]:
    """Return the next customers an import created or changed, from the newest down, locked until the transaction ends."""
    cursor.execute(
        """select subject_id from import_undo where workspace_id = %(w)s and import_id = %(i)s and subject_id < %(below)s
        order by subject_id desc limit %(size)s""",
        {"w": workspace_id, "i": import_id, "below": below, "size": size},
    )
    ids = [row[0] for row in cursor.fetchall()]
    cursor.execute("select from customers where workspace_id = %s and id = any(%s) order by id for update", (workspace_id, ids))
    return ids


def keep_used(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int], act: Act) -> int:
    """Mark those of a batch that cannot be taken back, and return how many.

    Of the CREATED: who was edited since, or has done something. Of the UPDATED: who was edited, or whose address another has now.
    """
    why = _SINCE if act is Act.CREATED else _HELD
    cursor.execute(
        f"""update import_undo t set act = %(kept)s, before = coalesce(t.before, '{{}}') || jsonb_build_object('kept', x.why)
        from (select u.subject_id, {why} as why from import_undo u join customers c on c.id = u.subject_id and c.workspace_id = %(w)s
          where u.import_id = %(i)s and u.workspace_id = %(w)s and u.subject_id between %(low)s and %(high)s and u.act = %(act)s) x
        where t.import_id = %(i)s and t.workspace_id = %(w)s and t.subject_id = x.subject_id and x.why is not null""",  # noqa: S608 (our own)
        _values(workspace_id, import_id, ids) | {"act": act.value},
    )
    return int(cursor.rowcount)


def to_remove(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int]) -> list[int]:
    """Return those of a batch whom the import created and nobody touched since."""
    cursor.execute(
        """select subject_id from import_undo
        where import_id = %(i)s and workspace_id = %(w)s and subject_id between %(low)s and %(high)s and act = %(created)s""",
        _values(workspace_id, import_id, ids),
    )
    return [row[0] for row in cursor.fetchall()]


def remove(cursor: Any, workspace_id: int, ids: Sequence[int]) -> int:
    """Delete customers; what the rooms hold about them is gone already."""
    cursor.execute("delete from customers where workspace_id = %s and id = any(%s)", (workspace_id, list(ids)))
    return int(cursor.rowcount)


def restore(cursor: Any, workspace_id: int, import_id: int, ids: Sequence[int]) -> int:
    """Give those of a batch whom the import changed what they had; return how many."""
    old = f"(select {', '.join(f'r.{name}' for name in _COLUMNS)} from jsonb_populate_record(c, u.before - 'consent') r)"  # noqa: S608 (our own)
    cursor.execute(
        f"""with mine as (select * from import_undo where import_id = %(i)s and workspace_id = %(w)s and subject_id between %(low)s and %(high)s
          and act = %(updated)s),
        data as (update customers c set ({", ".join(_COLUMNS)}) = {old}, version = c.version + 1, updated_at = now()
          from mine u where c.workspace_id = %(w)s and c.id = u.subject_id and u.before - 'consent' <> '{{}}' returning c.id),
        asked as (update consents k set state = u.before #>> '{{consent,state}}', basis = u.before #>> '{{consent,basis}}',
            source = u.before #>> '{{consent,source}}', occurred_at = (u.before #>> '{{consent,occurred_at}}')::timestamptz
          from mine u where k.workspace_id = %(w)s and k.customer_id = u.subject_id and k.channel = 'email' and k.topic_id = 0
            and k.source = %(s)s and u.before #>> '{{consent,state}}' is not null returning k.customer_id as id),
        unasked as (delete from consents k using mine u where k.workspace_id = %(w)s and k.customer_id = u.subject_id and k.channel = 'email'
            and k.topic_id = 0 and k.source = %(s)s and u.before ? 'consent' and u.before #>> '{{consent,state}}' is null
          returning k.customer_id as id)
        select count(*) from (select id from data union select id from asked union select id from unasked) x""",  # noqa: S608 (our own)
        _values(workspace_id, import_id, ids),
    )
    return int(cursor.fetchone()[0])


def _values(workspace_id: int, import_id: int, ids: Sequence[int]) -> dict[str, Any]:
    acts = {"created": Act.CREATED.value, "updated": Act.UPDATED.value, "kept": Act.KEPT.value}
    # a batch is all that the import touched between its ends; asked one by one, each row would be looked up in a list of thousands
    return {"w": workspace_id, "i": import_id, "low": min(ids), "high": max(ids), "s": f"import {import_id}", **acts}
