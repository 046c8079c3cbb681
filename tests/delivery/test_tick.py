"""What a mailer writes in one statement: outcomes, claims, and all that follows from them."""

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.prepared import Alone
from app.core.time import now
from app.customers.models import Activity, Suppression
from app.customers.models.activities import Kind
from app.delivery.mailer.tick import Tick
from app.delivery.models import Mailer, Mailing, MailingDay, MailingHour, MailingTally, Message, MessageBody, MessageKind, MessageState
from app.delivery.service import ledger
from app.delivery.service.ledger import Catch, LeaseLost, Outcome
from tests.factories.customers import a_consent, a_customer
from tests.factories.delivery import a_mailing, a_message
from tests.factories.workspaces import workspace

SENDING, SENT, FAILED, BOUNCED, DOUBT, PENDING = (
    MessageState.SENDING,
    MessageState.SENT,
    MessageState.FAILED,
    MessageState.BOUNCED,
    MessageState.IN_DOUBT,
    MessageState.PENDING,
)


def some(mailing: Mailing, count: int, **values: object) -> list[Message]:
    """Make messages to people who agreed."""
    people = [a_customer(mailing.workspace_id, email=f"p{mailing.id}-{n}@northlight.example") for n in range(count)]
    for one in people:
        a_consent(one, "subscribed")
    return [a_message(mailing, one.id, one.email or "", **values) for one in people]


def tallies(session: Session, mailing: Mailing) -> dict[tuple[int, str], int]:
    query = sa.select(MailingTally).where(MailingTally.mailing_id == mailing.id)
    return {(row.state, row.reason): row.n for row in session.scalars(query.execution_options(populate_existing=True))}


def kinds(session: Session, place: int) -> list[int]:
    return sorted(session.scalars(sa.select(Activity.kind).where(Activity.workspace_id == place)))


def test_outcomes_are_written_with_all_that_follows_from_them(session: Session) -> None:
    place = workspace().id
    mailing, mailer = a_mailing(place), ledger.register("one")
    ours = some(mailing, 9, state=SENDING, mailer_id=mailer)
    theirs = some(a_mailing(place), 1, state=SENDING, mailer_id=ledger.register("two"))[0]
    waiting = some(a_mailing(place), 2)
    ours[1].opened_at = ours[1].clicked_at = now()  # it was in doubt, arrived and was read; a person sent it again
    session.flush()
    given = [
        *(Outcome(row.id, SENT, "250 2.0.0 Ok") for row in ours[:3]),
        Outcome(ours[3].id, FAILED, "554 5.7.1 Not from you 4711"),
        Outcome(ours[4].id, FAILED, "554 5.7.1 Not from you 4712"),
        Outcome(ours[5].id, BOUNCED, "550 5.1.1 Unknown"),
        Outcome(ours[6].id, DOUBT, "The connection ended before the reply."),
        Outcome(ours[7].id, PENDING, "451 4.3.0 Later", 60.0),
        Outcome(theirs.id, SENT, "250 2.0.0 Ok"),
        Outcome(waiting[0].id, BOUNCED, "550 5.1.1 Unknown", claimed=False),
        Outcome(waiting[1].id, SENT, "250 2.0.0 Ok"),  # nobody claimed it
    ]
    assert ledger.tick(mailer, given, ()) == set()
    session.expire_all()
    assert [row.state for row in ours] == [SENT, SENT, SENT, FAILED, FAILED, BOUNCED, DOUBT, PENDING, SENDING]
    assert (theirs.state, waiting[0].state, waiting[1].state) == (SENDING, BOUNCED, PENDING)
    assert ours[7].due_at is not None
    assert (ours[7].due_at - now()).total_seconds() == pytest.approx(60, abs=5)
    assert [row.attempts for row in ours] == [1] * 8 + [0]
    assert tallies(session, mailing) == {(SENT, ""): 3, (FAILED, "554 5.7.1"): 2, (BOUNCED, "550 5.1.1"): 1, (DOUBT, ""): 1}
    hours = session.scalars(sa.select(MailingHour).where(MailingHour.workspace_id == place).order_by(MailingHour.mailing_id)).all()
    assert [(h.mailing_id, h.sent, h.refused, h.opened, h.clicked, h.ordered) for h in hours] == [
        (mailing.id, 3, 1, 1, 1, 0),
        (waiting[0].mailing_id, 0, 1, 0, 0, 0),
    ]
    days = session.scalars(sa.select(MailingDay).where(MailingDay.workspace_id == place).order_by(MailingDay.mailing_id)).all()
    assert [(d.mailing_id, d.sent, d.refused, d.opened, d.clicked, d.ordered) for d in days] == [
        (mailing.id, 3, 1, 1, 1, 0),
        (waiting[0].mailing_id, 0, 1, 0, 0, 0),
    ]
    assert [d.day for d in days] == [h.hour.date() for h in hours]
    assert all(h.hour.replace(minute=0, second=0, microsecond=0) == h.hour for h in hours)
    assert kinds(session, place) == sorted([Kind.SENT] * 3 + [Kind.BOUNCED] * 2)
    barred = session.scalars(sa.select(Suppression.email).where(Suppression.workspace_id == place))
    assert set(barred) == {ours[5].address, waiting[0].address}


