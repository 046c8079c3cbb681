"""What the drain reads and writes. SQL as text: statements over arrays and a temporary table, of messages of all workspaces at once."""

from datetime import datetime

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Kind

ONE_AT_A_TIME = sa.text("select pg_advisory_xact_lock(1212763220)")
"""Flags and figures follow from what they were before: whoever moves them by hits holds this, to the end of the transaction."""

MESSAGES = """
select m.id, m.workspace_id, m.customer_id, m.mailing_id, g.source_id,
  (extract(epoch from coalesce(m.sent_at, m.claimed_at)) * 1000000)::bigint, (extract(epoch from m.sent_at) * 1000000)::bigint,
  (extract(epoch from m.opened_at) * 1000000)::bigint, (extract(epoch from m.clicked_at) * 1000000)::bigint
from messages m join mailings g on g.id = m.mailing_id
where m.id = any(%s::bigint[]) and m.kind = 1 and m.customer_id is not null
"""
"""Messages by id, those that count and whose customer is here; times in microseconds since 1970."""

HERE = "select customer_id from customer_stats where workspace_id = %s and customer_id = any(%s::bigint[]) order by customer_id for update"
"""Those of the customers who are still here; they stay until the transaction ends."""

RECENT_CLICKS = sa.text("""
select replace(a.event_id::text, '-', ''), a.data->>'message', coalesce(a.data->>'address', ''), a.data->>'link',
  extract(epoch from a.occurred_at)::float8
from unnest(cast(:customers as bigint[])) c(id) join activities a on a.workspace_id = :workspace_id and a.customer_id = c.id
  and a.occurred_at between :low and :high and a.kind = any(:kinds)
where a.data->>'message' ~ '^[0-9]{1,18}$' and a.data->>'link' ~ '^[0-9]{1,5}$'
""")
"""Clicks of these customers in a time, from the activities; a caller of the API may call anything `clicked`, and that is left out."""

HIT_KINDS = [int(kind) for kind in Kind if kind.name.startswith(("OPENED", "CLICKED"))]
_HOURS = """
unnest(%(workspaces)s::integer[], %(customers)s::bigint[], %(hours)s::bigint[]{more}) c(workspace_id, customer_id, hour{names})
"""
_THEN = """
a.workspace_id = c.workspace_id and a.customer_id = c.customer_id and a.kind = any(%(kinds)s)
and a.occurred_at >= to_timestamp(c.hour * 3600) and a.occurred_at < to_timestamp((c.hour + 1) * 3600)
and a.occurred_at >= to_timestamp(%(low)s * 3600) and a.occurred_at < to_timestamp(%(high)s * 3600)
"""
"""The hits of somebody in an hour; the span of all hours is said as well, because it tells the planner which months to leave out."""

CROWDED = f"""
select c.workspace_id, c.customer_id, c.hour from {_HOURS.format(more=", %(coming)s::integer[]", names=", coming")}
cross join lateral (select count(*) as n from activities a where {_THEN}) k where k.n + c.coming > %(most)s
"""  # noqa: S608 (constants of ours)
"""Who would have more than so many hits in an hour. An index answers: to see that nobody has is all that most batches need."""

CROWD = f"""
select a.data->>'message', a.kind, a.data->>'link', c.hour, count(*),
  array_agg(replace(a.event_id::text, '-', '')) filter (where a.event_id = any(%(ids)s::uuid[]))
from {_HOURS.format(more="", names="")} join activities a on {_THEN}
where a.data->>'message' ~ '^[0-9]{{1,18}}$' and coalesce(a.data->>'link', '0') ~ '^[0-9]{{1,5}}$'
group by 1, 2, 3, 4
"""  # noqa: S608
"""Their hits in these hours, by what a cap is of, and which of the given ones are there."""

KNOWN_AGENTS = sa.text("select text, id from hit_agents where text = any(:texts)")
NEW_AGENTS = sa.text("insert into hit_agents (text) select unnest(cast(:texts as text[])) on conflict do nothing")

COPY = "copy activities (workspace_id, occurred_at, event_id, customer_id, kind, source_id, data) from stdin"
"""Where none of them is there already, which is nearly always."""

STAGE = """
create temporary table if not exists drained (workspace_id integer, occurred_at timestamptz, event_id uuid, customer_id bigint, kind smallint,
  source_id bigint, data jsonb) on commit delete rows;
truncate drained
"""
COPY_STAGE = "copy drained from stdin"
INSERT = """
insert into activities (workspace_id, occurred_at, event_id, customer_id, kind, source_id, data) select * from drained
on conflict do nothing returning replace(event_id::text, '-', '')
"""
"""Where some are there: write those that are not, and tell which."""

HOLD_MESSAGES = sa.text(
    "select id, (extract(epoch from sent_at) * 1000000)::bigint from messages where id = any(cast(:ids as bigint[])) order by id for no key update"
)
"""Hold messages, and say when they were sent: the mailer may have noted it since they were looked at."""

SET_FLAGS = sa.text("""
update messages m set opened_at = timestamptz 'epoch' + f.opened * interval '1 microsecond',
  clicked_at = timestamptz 'epoch' + f.clicked * interval '1 microsecond'
from unnest(cast(:ids as bigint[]), cast(:opened as bigint[]), cast(:clicked as bigint[])) f(id, opened, clicked) where m.id = f.id
""")

OLDEST = sa.text("select id, body from hits order by id limit :most for update skip locked")
"""Hits that Redis could not take; what another drain holds is left to it."""
FORGET = sa.text("delete from hits where id = any(:ids)")
WAITING = sa.text("select count(*) from hits")

_SIGHTINGS = sa.text("""
select workspace_id, customer_id, occurred_at, xid::text from activities
where xid >= cast(:since as xid8) and xid < cast(:until as xid8) and kind in (2, 3) order by xid limit :most
""")


def sightings(since: str, until: str, most: int) -> list[tuple[int, int, datetime, str]]:
    """Return (workspace, customer, time, xid) of what people opened and clicked in transactions from `since` to below `until`, oldest first."""
    rows = session().execute(_SIGHTINGS, {"since": since, "until": until, "most": most})
    return [(row[0], row[1], row[2], row[3]) for row in rows]
