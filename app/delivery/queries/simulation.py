"""What the simulation reads. SQL as text: one statement finds those whose moment has come, and nothing need be kept about them.

The share of messages that wake, and when they do, follow from hashes of their ids.
"""

import sqlalchemy as sa

NEXT = sa.text("""
select g.workspace_id, g.id, coalesce(c.read_at, g.opened_at) as read_at, coalesce(c.xid, '0') as last
from mailings g join workspaces w on w.id = g.workspace_id and w.sandbox
  left join delivery_cursors c on c.name = 'simulation:' || g.id
where g.simulate and g.kind = 'campaign' and g.opened_at is not null
  and coalesce(c.read_at, g.opened_at) < cast(:now as timestamptz) - interval '4 seconds'
  and (g.finished_at is null or coalesce(c.read_at, g.opened_at) < g.finished_at + interval '1 hour')
order by coalesce(c.read_at, g.opened_at), g.id limit 1
""")
"""The mailing of a sandbox whose people have waited longest; those that are over only until their last act has come."""

HOLD = sa.text("""
insert into delivery_cursors (name, xid, read_at) values ('simulation:' || :mailing_id, :last, :read_at)
on conflict (name) do update set name = excluded.name returning xid, read_at
""")
"""Hold the cursor of a mailing until the transaction ends, and say where it stands now."""

MOVE = sa.text("update delivery_cursors set xid = :last, read_at = :read_at where name = 'simulation:' || :mailing_id")

DUE = sa.text("""
with woken as (
  select m.id, m.customer_id, m.sent_at,
    least(cast(:first as float8) -
      cast(:mean as float8) * ln(1 - (hashint8extended(m.id, 2) & 4503599627370495)::float8 / 4503599627370496), :latest) as wake
  from messages m
  where m.workspace_id = :workspace_id and m.mailing_id = :mailing_id and m.state = 3 and m.kind = 1 and m.customer_id is not null
    and m.sent_at > cast(:read_at as timestamptz) - interval '1 hour' and m.sent_at <= :now
    and (hashint8extended(m.id, 1) & 4503599627370495) < cast(:share as float8) * 4503599627370496)
select id, customer_id, sent_at, wake, sent_at + wake * interval '1 second' as at from woken
where sent_at + wake * interval '1 second' <= :now and (sent_at + wake * interval '1 second', id) > (:read_at, :last)
order by at, id limit :most
""")
"""The messages of a mailing whose moment came since, in the order of the moments."""

LINKS = sa.text("""
select position from mailing_links where workspace_id = :workspace_id and mailing_id = :mailing_id and variant = 0 and url ~* '^https?://'
order by position
""")
