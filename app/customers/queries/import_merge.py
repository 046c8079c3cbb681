"""The statements that bring a chunk of a file into `customers`.

Raw SQL, because a chunk is COPYed into temporary tables that no model maps, and merged by statements over all its rows. Column names come
from the fixed list TYPES, never from a file; everything else is bound. The temporary tables live as long as the connection and are
emptied by each commit; `begin` empties them too, for a transaction that takes several chunks.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from psycopg2.extras import execute_values

from app.customers.imports.rejects import Reject
from app.customers.imports.targets import KEYS
from app.customers.models import Act
from app.customers.models.consent import import_source

TYPES = {
    "line": "bigint",
    "external_id": "text",
    "email": "text",
    "phone": "text",
    "first_name": "text",
    "last_name": "text",
    "company": "text",
    "job_title": "text",
    "country": "text",
    "region": "text",
    "city": "text",
    "postcode": "text",
    "language": "text",
    "zone": "text",
    "birthday": "date",
    "gender": "text",
    "stage": "text",
    "tags": "text[]",
    "attributes": "jsonb",
}
_TABLES = {
    "import_stage": ", ".join(f"{name} {kind}" for name, kind in TYPES.items()),
    "import_match": """line bigint, customer_id bigint, is_new boolean, by_email bigint, by_id bigint, by_phone bigint,
        other_phone bigint, phones integer, other_id text, clash boolean not null default false""",
    "import_changed": "customer_id bigint, version integer, before jsonb",
    "import_consented": "customer_id bigint, before jsonb",
}
_DEFAULTS = {"tags": "{}", "attributes": "{}", "stage": "subscriber"}
_FAR_OFF, _FEW = 4, 1000
"""How wrong a belief about a size may be: by this factor, and so many rows."""
_LOCK, _SECOND = 0x494D50, 0x494D51
"""The classes of the advisory locks that let the chunks of one workspace in one by one, and one at once into the second lane."""


_BY_PHONE = """ left join lateral (select min(id) as id, max(id) as other, count(*) as n from (select c.id from customers c where {unknown}
  and c.workspace_id = %(w)s and c.phone = s.phone and (c.email is null or s.email is null)
  and (c.external_id is null or s.external_id is null) limit 2) x) p on true"""


class Clash(NamedTuple):
    """A row that cannot be taken.

    Its customer was named on line `taken` by the same `key`; or its address belongs to `other_id`; or `phones` customers have its phone;
    else its id and its address belong to two customers.
    """

    line: int
    key: str
    taken: int | None
    other_id: str | None
    phones: int


def begin(cursor: Any) -> None:
    """Make or empty the temporary tables."""
    for name, columns in _TABLES.items():
        cursor.execute(f"create temp table if not exists {name} ({columns}) on commit delete rows")
        cursor.execute(f"delete from {name}")  # noqa: S608 (a name of our own)
    # GIN indexes take what waits in their lists in one go if it fits into work_mem.
    cursor.execute("select set_config('work_mem', '64MB', true)")


def queue_up(cursor: Any, workspace_id: int, ours: int | None = None) -> int:
    """Wait for other imports of this workspace to end their chunks; return the backend that has its turn now.

    Whoever is in the second lane may end there, unless it is the backend `ours`. Nobody new enters it while we have our turn.
    """
    cursor.execute("select pg_advisory_xact_lock(%s, %s)", (_LOCK, workspace_id))
    if _holder(cursor, _SECOND, workspace_id) not in {None, ours}:
        cursor.execute("savepoint lane")
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", (_SECOND, workspace_id))
        cursor.execute("rollback to savepoint lane")  # gives the lock back
    return _backend(cursor)


def enter_second_lane(cursor: Any, workspace_id: int, main: int) -> int | None:
    """Take the second lane of this workspace until the transaction ends; return our backend, or None.

    It may be taken, or another than `main` may have its turn: they found the second lane free, and count on it.
    """
    cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", (_SECOND, workspace_id))
    free = bool(cursor.fetchone()[0]) and _holder(cursor, _LOCK, workspace_id) in {None, main}
    return _backend(cursor) if free else None


def is_waited_for(cursor: Any) -> bool:
    """Tell whether another transaction waits for this one to end, and not for its turn only."""
    statement = """select exists (select from pg_locks where not granted and (locktype <> 'advisory' or classid <> %s)
      and pg_backend_pid() = any(pg_blocking_pids(pid)))"""
    cursor.execute(statement, (_LOCK,))
    return bool(cursor.fetchone()[0])


def _holder(cursor: Any, kind: int, workspace_id: int) -> int | None:
    """Return the backend that holds the advisory lock of this class on a workspace."""
    statement = """select pid from pg_locks where locktype = 'advisory' and granted and classid = %s and objid = %s and objsubid = 2
      and database = (select oid from pg_database where datname = current_database())"""
    cursor.execute(statement, (kind, workspace_id))
    found = cursor.fetchone()
    return found and int(found[0])


def _backend(cursor: Any) -> int:
    cursor.execute("select pg_backend_pid()")
    return int(cursor.fetchone()[0])


def know_sizes(cursor: Any, workspace_id: int, here: int | None) -> None:
    """Let PostgreSQL look at `customers` again where it believes in far fewer of this workspace than there are.

    `here` is how many it has at least; None has them counted, as far as it matters. It would go through all of them for each row of the
    file. It errs about a workspace that came or grew since it looked last.
    """
    if errs(cursor, workspace_id, here):
        cursor.execute(f"analyze customers (workspace_id, {', '.join(KEYS)})")


def errs(cursor: Any, workspace_id: int, here: int | None) -> bool:
    """Tell whether PostgreSQL believes in far fewer customers of this workspace than there are; `here` as in `know_sizes`."""
    cursor.execute("explain (format json) select from customers where workspace_id = %s", (workspace_id,))
    believed = cursor.fetchone()[0][0]["Plan"]["Plan Rows"]
    far_off = believed * _FAR_OFF + _FEW
    if here is None:
        cursor.execute("select count(*) from (select from customers where workspace_id = %s limit %s) x", (workspace_id, far_off))
        here = cursor.fetchone()[0]
    return bool(here >= far_off)


def copy(cursor: Any, columns: Sequence[str], data: bytes) -> None:
    """Stage rows, given in the text form of COPY."""
    cursor.copy_expert(f"copy import_stage ({', '.join(columns)}) from stdin", io.BytesIO(data), 1 << 20)


def match(cursor: Any, workspace_id: int, columns: Sequence[str]) -> int:
    """Find who each staged row is, by id, then address, then phone, and number the new ones; return how many are known.

    A phone names somebody only where neither address nor id says otherwise: people share phones. Nested loops are forced: the temporary
    table has no statistics, and hashing a million customers for each chunk would cost more than all its look-ups.
    """
    parts = {
        "email": ("a.id", "left join customers a on a.workspace_id = %(w)s and lower(a.email) = s.email"),
        "external_id": ("e.id", "left join customers e on e.workspace_id = %(w)s and e.external_id = s.external_id"),
    }
    found = {key: parts[key] for key in parts if key in columns}
    by_email, by_id = (found[key][0] if key in found else "null::bigint" for key in ("email", "external_id"))
    joins = " ".join(join for _, join in found.values())
    other = "case when e.id is null and a.external_id <> s.external_id then a.external_id end" if len(found) == len(parts) else "null"
    by_phone, phones = "null::bigint, null::bigint", "0"
    if "phone" in columns:
        by_phone, phones = "p.id, nullif(p.other, p.id)", "coalesce(p.n, 0)"
        unknown = " and ".join(["s.phone is not null", *(f"{key} is null" for key, _ in found.values())])
        joins += _BY_PHONE.replace("{unknown}", unknown)
    known = f"coalesce({by_id}, {by_email}, {by_phone.split(',')[0]})"
    _set(cursor, hash_joins=False)
    cursor.execute(
        f"""insert into import_match (line, customer_id, is_new, by_email, by_id, by_phone, other_phone, phones, other_id)
        select s.line, coalesce({known}, nextval('customers_id_seq')), {known} is null, {by_email}, {by_id}, {by_phone}, {phones}, {other}
        from import_stage s {joins}""",  # noqa: S608 (column names of our own)
        {"w": workspace_id},
    )
    _set(cursor, hash_joins=True)
    cursor.execute("select count(*) from import_match where not is_new")
    return int(cursor.fetchone()[0])


def clashes(cursor: Any, import_id: int) -> list[Clash]:
    """Mark and return the rows whose customer the file named before, or whose address, id and phone belong to different customers.

    `import_undo` is asked by subqueries: joined, it would be gone through for each row as long as PostgreSQL does not know of this import.
    """
    _set(cursor, hash_joins=False)
    cursor.execute(
        """with found as (
          select line, case when mail is not null then 'email' when ident is not null then 'external_id'
            when phone is not null then 'phone' else '' end as key, coalesce(mail, ident, phone) as taken, other_id, phones
          from (select m.*,
              (select u.line from import_undo u where u.import_id = %(i)s and u.subject_id = m.by_email) as mail,
              (select u.line from import_undo u where u.import_id = %(i)s and u.subject_id = m.by_id) as ident,
              (select u.line from import_undo u where u.import_id = %(i)s and u.subject_id = m.by_phone and m.phones = 1) as phone
            from import_match m where not m.is_new) asked
          where mail is not null or ident is not null or phone is not null or by_id <> by_email or other_id is not null or phones > 1),
        marked as (update import_match m set clash = true from found where m.line = found.line)
        select * from found order by line""",
        {"i": import_id},
    )
    found = [Clash(*row) for row in cursor.fetchall()]
    _set(cursor, hash_joins=True)
    return found


def meeting(cursor: Any) -> int | None:
    """Return the first line that names, by any key, a customer whom an earlier row of this chunk changes, or None."""
    cursor.execute(
        """select min(b.line) from import_match a join (
          select line, by_email as id from import_match where by_email is not null union all
          select line, by_id from import_match where by_id is not null union all
          select line, by_phone from import_match where by_phone is not null union all
          select line, other_phone from import_match where other_phone is not null) b on b.id = a.customer_id and b.line > a.line
        where not a.is_new and not a.clash"""
    )
    found: int | None = cursor.fetchone()[0]
    return found


def not_taken_on(cursor: Any, workspace_id: int, lines: Sequence[int], overwrite: str) -> set[tuple[int, str]]:
    """Return which keys of these rows their customers, known before, do not hold afterwards, by line and key.

    They hold what they were found by; the rest only where it is overwritten, or fills what is empty.
    """
    cursor.execute(
        """select m.line, m.by_email is null and (c.email is not null or %(never)s), m.by_id is null and (c.external_id is not null or %(never)s)
        from import_match m join customers c on c.id = m.customer_id and c.workspace_id = %(w)s where not m.is_new and m.line = any(%(lines)s)""",
        {"w": workspace_id, "lines": list(lines), "never": overwrite == "never"},
    )
    found = cursor.fetchall()
    return {(line, "email") for line, mail, _ in found if mail} | {(line, "external_id") for line, _, ident in found if ident}


def drop_clashes(cursor: Any, cut: int | None) -> None:
    """Take the rows that clash out of the chunk, and those from line `cut` on."""
    cursor.execute("delete from import_match where clash or line >= %s", (cut,))


def insert_new(cursor: Any, workspace_id: int, import_id: int, columns: Sequence[str]) -> None:
    """Insert the customers who are new, in the order of the file."""
    names = [name for name in columns if name != "line"]
    values = [f"coalesce(s.{name}, '{_DEFAULTS[name]}')" if name in _DEFAULTS else f"s.{name}" for name in names]
    cursor.execute(
        f"""insert into customers (id, workspace_id, origin, import_id, {", ".join(names)})
        select m.customer_id, %(w)s, 'import', %(i)s, {", ".join(values)}
        from import_match m join import_stage s using (line) where m.is_new order by m.line""",  # noqa: S608 (column names of our own)
        {"w": workspace_id, "i": import_id},
    )


def update_known(cursor: Any, workspace_id: int, columns: Sequence[str], overwrite: str) -> None:
    """Change the customers who are known and differ, and keep how they were in `import_changed`. The rest is not touched.

    `always`: filled cells replace; `empty`: they fill what is empty; tags are added, never taken away.
    """
    names = [name for name in columns if name != "line"]
    new = {name: _new_value(name, overwrite) for name in names}
    differ = " or ".join(f"c.{name} is distinct from {value}" for name, value in new.items())
    before = " || ".join(
        f"case when c.{name} is distinct from {value} then jsonb_build_object('{name}', c.{name}) else '{{}}' end"
        for name, value in new.items()
    )
    cursor.execute(
        f"""with changed as materialized (
          select c.id, {before} as before, {", ".join(f"{value} as {name}" for name, value in new.items())}
          from import_match m join import_stage s using (line) join customers c on c.id = m.customer_id and c.workspace_id = %(w)s
          where not m.is_new and ({differ}) order by c.id for no key update of c),
        done as (update customers c set {", ".join(f"{name} = n.{name}" for name in names)}, version = c.version + 1, updated_at = now()
          from changed n where c.id = n.id returning c.id, c.version)
        insert into import_changed (customer_id, version, before)
        select id, done.version, changed.before from done join changed using (id)""",  # noqa: S608 (column names of our own)
        {"w": workspace_id},
    )


def _new_value(name: str, overwrite: str) -> str:
    if name == "tags":
        return """case when s.tags is null or c.tags @> s.tags then c.tags
            else c.tags || array(select t from unnest(s.tags) with ordinality x(t, n) where t <> all (c.tags) order by n) end"""
    if name == "attributes":
        return "c.attributes || s.attributes" if overwrite == "always" else "s.attributes || c.attributes"
    return f"coalesce(s.{name}, c.{name})" if overwrite == "always" else f"coalesce(c.{name}, s.{name})"


def record_consent(cursor: Any, workspace_id: int, import_id: int, consent: Mapping[str, Any], by: str) -> None:
    """Note the consent that the file brings for everybody in the chunk who has an address, in the log too.

    Who has unsubscribed stays so, whatever a file says; who has subscribed does not fall back to pending.
    """
    cursor.execute(
        """with who as materialized (
          select m.customer_id, jsonb_build_object('state', k.state, 'basis', k.basis, 'source', k.source, 'occurred_at', k.occurred_at) as was
          from import_match m join import_stage s using (line)
          left join customers c on c.id = m.customer_id and c.workspace_id = %(w)s and not m.is_new
          left join consents k on k.customer_id = m.customer_id and k.workspace_id = %(w)s and k.channel = 'email' and k.topic_id = 0
          where s.email is not null or c.email is not null),
        done as (insert into consents as k (workspace_id, customer_id, channel, topic_id, state, basis, source, occurred_at)
          select %(w)s, customer_id, 'email', 0, %(state)s, %(basis)s, %(source)s, now() from who order by customer_id
          on conflict (customer_id, channel, topic_id) do update
          set state = excluded.state, basis = excluded.basis, source = excluded.source, occurred_at = excluded.occurred_at
          where k.state <> excluded.state and (excluded.state = 'unsubscribed' or k.state = 'pending') returning customer_id),
        logged as (insert into consent_log (workspace_id, customer_id, channel, topic_id, state, basis, source, by, occurred_at)
          select %(w)s, customer_id, 'email', 0, %(state)s, %(basis)s, %(source)s, %(by)s, now() from done)
        insert into import_consented (customer_id, before) select customer_id, who.was from done join who using (customer_id)""",
        {"w": workspace_id, "state": consent["state"], "basis": consent.get("basis"), "source": import_source(import_id), "by": by},
    )


def note_acts(cursor: Any, workspace_id: int, import_id: int) -> dict[int, int]:
    """Keep what was done to whom, from which line and how it was before; return how many by Act."""
    cursor.execute(
        """with done as (insert into import_undo (workspace_id, import_id, subject_id, line, act, version, before)
          select %(w)s, %(i)s, m.customer_id, m.line,
            case when m.is_new then %(created)s when h.customer_id is null and k.customer_id is null then %(unchanged)s else %(updated)s end,
            coalesce(h.version, 1),
            nullif(coalesce(h.before, '{}') || case when k.customer_id is null or m.is_new then '{}'
              else jsonb_build_object('consent', k.before) end, '{}')
          from import_match m left join import_changed h using (customer_id) left join import_consented k using (customer_id)
          order by m.customer_id returning act)
        select act, count(*) from done group by act""",
        {"w": workspace_id, "i": import_id, "created": Act.CREATED, "updated": Act.UPDATED, "unchanged": Act.UNCHANGED},
    )
    return dict(cursor.fetchall())


def insert_rejects(cursor: Any, workspace_id: int, import_id: int, rejects: Sequence[Reject]) -> None:
    """Keep the rows that were not taken."""
    rows = [(workspace_id, import_id, r.line, r.column, r.found, r.kind.value, r.reason, list(r.row)) for r in rejects]
    execute_values(
        cursor,
        "insert into import_rejects (workspace_id, import_id, line, column_name, found, kind, reason, cells) values %s",
        rows,
        "(%s, %s, %s, %s, %s, %s, %s, %s::text[])",
        page_size=1000,
    )


def _set(cursor: Any, *, hash_joins: bool) -> None:
    value = "on" if hash_joins else "off"
    cursor.execute("select set_config('enable_hashjoin', %s, true), set_config('enable_mergejoin', %s, true)", (value, value))