def test_the_same_outcome_twice_counts_once(session: Session) -> None:
    mailing, mailer = a_mailing(workspace().id), ledger.register("one")
    row = some(mailing, 1, state=SENDING, mailer_id=mailer)[0]
    for _ in range(2):
        ledger.tick(mailer, [Outcome(row.id, SENT, "250 Ok")], ())
    assert tallies(session, mailing) == {(SENT, ""): 1}


def test_a_lost_lease_writes_and_claims_nothing(session: Session) -> None:
    mailing, mailer = a_mailing(workspace().id), ledger.register("one")
    sent, wanted = some(mailing, 1, state=SENDING, mailer_id=mailer)[0], some(a_mailing(mailing.workspace_id), 1)[0]
    session.execute(sa.update(Mailer).where(Mailer.id == mailer).values(lost_at=now()))
    with pytest.raises(LeaseLost):
        ledger.tick(mailer, [Outcome(sent.id, SENT, "250 Ok")], [wanted.id])
    session.expire_all()
    assert (sent.state, wanted.state) == (SENDING, PENDING)
    assert tallies(session, mailing) == {}


def test_the_words_of_a_letter_are_forgotten_once_it_is_over(session: Session) -> None:
    mailing, mailer = a_mailing(workspace().id), ledger.register("one")
    over, later = (a_message(mailing, state=SENDING, mailer_id=mailer, kind=MessageKind.SYSTEM) for _ in range(2))
    session.add_all(MessageBody(message_id=row.id, sealed="sealed") for row in (over, later))
    session.flush()
    ledger.tick(mailer, [Outcome(over.id, SENT, "250 Ok"), Outcome(later.id, PENDING, "451 Later", 60.0)], ())
    assert list(session.scalars(sa.select(MessageBody.message_id))) == [later.id]
    assert tallies(session, mailing) == {}


@pytest.mark.committed
def test_alone_it_is_committed_at_once(session: Session) -> None:
    mailing, mailer = a_mailing(workspace().id), ledger.register("one")
    row = some(mailing, 1)[0]
    session.commit()
    alone = Alone()
    assert ledger.tick(mailer, [], [row.id], alone) == {row.id}
    assert ledger.tick(mailer, [Outcome(row.id, SENT, "250 Ok")], [], alone) == set()
    alone.close()
    session.rollback()
    assert (row.state, tallies(session, mailing)) == (SENT, {(SENT, ""): 1})


@pytest.mark.parametrize(
    ("more", "plain"),
    [
        ({}, True),
        ({"outcomes": [Outcome(1, SENT)]}, True),
        ({"outcomes": [Outcome(1, SENT), Outcome(2, BOUNCED)]}, False),
        ({"ready": {7: [1]}, "limits": {8: 1}}, True),
        ({"ready": {7: [1]}, "limits": {7: 1}}, False),
        ({"caught": [Catch(1, "Hello", b"")]}, False),
        ({"holds": {7}}, False),
        ({"frees": {7}}, False),
        ({"problems": {7: "It refuses our login."}}, False),
    ],
)
def test_only_outcomes_and_claims_go_alone(more: dict[str, object], plain: bool) -> None:
    empty = {"outcomes": [], "ready": {}, "limits": {}, "caught": [], "holds": set(), "frees": set(), "problems": {}}
    assert Tick(**empty | more).plain is plain  # type: ignore[arg-type]
