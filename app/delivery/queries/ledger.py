"""The mailer's statements over the ledger. Raw SQL: they run hundreds of times a second, and arrays of rows come and go with each."""

import sqlalchemy as sa

from app.core.prepared import Prepared
from app.delivery.queries.figures import NAMES

LEASE = 15
"""Seconds a silent mailer keeps its messages."""

REGISTER = sa.text(
    f"insert into mailers (name, lease_until) values (:name, clock_timestamp() + interval '{LEASE} s') returning id"  # noqa: S608 (a constant of ours)
)
LOSE = sa.text(
    """
    update mailers set lost_at = clock_timestamp()
    where id in (select id from mailers where lost_at is null and (lease_until < clock_timestamp() or name = :name) for update skip locked)
    returning id
    """
)
"""Declare leases lost that ran out, or whose holder's place (`name`) somebody else has now."""

DOUBT = sa.text(
    """
    update messages set state = 6, mailer_id = null, attempts = attempts + 1,
      reason = 'The process that was handing it over ended before the server''s reply was noted.'
    where state = 2 and mailer_id = any(:mailers)
    returning id, mailing_id, kind
    """
)
"""Whatever a lost mailer was handing over may or may not have arrived."""

LOST = sa.text(
    "select distinct mailer_id from messages where state = 2 and mailer_id in (select id from mailers where lost_at is not null)"
)

MAY = """
    (m.kind <> 1 or (m.customer_id is not null
      and not exists (select from suppressions s where s.workspace_id = m.workspace_id and s.email = lower(m.address))
      and coalesce((select bool_or(c.state = 'subscribed') and not bool_or(c.state = 'unsubscribed') from consents c
        where c.workspace_id = m.workspace_id and c.customer_id = m.customer_id and c.channel = 'email' and c.topic_id in (0, g.topic_id)), false)))
"""
"""May a bulk message be sent at this moment? The same as queries.eligibility says before launch; a test holds the two together."""

_MOVED = """m.id, m.workspace_id, m.mailing_id, m.customer_id, m.kind, m.state, m.reason, m.address, m.sent_at, m.bounced_at,
        m.opened_at, m.clicked_at, m.ordered_at, m.unsubscribed_at"""
_AT_THE_DOOR = ("sent", "refused", "opened", "clicked", "ordered", "unsubscribed")
_FOLLOWED = f"""
    noted as (
      insert into activities (workspace_id, occurred_at, event_id, customer_id, kind, source_id, data)
      select m.workspace_id, case m.state when 3 then m.sent_at else m.bounced_at end, md5('sent:' || m.id)::uuid, m.customer_id,
        case m.state when 3 then 1 else 11 end, g.source_id, jsonb_build_object('message', m.id)
      from moved m join mailings g on g.id = m.mailing_id
      where m.state in (3, 7) and m.kind = 1 and m.customer_id is not null
      on conflict do nothing
    ), forgotten as (
      delete from message_bodies b using moved m where b.message_id = m.id and m.kind <> 1 and m.state <> 1
    ), tallied as (
      insert into mailing_tallies as t (mailing_id, state, reason, n)
      select mailing_id, state, label, count(*) from moved
      where kind = 1 and state in (3, 4, 6, 7) group by 1, 2, 3 order by 1, 2, 3
      on conflict (mailing_id, state, reason) do update set n = t.n + excluded.n returning 1
    ), figures as (
      select workspace_id, mailing_id, date_trunc('hour', case state when 3 then sent_at else bounced_at end, 'UTC') as hour,
        count(*) filter (where state = 3) as sent, count(*) filter (where state = 7) as refused,
        count(opened_at) filter (where state = 3) as opened, count(clicked_at) filter (where state = 3) as clicked,
        count(ordered_at) filter (where state = 3) as ordered, count(unsubscribed_at) filter (where state = 3) as unsubscribed
      from moved where kind = 1 and state in (3, 7) and (select count(*) from tallied) >= 0 group by 1, 2, 3
    ), dated as (
      insert into mailing_days as d (workspace_id, mailing_id, day, {", ".join(_AT_THE_DOOR)})
      select workspace_id, mailing_id, timezone('UTC', hour)::date, {", ".join(f"sum({name})" for name in _AT_THE_DOOR)}
      from figures group by 1, 2, 3 order by 1, 2, 3
      on conflict (mailing_id, day) do update set {", ".join(f"{name} = d.{name} + excluded.{name}" for name in _AT_THE_DOOR)} returning 1
    ), timed as (
      insert into mailing_hours as h (workspace_id, mailing_id, hour, {", ".join(_AT_THE_DOOR)})
      select workspace_id, mailing_id, hour, {", ".join(_AT_THE_DOOR)} from figures
      where (select count(*) from dated) >= 0 order by workspace_id, mailing_id, hour
      on conflict (mailing_id, hour) do update set {", ".join(f"{name} = h.{name} + excluded.{name}" for name in _AT_THE_DOOR)}
    )"""  # noqa: S608 (constants of ours)
