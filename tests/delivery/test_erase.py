"""Erasing people: the ledger's rows stay without person and address, and the figures stand."""

from datetime import timedelta

import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.actor import Actor
from app.core.db import any_workspace
from app.core.time import now
from app.customers.service.erase import delete_many
from app.delivery.models import ALL, CaughtMail, Conversion, MailingState, Message, MessageBody, MessageKind, MessageState
from app.delivery.service import credit
from app.delivery.service import hits as hit_service
from app.delivery.service.mailings import tallies_of
from tests.factories.customers import a_customer, an_order
from tests.factories.tracking import a_hit, a_mailing, a_message, acts, counted_raw, hit, kept_figures
from tests.factories.workspaces import workspace

ADA = Actor("Ada Okonkwo")


def test_the_ledger_keeps_its_rows_and_loses_the_people(session: Session) -> None:
    place = workspace().id
    mailing = a_mailing(place, state=MailingState.OPEN)
    gone, stays = a_customer(place), a_customer(place)
    waiting, other = (a_message(mailing, whom, state=MessageState.PENDING, sent_at=None) for whom in (gone, stays))
    sent = a_message(a_mailing(place), gone)
    letter = a_message(a_mailing(place), gone, kind=MessageKind.SYSTEM, state=MessageState.PENDING, sent_at=None)
    hit(sent)
    hit(sent, 1)
    for message in (sent, other):
        caught = {"message_id": message.id, "mailing_id": message.mailing_id, "recipient": "a@b.example", "subject": "Hello", "raw": b""}
        session.add(CaughtMail(workspace_id=place, **caught))
    session.add(MessageBody(message_id=letter.id, sealed="x"))
    figures = kept_figures()
    for _ in range(2):
        delete_many(place, [gone.id], ADA)
    session.expire_all()
    rows = {row.id: row for row in session.scalars(any_workspace(sa.select(Message)))}
    assert [(rows[one].customer_id, rows[one].address) for one in (waiting.id, sent.id, letter.id)] == [(None, None)] * 3
    assert {rows[one].original_customer_id for one in (waiting.id, sent.id, letter.id)} == {waiting.original_customer_id}
    assert (rows[waiting.id].state, rows[waiting.id].reason) == (MessageState.SKIPPED, "erased")
    assert (rows[sent.id].state, rows[letter.id].state, rows[letter.id].reason) == (MessageState.SENT, MessageState.SKIPPED, "erased")
    assert rows[other.id].address == stays.email
    assert tallies_of([mailing.id])[mailing.id] == {(ALL, ""): 2, (int(MessageState.SKIPPED), "erased"): 1}
    assert session.scalars(any_workspace(sa.select(CaughtMail.message_id))).all() == [other.id]
    assert session.scalars(sa.select(MessageBody)).all() == []
    assert (acts(place), kept_figures()) == ([], figures)
    assert mailing.state == MailingState.OPEN


def test_a_mailing_whose_last_waiting_people_are_erased_is_done(session: Session) -> None:
    place = workspace().id
    mailing, whom = a_mailing(place, state=MailingState.OPEN), a_customer(place)
    a_message(mailing, whom, state=MessageState.PENDING, sent_at=None)
    delete_many(place, [whom.id], ADA)
    session.refresh(mailing)
    assert mailing.state == MailingState.DONE


def test_conversions_go_and_the_money_with_them(session: Session) -> None:
    place = workspace().id
    mailing, people = a_mailing(place), [a_customer(place) for _ in range(2)]
    for whom in people:
        hit(a_message(mailing, whom, sent=now() - timedelta(days=2)), 0, at=now() - timedelta(days=1))
        an_order(place, customer_id=whom.id)
    credit.credit(place, [whom.id for whom in people])
    assert sum(n for (_, _, name), n in kept_figures().items() if name == "revenue") == 2_000
    delete_many(place, [people[0].id], ADA)
    assert [row.customer_id for row in session.scalars(any_workspace(sa.select(Conversion)))] == [people[1].id]
    money = {"orders", "revenue", "ordered", "opened", "clicked"}
    ours, raw = ({key: n for key, n in found.items() if key[2] in money} for found in (kept_figures(), counted_raw()))
    assert ours == raw
    assert sum(n for (_, _, name), n in ours.items() if name == "revenue") == 1_000


def test_hits_that_come_after_are_nobodys(session: Session) -> None:
    place = workspace().id
    message = a_message(a_mailing(place))
    late = a_hit(message)
    delete_many(place, [message.original_customer_id or 0], ADA)
    assert hit_service.record([late]) == 0
    assert acts(place) == []
