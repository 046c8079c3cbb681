"""A plausible workspace for reports: campaigns, their messages with what became of them, orders; and the roll-ups, recomputed from these."""

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.campaigns.models import Campaign, State
from app.core.db import session
from app.core.time import now
from app.customers.models import Customer, Order
from app.delivery.models import (
    ALL,
    Conversion,
    Mailing,
    MailingDay,
    MailingHour,
    MailingLink,
    MailingTally,
    Message,
    MessageKind,
    MessageState,
    Sender,
    SenderKind,
)
from app.delivery.service.links import Click, count_clicks
from app.delivery.service.tallies import add_hours
from app.delivery.verdicts import Verdict
from app.segments.models import Segment, SegmentMember
from tests.factories.customers import a_customer

_numbers = itertools.count(1)
DOMAINS = ("lagoonmail.example", "deltamail.example", "fjordpost.example", "hanmail.example", "a.example", "b.example", "c.example")
SKIPPED = ("no_address", "no_consent", "unsubscribed", "suppressed")
_COHORT = {"opened_at": "opened", "clicked_at": "clicked", "ordered_at": "ordered", "unsubscribed_at": "unsubscribed",
           "complained_at": "complained", "bounced_at": "bounced"}  # fmt: skip


def a_sender(workspace_id: int, **values: Any) -> Sender:
    """Make a sender that catches everything."""
    n = next(_numbers)
    return _keep(
        Sender(workspace_id=workspace_id, name=f"Sender {n}", kind=SenderKind.SANDBOX, from_email="us@northlight.example", **values)
    )


def a_mailing(workspace_id: int, **values: Any) -> Mailing:
    """Make a mailing with a sender of its own, unless one is given."""
    sender = values.pop("sender_id", None) or a_sender(workspace_id).id
    given = {"kind": "campaign", "name": f"Mailing {next(_numbers)}", "state": "done", "opened_at": now()}
    return _keep(Mailing(workspace_id=workspace_id, sender_id=sender, **given | values))


def a_sent_campaign(workspace_id: int, **values: Any) -> Campaign:
    """Make a campaign that was launched; `launched_at` now, unless said otherwise."""
    at = values.pop("launched_at", None) or now()
    name = values.pop("name", None) or f"Campaign {next(_numbers)}"
    mailing = a_mailing(workspace_id, name=name, opened_at=at)
    given = {"state": State.SENT, "launched_at": at, "mailing_id": mailing.id, "created_by": "Ada", "launched_by": "Ada", "cost": 0}
    return _keep(Campaign(workspace_id=workspace_id, name=name, **given | values))


def a_draft(workspace_id: int, **values: Any) -> Campaign:
    """Make a campaign that was not launched."""
    return _keep(Campaign(workspace_id=workspace_id, **{"name": f"Draft {next(_numbers)}", "created_by": "Ada"} | values))


def links(mailing_id: int, workspace_id: int, words: Sequence[str] = ("Start before everyone", "Jackets", "Boots")) -> None:
    """Give a mailing links, by position from 0."""
    for position, label in enumerate(words):
        url = f"https://northlight.example/{label.lower().replace(' ', '-')}"
        _keep(MailingLink(workspace_id=workspace_id, mailing_id=mailing_id, variant=0, position=position, url=url, label=label))


def mail(campaign: Campaign, people: Sequence[Customer], chance: random.Random, over: timedelta = timedelta(hours=3)) -> list[Message]:
    """Write a campaign's messages to these people, some left out, refused or come back, with what the others did afterwards."""
    assert campaign.launched_at is not None
    assert campaign.mailing_id is not None
    found = []
    for person in people:
        at = campaign.launched_at + over * chance.random()
        row = Message(
            workspace_id=campaign.workspace_id,
            mailing_id=campaign.mailing_id,
            customer_id=person.id,
            original_customer_id=person.id,
            address=f"{person.id}@{DOMAINS[min(int(chance.expovariate(0.7)), 6)]}",
            kind=MessageKind.BULK,
        )
        _meet(row, at, chance)
        found.append(row)
    session().add_all(found)
    session().flush()
    return found


def _meet(row: Message, at: datetime, chance: random.Random) -> None:
    """Decide what became of a message."""
    lot = chance.random()
    if lot < 0.06:
        row.state, row.reason = MessageState.SKIPPED, chance.choice(SKIPPED)
    elif lot < 0.10:
        row.state, row.reason, row.bounced_at = MessageState.BOUNCED, "550 5.1.1 no such user", at
    elif lot < 0.12:
        row.state, row.reason = MessageState.FAILED, "554 5.7.1 not wanted"
    elif lot < 0.13:
        row.state = MessageState.IN_DOUBT
    else:
        row.state, row.sent_at = MessageState.SENT, at
        _act(row, at, chance)


def _act(row: Message, at: datetime, chance: random.Random) -> None:
    if chance.random() < 0.04:
        row.state, row.reason, row.bounced_at = MessageState.BOUNCED, "5.2.2", at + timedelta(hours=1)
        return
    if chance.random() < 0.5:
        row.opened_at = at + timedelta(hours=chance.expovariate(0.2))
        if chance.random() < 0.4:
            row.clicked_at = row.opened_at + timedelta(minutes=2)
            row.unsubscribed_at = row.clicked_at if chance.random() < 0.1 else None
            row.ordered_at = row.clicked_at + timedelta(hours=chance.expovariate(0.05)) if chance.random() < 0.4 else None
    row.complained_at = at if chance.random() < 0.01 else None