"""What follows in the same statement from `moved` (messages as they are now, `label`: the reason they are tallied under): activities of bulk
messages that were sent or bounced, tallies, days and hours; words of letters that are over are forgotten, as they may hold a link that opens an
account. Tallies, days, hours are written in this order (each reads the one before), and rows of each in one order, so that nobody waits in a
circle. People's flags count into the hour of a message that was sent again after a doubt."""

TICK = Prepared(
    "tick",
    f"""
    with lease as (
      update mailers set lease_until = clock_timestamp() + interval '{LEASE} s' where id = :mailer and lost_at is null returning id
    ), given as (
      select * from unnest(:ids, :states, :labels, :reasons, :waits, :tried, :claimed) g(id, state, label, reason, wait, tried, claimed)
    ), moved as (
      update messages m set state = g.state, reason = g.reason, mailer_id = null, attempts = m.attempts + g.tried,
        sent_at = case when g.state = 3 then clock_timestamp() end,
        bounced_at = case when g.state = 7 then clock_timestamp() end,
        due_at = case when g.wait is not null then clock_timestamp() + g.wait * interval '1 s' end
      from given g, lease
      where m.id = g.id and case when g.claimed then m.state = 2 and m.mailer_id = :mailer else m.state = 1 end
      returning {_MOVED}, g.label
    ), taken as (
      update messages m set state = 2, mailer_id = :mailer, claimed_at = clock_timestamp(), due_at = null
      from mailings g, lease
      where m.id = any(:wanted) and m.state = 1 and g.id = m.mailing_id and g.state = 'open' and {MAY}
      returning m.id
    ), {_FOLLOWED}
    select (select id from lease) as lease, array(select id from taken) as taken, (select jsonb_agg(jsonb_build_object(
      'workspace_id', workspace_id, 'mailing_id', mailing_id, 'customer_id', customer_id, 'address', address, 'reason', reason))
      from moved where kind = 1 and state = 7) as bounced
    """,  # noqa: S608 (constants of ours)
    mailer="bigint",
    ids="bigint[]",
    states="smallint[]",
    labels="text[]",
    reasons="text[]",
    waits="float8[]",
    tried="smallint[]",
    claimed="boolean[]",
    wanted="bigint[]",
)
"""All that a mailer writes in a tick, as one statement, so that it can be a transaction of its own with a single round trip.

Renew the lease and hold its row until the transaction ends: whoever wants to declare it lost waits, and then sees that it is not. Write what
became of messages that this mailer claimed, or (`claimed` false) that were refused before a claim. Claim `wanted`, none of which is among them,
as far as they wait and may be sent at this moment. One row: `lease` is null if it is lost, and then nothing was written."""

CATCH = Prepared(
    "catch_messages",
    f"""
    with moved as (
      update messages m set state = 3, reason = 'Caught by the sandbox', sent_at = clock_timestamp(), attempts = m.attempts + 1, due_at = null
      from mailings g
      where m.id = any(:ids) and m.state = 1 and g.id = m.mailing_id and g.state = 'open' and {MAY}
      returning {_MOVED}, '' as label
    ), {_FOLLOWED}
    select * from moved
    """,  # noqa: S608 (constants of ours)
    ids="bigint[]",
)
"""The sandbox claims, catches and notes in one transaction: nothing leaves, so nothing can be in doubt."""

SKIP = Prepared(
    "skip_messages",
    f"""
    update messages m set state = 5, due_at = null, reason = case when m.customer_id is null then 'erased'
        when exists (select from suppressions s where s.workspace_id = m.workspace_id and s.email = lower(m.address)) then 'suppressed'
        when exists (select from consents c where c.workspace_id = m.workspace_id and c.customer_id = m.customer_id and c.channel = 'email'
          and c.topic_id in (0, g.topic_id) and c.state = 'unsubscribed') then 'unsubscribed'
        else 'no_consent' end
    from mailings g
    where m.id = any(:ids) and m.state = 1 and m.kind = 1 and g.id = m.mailing_id and g.state = 'open' and not {MAY}
    returning m.mailing_id, m.reason
    """,  # noqa: S608
    ids="bigint[]",
)
"""Say why messages that could not be claimed will not be sent; those that somebody else took, or whose mailing stands still, are left."""

