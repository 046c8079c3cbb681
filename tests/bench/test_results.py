"""Reports at a million customers, 200 campaigns, five million messages' worth of roll-ups: 200 ms a page; segments in seconds."""

import statistics
import time

import pytest
import sqlalchemy as sa

from app.analytics.service import segments
from app.core.db import db
from app.delivery.queries.figures import NAMES
from app.delivery.service import domains
from app.workspaces.models import Workspace
from tests.bench.ground import CUSTOMERS, Ground
from tests.bench.test_pages import CALIBRATED, LONGEST, MOST_QUERIES, TURNS
from tests.factories.auth import Browser, signed_in

CAMPAIGNS = 200
EACH = CUSTOMERS // 40
"""Messages a campaign: with a million customers 25,000, so five million in all."""
WRITTEN = 40
"""Campaigns whose messages are there too, a million in all: what the background counts. The newest went to everybody, a million more."""
SLOWEST = 20.0
"""Seconds that all segments may take in the background, on a machine where `calibration` takes CALIBRATED."""
_FILL = (
    "insert into senders (workspace_id, name, kind, from_email) values (:w, 'Bench', 'sandbox', 'us@northlight.example')",
    """insert into mailings (workspace_id, kind, name, sender_id, state, opened_at)
    select :w, 'campaign', 'Campaign ' || n, (select max(id) from senders), 'done', now() - n * interval '43 hours'
    from generate_series(1, :campaigns) n""",
    """insert into campaigns (workspace_id, name, state, cost, goal, mailing_id, created_by, launched_by, launched_at, finished_at)
    select :w, name, 'sent', 100 * (id % 900), 3000000, id, 'Ada', 'Ada', opened_at, opened_at + interval '1 hour' from mailings""",
    """insert into mailing_hours (workspace_id, mailing_id, hour, sent, bounced, opened, clicked, ordered, unsubscribed, opens, clicks,
      hits_opened, hits_opened_machine, hits_opened_unsure, hits_clicked, hits_clicked_machine, hits_clicked_unsure, orders, revenue)
    select :w, id, date_trunc('hour', opened_at) + n * interval '1 hour',
      case when n = 0 then :each else 0 end, case when n = 0 then :each / 100 else 0 end, case when n = 0 then :each / 3 else 0 end,
      case when n = 0 then :each / 12 else 0 end, case when n = 0 then :each / 150 else 0 end, case when n = 0 then :each / 500 else 0 end,
      :each / 12 / (n + 1), :each / 48 / (n + 1), :each / 9 / (n + 1), :each / 20 / (n + 1), 3, :each / 40 / (n + 1), 9, 2,
      case when n % 5 = 0 then 4 else 0 end, case when n % 5 = 0 then 31000 else 0 end
    from mailings, generate_series(0, 335) n""",
    f"""insert into mailing_days (workspace_id, mailing_id, day, {", ".join(NAMES)})
    select workspace_id, mailing_id, timezone('UTC', hour)::date, {", ".join(f"sum({name})" for name in NAMES)}
    from mailing_hours group by 1, 2, 3""",  # noqa: S608
    """insert into mailing_tallies (mailing_id, state, reason, n) select id, v.state, v.reason, v.n from mailings,
      (values (0, '', :each), (3, '', :each - 80), (5, 'unsubscribed', 50), (7, '550 5.1.1', 20), (4, '554 5.7.1', 10)) v(state, reason, n)""",
    """insert into mailing_links (workspace_id, mailing_id, variant, position, url, label)
    select :w, id, 0, n, 'https://northlight.example/' || n, 'Link ' || n from mailings, generate_series(0, 9) n""",
    """insert into mailing_link_totals (mailing_id, link, people, hits, hits_machine, hits_unsure)
    select id, n, :each / 60, :each / 50, :each / 90, 9 from mailings, generate_series(0, 9) n""",
    """insert into messages (workspace_id, mailing_id, customer_id, original_customer_id, address, state, sent_at, opened_at, clicked_at,
      ordered_at, bounced_at)
    select :w, m.id, c, c, c || '@' || (array['lagoonmail','deltamail','fjordpost','hanmail','a','b','c','d'])[1 + c % 8] || '.example', 3,
      m.opened_at, case when c % 3 = 0 then m.opened_at end, case when c % 12 = 0 then m.opened_at end,
      case when c % 150 = 0 then m.opened_at end, case when c % 101 = 0 then m.opened_at end
    from (select id, opened_at, row_number() over (order by id) place from mailings) m, lateral (
      select 1 + (place * 7919 + n * 37) % :customers c from generate_series(1, :each) n) p
    where place <= :written on conflict do nothing""",
    """insert into messages (workspace_id, mailing_id, customer_id, original_customer_id, address, state, reason, sent_at)
    select :w, m.id, c.id, c.id, c.email, case when c.id % 5 = 0 then 5 when c.id % 97 = 0 then 7 else 3 end,
      case when c.id % 100000 = 0 then 'erased' when c.id % 5 = 0 then 'no_consent' when c.id % 97 = 0 then '550 5.1.1 Nobody' else '250 Ok' end,
      case when c.id % 5 > 0 and c.id % 97 > 0 then m.opened_at end
    from customers c, (select id, opened_at from mailings order by opened_at desc limit 1) m on conflict do nothing""",
    """insert into conversions (order_id, workspace_id, mailing_id, message_id, customer_id, link, clicked_at, ordered_at, value, refund)
    select id, :w, mailing_id, id, customer_id, id % 10, clicked_at, ordered_at, 7500, false from messages
    where ordered_at is not null and clicked_at is not null""",
    """insert into segments (workspace_id, name, kind, members, filled_at)
    select :w, 'Bench ' || n, 'static', :customers / n, now() from generate_series(1, 12) n""",
    """insert into segment_members (segment_id, customer_id, entered_at)
    select s.id, c.id, now() from customers c join (select id, row_number() over (order by id) n from segments where name like 'Bench %') s
      on c.id % s.n = 0""",
)
PAGES = {
    "overview": "/overview",
    "overview, 7 days": "/overview?period=7d",
    "overview, 90 days": "/overview?period=90d",
    "overview, 12 months": "/overview?period=12m&compare=year",
    "return, 12 months": "/overview/roi?period=12m",
    "return as a file": "/overview/roi.csv?period=12m",
    "funnel, 12 months": "/overview/funnel?period=12m",
    "segment performance": "/overview/segments?days=90",
    "results of a campaign": "/campaigns/{campaign}",
    "campaigns": "/campaigns",
    "campaigns, a name": "/campaigns?search=19",
    "recipients": "/campaigns/{campaign}/recipients",
    "recipients, bounced": "/campaigns/{campaign}/recipients?state=bounced",
    "recipients, a rare reason among 200,000": "/campaigns/{campaign}/recipients?state=skipped&reason=erased",
    "recipients, an address": "/campaigns/{campaign}/recipients?search=a",
    "log of a campaign": "/campaigns/{campaign}/log",
    "API: messages": "/api/v1/campaigns/{campaign}/messages?state=sent&limit=200",
    "API: campaigns": "/api/v1/campaigns?limit=200",
    "API: overview, 12 months": "/api/v1/analytics/overview?period=12m",
    "API: return": "/api/v1/analytics/roi",
    "API: funnel": "/api/v1/analytics/funnel",
    "API: segments": "/api/v1/analytics/segments",
    "API: results": "/api/v1/campaigns/{campaign}/results",
}


