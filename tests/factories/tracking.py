"""Mailings that have gone out, their messages, and what comes back from them."""

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from flask import current_app

from app.core.db import any_workspace, db, session
from app.core.time import now
from app.customers.models import Activity, Customer
from app.delivery.hits import Hit
from app.delivery.models import (
    ALL,
    Mailing,
    MailingContent,
    MailingHour,
    MailingKind,
    MailingLink,
    MailingState,
    Message,
    MessageState,
    Sender,
    SenderKind,
)
from app.delivery.service import hits as service
from app.delivery.service.tallies import add_hours, add_tallies
from app.delivery.tokens import Signer
from tests.factories.customers import a_customer

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
LINKS = ("https://shop.example/a", "https://shop.example/b", "https://shop.example/c", "https://shop.example/d")
_numbers = itertools.count(1)


def signer() -> Signer:
    """Return what signs the links of the application under test."""
    return Signer(current_app.config["LINK_KEYS"])


def a_sandbox(workspace_id: int, **values: Any) -> Sender:
    """Make a sender that catches everything."""
    given = {"name": f"Sandbox {next(_numbers)}", "kind": SenderKind.SANDBOX, "from_email": "news@northlight.example"}
    return _keep(Sender(workspace_id=workspace_id, **given | values))


def a_mailing(workspace_id: int, **values: Any) -> Mailing:
    """Make a mailing with words and four links that has gone out; `source_id` is a number of its own."""
    n = next(_numbers)
    given: Mapping[str, Any] = {
        "kind": MailingKind.CAMPAIGN,
        "name": f"Mailing {n}",
        "source_id": 1_000_000 + n,
        "state": MailingState.DONE,
    }
    given = given | {"topic_id": 0} | values
    row = _keep(Mailing(workspace_id=workspace_id, sender_id=values.get("sender_id") or a_sandbox(workspace_id).id, **given))
    words = {
        "kind": "html",
        "subject": "Hello {{ customer.first_name }}",
        "preheader": "",
        "body": "<p>Hello {{ customer.first_name }}</p>",
    }
    brand = {"name": "Northlight", "postal_address": "1 Quay Street"}
    _keep(MailingContent(workspace_id=workspace_id, mailing_id=row.id, brand=brand, from_email="news@northlight.example", **words))
    for position, url in enumerate(LINKS):
        _keep(MailingLink(workspace_id=workspace_id, mailing_id=row.id, variant=0, position=position, url=url, label=url[-1]))
    return row


def a_message(mailing: Mailing, customer: Customer | None = None, *, sent: datetime | None = None, **values: Any) -> Message:
    """Make a message that was sent (two hours ago unless told otherwise), and count it."""
    whom, moment = customer or a_customer(mailing.workspace_id), sent or now() - timedelta(hours=2)
    given = {"customer_id": whom.id, "original_customer_id": whom.id, "address": whom.email, "state": MessageState.SENT, "sent_at": moment}
    row = _keep(Message(workspace_id=mailing.workspace_id, mailing_id=mailing.id, **given | values))
    if row.kind == 1:
        add_tallies({(mailing.id, ALL, ""): 1} | ({} if row.state == MessageState.PENDING else {(mailing.id, row.state, ""): 1}))
        if row.sent_at:
            add_hours(mailing.workspace_id, {(mailing.id, hour_of(row.sent_at)): {"sent": 1}})
    return row


def a_hit(message: Message, position: int | None = None, *, at: datetime | None = None, **values: Any) -> Hit:
    """Make a hit of a person, an hour ago unless told otherwise."""
    moment = at or now() - timedelta(hours=1)
    given = {"method": "GET", "address": "192.0.2.7", "agent": CHROME} | values
    return Hit(uuid4().hex, int(moment.timestamp()) * 1_000_000 + moment.microsecond, message.id, position, **given)


def hit(message: Message, position: int | None = None, **values: Any) -> Hit:
    """Make a hit and drain it."""
    made = a_hit(message, position, **values)
    service.record([made])
    return made


def hour_of(moment: datetime) -> datetime:
    """Return the hour a moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def acts(workspace_id: int, **where: Any) -> list[Activity]:
    """Return the activities of a workspace by time."""
    query = (
        sa.select(Activity)
        .where(Activity.workspace_id == workspace_id)
        .filter_by(**where)
        .order_by(Activity.occurred_at, Activity.event_id)
    )
    return list(session().scalars(query.execution_options(populate_existing=True)))


FIGURES = [column.name for column in MailingHour.__table__.c if column.name not in {"workspace_id", "mailing_id", "hour"}]
_RAW = """
with figures(mailing_id, hour, name, n) as (
  select mailing_id, date_trunc('hour', sent_at), c.name, count(*) from messages, lateral (values ('sent', sent_at), ('bounced', bounced_at),
    ('opened', opened_at), ('clicked', clicked_at), ('ordered', ordered_at), ('unsubscribed', unsubscribed_at),
    ('complained', complained_at)) c(name, at)
  where kind = 1 and sent_at is not null and c.at is not null group by 1, 2, 3
  union all
  select mailing_id, date_trunc('hour', c.at), c.name, count(*) from messages, lateral (
    values ('opens', opened_at), ('clicks', clicked_at)) c(name, at)
  where kind = 1 and c.at is not null group by 1, 2, 3
  union all
  select g.id, date_trunc('hour', a.occurred_at), 'hits_' || (array['opened', 'clicked', null, null, null, 'opened_machine', 'opened_unsure',
    'clicked_machine', 'clicked_unsure'])[a.kind - case when a.kind < 5 then 1 else 0 end], count(*)
  from activities a join messages m on m.id = (a.data->>'message')::bigint join mailings g on g.id = m.mailing_id
  where a.kind in (2, 3, 6, 7, 8, 9) and a.data ? 'why' group by 1, 2, 3
  union all
  select mailing_id, date_trunc('hour', ordered_at), 'orders', count(*) filter (where not refund) from conversions group by 1, 2
  union all
  select mailing_id, date_trunc('hour', ordered_at), 'revenue', sum(value) from conversions group by 1, 2)
select mailing_id, hour, name, n::bigint from figures where n <> 0
"""


def counted_raw() -> dict[tuple[int, datetime, str], int]:
    """Count all figures of all mailings anew, from the raw rows."""
    return {(row[0], row[1], row[2]): row[3] for row in db.session.execute(sa.text(_RAW))}


def kept_figures() -> dict[tuple[int, datetime, str], int]:
    """Return all figures of all mailings that are not zero, as the roll-up has them."""
    rows = session().scalars(any_workspace(sa.select(MailingHour)).execution_options(populate_existing=True))
    return {(row.mailing_id, row.hour, name): n for row in rows for name in FIGURES if (n := getattr(row, name))}


def _keep(row: Any) -> Any:
    session().add(row)
    session().flush()
    return row