CANDIDATES = sa.text(
    """
    select id, customer_id, address, kind, variant, attempts from messages
    where mailing_id = :mailing and state = 1 and id > :after and (due_at is null or due_at <= clock_timestamp())
      and (:of = 1 or id % :of = :mine)
    order by id limit :most
    """
)
SURVEY = sa.text(
    """
    select g.id, g.workspace_id, g.kind, g.state, g.priority, g.sender_id, g.simulate,
      g.state = 'open' and exists (select from messages m where m.mailing_id = g.id and m.state = 1
        and (m.due_at is null or m.due_at <= clock_timestamp())) as waiting
    from mailings g where g.state in ('open', 'stopped')
    order by g.priority, g.id
    """
)
"""What there is to do: every mailing that may send, and those that only wait for their last replies."""

SENDERS = sa.text(
    """
    select s.id, s.workspace_id, s.kind, s.version, s.connections, s.per_second, s.problem, s.problem_at,
      p.held_until > clock_timestamp() as held, p.failures from senders s left join sender_paces p on p.sender_id = s.id where s.id = any(:ids)
    """
)
TAKE_TOKENS = sa.text(
    """
    with bucket as (
      select sender_id, least(cast(:depth as float8), tokens + cast(:rate as float8) * extract(epoch from clock_timestamp() - filled_at)) as full
      from sender_paces where sender_id = :sender for update
    )
    update sender_paces p set tokens = b.full - greatest(0, least(floor(b.full), :wanted)), filled_at = clock_timestamp()
    from bucket b where p.sender_id = b.sender_id
    returning cast(greatest(0, least(floor(b.full), :wanted)) as integer)
    """
)
"""Take up to `wanted` tokens of a sender's bucket, which fills with `rate` a second up to `depth`; give how many."""

MAKE_PACE = sa.text(
    "insert into sender_paces (workspace_id, sender_id, tokens) select workspace_id, id, 1 from senders where id = any(:ids) on conflict do nothing"
)
HOLD = sa.text(
    """
    update sender_paces set failures = failures + 1,
      held_until = clock_timestamp() + least(300, 2 ^ least(failures, 9)) * interval '1 s'
    where sender_id = :sender and (held_until is null or held_until <= clock_timestamp())
    """
)
"""Let a sender rest: 1, 2, 4 … 300 s."""

FREE = sa.text("update sender_paces set failures = 0, held_until = null where sender_id = :sender and failures > 0")
STOP_SENDER = sa.text(
    """
    update senders s set problem = :problem, problem_at = clock_timestamp() from (select id, problem from senders where id = :sender for update) was
    where s.id = was.id returning s.workspace_id, was.problem is null as new
    """
)
CLEAR_SENDER = sa.text("update senders set problem = null, problem_at = null where id = :sender and problem is not null")
ADD_TALLIES = Prepared(
    "add_tallies",
    """
    insert into mailing_tallies as t (mailing_id, state, reason, n)
    select * from unnest(:mailings, :states, :reasons, :counts)
    on conflict (mailing_id, state, reason) do update set n = t.n + excluded.n
    """,
    mailings="bigint[]",
    states="smallint[]",
    reasons="text[]",
    counts="bigint[]",
)
ADD_HOURS = Prepared(
    "add_hours",
    f"""
    with given as (
      select workspace_id, mailing_id, hour, {", ".join(f"coalesce({name}, 0) as {name}" for name in NAMES)}
      from jsonb_populate_recordset(null::mailing_hours, :rows)
    ), dated as (
      insert into mailing_days as d (workspace_id, mailing_id, day, {", ".join(NAMES)})
      select workspace_id, mailing_id, timezone('UTC', hour)::date, {", ".join(f"sum({name})" for name in NAMES)}
      from given group by 1, 2, 3 order by 1, 2, 3
      on conflict (mailing_id, day) do update set {", ".join(f"{name} = d.{name} + excluded.{name}" for name in NAMES)} returning 1
    )
    insert into mailing_hours as h (workspace_id, mailing_id, hour, {", ".join(NAMES)})
    select workspace_id, mailing_id, hour, {", ".join(NAMES)} from given
    where (select count(*) from dated) >= 0 order by workspace_id, mailing_id, hour
    on conflict (mailing_id, hour) do update set {", ".join(f"{name} = h.{name} + excluded.{name}" for name in NAMES)}
    """,  # noqa: S608
    rows="jsonb",
)
"""Move figures of hours and of their days; `rows` is a list of objects with the figures that move, one an hour.

Days come before hours (the hours read `dated`), and rows in one order."""

RANKS = sa.text("select id from mailers where lost_at is null and lease_until > clock_timestamp() order by id")