@pytest.fixture(scope="module")
def browser(crowd: Ground) -> tuple[Browser, int]:
    """Somebody signed in where much was sent, and the newest campaign."""
    client = crowd.app.test_client()
    given = {"w": crowd.workspace_id, "campaigns": CAMPAIGNS, "each": EACH, "written": WRITTEN, "customers": CUSTOMERS}
    with crowd.app.app_context():
        with db.engine.begin() as line:
            for statement in _FILL:
                line.execute(sa.text(statement), {name: value for name, value in given.items() if f":{name}" in statement})
            campaign = line.execute(sa.text("select id from campaigns order by launched_at desc limit 1")).scalar_one()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as line:
            for table in (
                "messages",
                "mailing_hours",
                "mailing_days",
                "conversions",
                "segment_members",
                "campaigns",
                "mailings",
                "mailing_links",
            ):
                line.execute(sa.text(f"vacuum analyze {table}"))
        made = signed_in(client, workspace=db.session.get_one(Workspace, crowd.workspace_id))
        db.session.commit()
        db.session.remove()
    return made, campaign


def test_segments_and_domains_are_computed_in_seconds(crowd: Ground, browser: tuple[Browser, int]) -> None:
    speed = crowd.baseline("calibrate")["calibration"] / CALIBRATED
    with crowd.app.app_context():
        began = time.perf_counter()
        count = segments.compute(crowd.workspace_id)
        db.session.commit()
        took = (time.perf_counter() - began) / speed
        mailing = db.session.execute(sa.text("select mailing_id from messages order by id limit 1")).scalar_one()
        began = time.perf_counter()
        domains.compute(crowd.workspace_id, mailing)
        db.session.commit()
        where = (time.perf_counter() - began) / speed
        db.session.remove()
    print(f"{f'{count} segments over {WRITTEN * EACH:,} messages':62} {took:12,.2f} s")
    print(f"{f'recipient domains of {EACH:,} messages':62} {where:12,.2f} s")
    assert max(took, where) < SLOWEST


def test_reports(crowd: Ground, browser: tuple[Browser, int]) -> None:
    who, campaign = browser
    speed = crowd.baseline("calibrate")["calibration"] / CALIBRATED
    asked: list[str] = []
    with crowd.app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    slow, many = {}, {}
    for name, path in PAGES.items():
        taken = []
        for turn in range(TURNS + 1):
            asked.clear()
            began = time.perf_counter()
            answer = who.get(path.format(campaign=campaign), buffered=True)
            if turn:
                taken.append(1000 * (time.perf_counter() - began) / speed)
            assert answer.status_code == 200, (path, answer.status_code)
        middle = statistics.median(taken)
        print(f"{name:62} {middle:12,.1f} {max(taken):12,.1f} ms (middle, worst)  {len(asked)} queries")
        if middle > LONGEST:
            slow[name] = round(middle)
        if len(asked) > MOST_QUERIES:
            many[name] = len(asked)
    assert (slow, many) == ({}, {})