def sales(messages: Sequence[Message], chance: random.Random) -> list[Conversion]:
    """Write an order for each message that was ordered after, now and then a second one and a refund, all credited to its first link."""
    found = []
    for row in messages:
        if row.ordered_at is None or row.customer_id is None or row.clicked_at is None:
            continue
        values = [chance.randint(500, 20_000)]
        values += [-values[0]] * (chance.random() < 0.1) + [chance.randint(500, 9_000)] * (chance.random() < 0.2)
        for later, value in enumerate(values):
            at, number = row.ordered_at + timedelta(hours=5 * later), f"O-{next(_numbers)}"
            given = {"workspace_id": row.workspace_id, "customer_id": row.customer_id, "ordered_at": at, "value": value}
            order = _keep(Order(external_id=number, amount=value, currency="USD", **given))
            conversion = Conversion(
                order_id=order.id, mailing_id=row.mailing_id, message_id=row.id, link=row.id % 3, clicked_at=row.clicked_at,
                refund=value < 0, **given,
            )  # fmt: skip
            found.append(_keep(conversion))
    return found


def clicks(messages: Sequence[Message], chance: random.Random) -> list[Click]:
    """Give the drain's counter the clicks of these messages: people's, some twice, and now and then a machine that takes every link."""
    found: list[Click] = []
    for row in messages:
        if row.clicked_at is not None:
            found += [Click(row.mailing_id, row.id, row.id % 3, Verdict.PERSON)] * chance.randint(1, 3)
        if row.sent_at is not None and chance.random() < 0.1:
            found += [Click(row.mailing_id, row.id, link, Verdict.MACHINE) for link in range(3)]
    for at in range(0, len(found), 7):  # the drain comes by many times
        count_clicks(found[at : at + 7])
    return found


Hours = dict[tuple[int, datetime], Counter[str]]


def roll_up(workspace_id: int) -> None:
    """Write hours and tallies anew from messages and conversions."""
    bulk = (Message.workspace_id == workspace_id, Message.kind == MessageKind.BULK)
    messages = session().scalars(sa.select(Message).where(*bulk)).all()
    hours: Hours = {}
    tallies: Counter[tuple[int, int, str]] = Counter()
    for row in messages:
        tallies[row.mailing_id, ALL, ""] += 1
        if row.state not in (MessageState.PENDING, MessageState.SENDING):
            tallies[row.mailing_id, row.state, row.reason or ""] += 1
        _tell(row, hours)
    for sale in session().scalars(sa.select(Conversion).where(Conversion.workspace_id == workspace_id)):
        _add(hours, sale.mailing_id, sale.ordered_at, "revenue", sale.value)
        _add(hours, sale.mailing_id, sale.ordered_at, "orders", 0 if sale.refund else 1)
    for table in (MailingHour, MailingDay):
        session().execute(sa.delete(table).where(table.workspace_id == workspace_id))
    session().execute(sa.delete(MailingTally).where(MailingTally.mailing_id.in_({mailing_id for mailing_id, _, _ in tallies})))
    add_hours(workspace_id, hours)
    for (mailing_id, state, reason), n in tallies.items():
        _keep(MailingTally(mailing_id=mailing_id, state=int(state), reason=reason, n=n))
    session().expire_all()


def _tell(row: Message, hours: Hours) -> None:
    """Add what became of a message to its hours."""
    if row.sent_at is None:
        if row.bounced_at is not None:
            _add(hours, row.mailing_id, row.bounced_at, "refused")
        return
    _add(hours, row.mailing_id, row.sent_at, "sent")
    for flag, name in _COHORT.items():
        if getattr(row, flag) is not None:
            _add(hours, row.mailing_id, row.sent_at, name)
    for flag, names in (("opened_at", ("opens", "hits_opened")), ("clicked_at", ("clicks", "hits_clicked"))):
        for name in names if getattr(row, flag) is not None else ():
            _add(hours, row.mailing_id, getattr(row, flag), name)


def _add(hours: Hours, mailing_id: int, at: datetime, name: str, by: int = 1) -> None:
    hours.setdefault((mailing_id, at.replace(minute=0, second=0, microsecond=0)), Counter())[name] += by


def a_year(
    workspace_id: int, campaigns: int = 3, people: int = 40, seed: int = 1, within: timedelta = timedelta(days=40)
) -> list[Campaign]:
    """Fill a workspace: people, campaigns over the time `within` before now, what came of them, and the roll-ups."""
    chance = random.Random(seed)
    crowd = [a_customer(workspace_id, created_at=now() - timedelta(days=80) * chance.random()) for _ in range(people)]
    made = []
    for part in range(campaigns):
        at = now() - within * ((part + 0.2 + 0.8 * chance.random()) / campaigns)
        campaign = a_sent_campaign(workspace_id, launched_at=at, cost=chance.choice([0, 2_000, 50_000]))
        assert campaign.mailing_id is not None
        links(campaign.mailing_id, workspace_id)
        messages = mail(campaign, chance.sample(crowd, k=people * 3 // 4), chance)
        sales(messages, chance)
        clicks(messages, chance)
        made.append(campaign)
    roll_up(workspace_id)
    return made


def a_list(workspace_id: int, name: str, people: Sequence[int]) -> Segment:
    """Make a static segment of these customers."""
    row = _keep(Segment(workspace_id=workspace_id, name=name, kind="static", members=len(people), filled_at=now()))
    for person in people:
        _keep(SegmentMember(segment_id=row.id, customer_id=person, entered_at=now()))
    return row


def _keep(row: Any) -> Any:
    session().add(row)
    session().flush()
    return row


STRANGERS = {"campaign_id": lambda workspace_id: a_sent_campaign(workspace_id).id}
