"""What came of mailings: by link, by domain, by hour, and who did not get it. Each equals the rows it is made of."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.time import now
from app.delivery.models import Conversion, Mailing, MailingDomain, MailingHour, MailingTally, Message, MessageState
from app.delivery.queries import results
from app.delivery.queries.figures import Figures
from app.delivery.service import domains
from app.delivery.service.links import Click, count_clicks
from app.delivery.verdicts import Verdict
from tests.analytics import raw
from tests.factories.analytics import a_mailing, a_sent_campaign, links, mail, roll_up, sales
from tests.factories.customers import a_workspace, customers


def test_links_count_people_once_and_machines_apart(session: Session) -> None:
    at = a_workspace().id
    mailing, other = a_mailing(at), a_mailing(at)
    for one in (mailing, other):
        links(one.id, at)
    first, second = Click(mailing.id, 11, 0, Verdict.PERSON), Click(mailing.id, 12, 0, Verdict.PERSON)
    count_clicks([second, first, first, Click(mailing.id, 11, 1, Verdict.PERSON), Click(mailing.id, 13, 0, Verdict.MACHINE)])
    count_clicks([first, Click(mailing.id, 12, 1, Verdict.UNSURE), Click(other.id, 21, 2, Verdict.PERSON)])
    count_clicks([])
    found = [(link.label, link.people, link.machines, link.unsure) for link in results.links(at, mailing.id)]
    assert found == [("Start before everyone", 2, 1, 0), ("Jackets", 1, 0, 1), ("Boots", 0, 0, 0)]
    assert [link.people for link in results.links(at, other.id)] == [1, 0, 0]
    assert results.links(a_workspace().id, mailing.id) == []


def test_links_have_the_revenue_of_the_orders_they_led_to(session: Session) -> None:
    at, chance = a_workspace().id, random.Random(5)
    campaign = a_sent_campaign(at)
    assert campaign.mailing_id is not None
    links(campaign.mailing_id, at)
    sales(mail(campaign, customers(at, 40), chance), chance)
    wanted = Counter[int]()
    for sale in raw.rows(Conversion, at):
        wanted[sale.link] += sale.value
    found = {link.position: link.revenue for link in results.links(at, campaign.mailing_id)}
    assert found == {position: wanted[position] for position in range(3)}
    assert sum(found.values()) != 0


def test_domains_equal_the_rows(session: Session) -> None:
    at, chance = a_workspace().id, random.Random(6)
    campaign = a_sent_campaign(at)
    assert campaign.mailing_id is not None
    messages = mail(campaign, customers(at, 120), chance)
    messages[0].address, messages[1].address = "Someone@LAGOONMAIL.example", None
    messages[0].sent_at = messages[1].sent_at = campaign.launched_at
    session.flush()
    for _ in range(2):
        domains.compute(at, campaign.mailing_id)
    slow: dict[str, list[int]] = {}
    for row in messages:
        if row.sent_at is not None:
            counts = slow.setdefault((row.address or "@").split("@")[1].lower(), [0, 0, 0])
            counts[0] += 1
            counts[1] += row.bounced_at is None
            counts[2] += row.clicked_at is not None
    order = sorted((name for name in slow if name), key=lambda name: (-slow[name][0], name))
    rest = [slow[name] for name in [*order[5:], ""] if name in slow]
    wanted = [(name, 1, *slow[name]) for name in order[:5]] + [("", len(rest), *(sum(column) for column in zip(*rest, strict=True)))]
    found = results.domains(campaign.mailing_id)
    assert [(row.domain, row.domains, row.sent, row.delivered, row.clicked) for row in found] == wanted
    assert len(order) > 5


def test_domains_are_counted_again_while_something_happens_and_ever_more_rarely(session: Session) -> None:
    at = a_workspace().id
    campaign = a_sent_campaign(at, launched_at=now() - timedelta(days=10))
    assert campaign.mailing_id is not None
    mail(campaign, customers(at, 10), random.Random(7))
    roll_up(at)
    mine = (at, campaign.mailing_id)
    assert mine in domains.stale()
    domains.compute(*mine)
    assert mine not in domains.stale()
    for counted, hit, wanted in ((6, 6, False), (13, 13, True), (13, 30, False)):
        session.execute(sa.update(MailingDomain).values(computed_at=now() - timedelta(hours=counted)))
        hours = sa.update(MailingHour).where(MailingHour.workspace_id == at, MailingHour.opens > 0)
        session.execute(sa.delete(MailingHour).where(MailingHour.workspace_id == at, MailingHour.sent == 0))
        session.execute(hours.values(opens=0))
        hour = (now() - timedelta(hours=hit)).replace(minute=0, second=0, microsecond=0)
        session.add(MailingHour(workspace_id=at, mailing_id=campaign.mailing_id, hour=hour, opens=1))
        session.flush()
        assert (mine in domains.stale()) == wanted, (counted, hit)
        session.expunge_all()


def test_what_is_stale_is_found_without_going_through_all_hours(session: Session) -> None:
    """The plan takes hours by the key of a mailing, however many there are: never a scan of the table."""
    at = a_workspace().id
    ids = [a_mailing(at).id for _ in range(60)]
    hours = """insert into mailing_hours (workspace_id, mailing_id, hour, sent)
    select :at, id, now() - n * interval '1 hour', 1 from unnest(:ids) id, generate_series(1, 336) n"""
    session.execute(sa.text(hours), {"at": at, "ids": ids})
    session.execute(sa.text("analyze mailings, mailing_hours"))
    asked: list[tuple[str, Any]] = []
    sa.event.listen(session.connection(), "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    assert domains.stale() == [(at, mailing_id) for mailing_id in ids]
    statement, values = asked[-1]
    plan = "\n".join(row[0] for row in session.connection().exec_driver_sql(f"explain {statement}", values))
    assert "pk_mailing_hours" in plan
    assert "Seq Scan on mailing_hours" not in plan


@pytest.mark.parametrize(("people", "seconds", "wanted"), [(10, 15, False), (10, 25, True), (100_000, 45, False), (100_000, 55, True)])
def test_a_young_mailing_is_counted_again_soon_and_a_large_one_later(session: Session, people: int, seconds: int, wanted: bool) -> None:
    at = a_workspace().id
    campaign = a_sent_campaign(at, launched_at=now() - timedelta(minutes=1))
    assert campaign.mailing_id is not None
    mail(campaign, customers(at, 10), random.Random(7))
    roll_up(at)
    domains.compute(at, campaign.mailing_id)
    mine = (Mailing.workspace_id == at, Mailing.id == campaign.mailing_id)
    session.execute(sa.update(Mailing).where(*mine).values(opened_at=now() - timedelta(minutes=1)))
    session.execute(sa.delete(MailingTally).where(MailingTally.mailing_id == campaign.mailing_id))
    session.add(MailingTally(mailing_id=campaign.mailing_id, state=0, reason="", n=people))
    session.execute(sa.update(MailingDomain).values(computed_at=now() - timedelta(seconds=seconds)))
    assert ((at, campaign.mailing_id) in domains.stale()) == wanted


def test_people_by_hour_begin_with_sending(session: Session) -> None:
    at, began = a_workspace().id, datetime(2026, 5, 4, 9, tzinfo=UTC)
    mailing = a_mailing(at)
    for hour, sent, opens, clicks in ((-1, 0, 0, 0), (0, 5, 2, 1), (1, 3, 1, 0), (23, 0, 4, 3), (24, 0, 5, 2), (300, 0, 1, 1)):
        row = MailingHour(workspace_id=at, mailing_id=mailing.id, hour=began + timedelta(hours=hour), sent=sent, opens=opens, clicks=clicks)
        session.add(row)
    session.flush()
    found = results.after_sending(at, mailing.id)
    assert (found.opens, found.clicks) == ((2, 1, *[0] * 21, 4), (1, *[0] * 22, 3))
    assert (found.opens_later, found.clicks_later) == (6, 3)
    assert results.after_sending(at, a_mailing(at).id) == results.Hours((0,) * 24, (0,) * 24, 0, 0)


def test_who_did_not_get_it_equals_the_rows(session: Session) -> None:
    at, chance = a_workspace().id, random.Random(8)
    campaign = a_sent_campaign(at)
    assert campaign.mailing_id is not None
    messages = mail(campaign, customers(at, 150), chance)
    messages[0].state, messages[0].sent_at, messages[0].reason = MessageState.PENDING, None, None
    session.flush()
    roll_up(at)
    found = results.reach(campaign.mailing_id)
    slow = Counter((row.state, row.reason or "") for row in raw.rows(Message, at) if row.state in results.NOT_GOT)
    assert {(miss.state, miss.reason): miss.people for miss in found.missed} == slow
    assert (found.all, found.waiting, found.not_got) == (150, 1, slow.total())
    assert [results.NOT_GOT.index(miss.state) for miss in found.missed] == sorted(
        results.NOT_GOT.index(miss.state) for miss in found.missed
    )
    assert len(slow) >= 7


def test_mailings_equal_their_rows_and_strangers_are_not_there(session: Session) -> None:
    at, chance = a_workspace().id, random.Random(9)
    made = [a_sent_campaign(at) for _ in range(2)]
    for campaign in made:
        sales(mail(campaign, customers(at, 30), chance), chance)
    roll_up(at)
    ids = [campaign.mailing_id for campaign in made if campaign.mailing_id is not None]
    found = results.of_mailings(at, ids)
    for ident in ids:
        mine = [row for row in raw.rows(Message, at) if row.mailing_id == ident]
        sent = [row for row in mine if row.sent_at is not None]
        assert found[ident].sent == len(sent)
        assert found[ident].delivered == sum(row.bounced_at is None for row in sent)
        assert found[ident].returned == sum(row.bounced_at is not None for row in mine)
        assert found[ident].tried == len(sent) + sum(row.bounced_at is not None and row.sent_at is None for row in mine)
        assert found[ident].opened == found[ident].opens == sum(row.opened_at is not None for row in sent)
        assert found[ident].revenue == sum(sale.value for sale in raw.rows(Conversion, at) if sale.mailing_id == ident)
    assert results.of_mailings(a_workspace().id, ids) == {}
    assert results.of_mailings(at, []) == {}
    assert Figures() + found[ids[0]] == found[ids[0]]
