"""Whom the check before launch counts, the claim takes and the sandbox catches: written twice in SQL, and the same people."""

import itertools
import zlib
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.customers.models import Consent, Customer
from app.delivery.models import Mailing, Message, MessageState, Skip
from app.delivery.queries import eligibility
from app.delivery.service import ledger, mailings
from tests.factories.customers import a_consent, a_customer, a_suppression, a_topic
from tests.factories.delivery import a_mailing, a_message
from tests.factories.workspaces import workspace

STATES = (None, "pending", "subscribed", "unsubscribed")
BARRED = ("no", "yes", "other case", "elsewhere", "somebody else")
WHOLE, TOPIC, OTHER = "the channel", "the topic", "another topic"


def somebody(workspace_id: int, elsewhere: int, name: str, consents: dict[int, str | None], barred: str) -> Customer:
    """Make a customer with these consents by topic, and a suppression where asked for."""
    customer = a_customer(workspace_id, email=f"{name.upper() if barred == 'other case' else name}@Northlight.example")
    for topic_id, state in consents.items():
        if state is not None:
            a_consent(customer, state, topic_id=topic_id)
    address = f"{'not' if barred == 'somebody else' else ''}{name}@northlight.example"
    if barred != "no":
        a_suppression(elsewhere if barred == "elsewhere" else workspace_id, address)
    return customer


@pytest.fixture
def everybody(session: Session) -> tuple[int, dict[str, int], list[Customer]]:
    """A workspace with topics, and a customer of each kind: consents to channel, topic and another topic, suppression. Elsewhere live others."""
    place, elsewhere = workspace().id, workspace().id
    topics = {WHOLE: 0, TOPIC: a_topic(place, "News").id, OTHER: a_topic(place, "Sales").id}
    kinds = itertools.chain(
        itertools.product(STATES, STATES, (None,), BARRED), itertools.product(STATES, STATES, ("subscribed", "unsubscribed"), ("no",))
    )
    people = []
    for n, (channel, topic, other, barred) in enumerate(kinds):
        consents = {topics[WHOLE]: channel, topics[TOPIC]: topic, topics[OTHER]: other}
        people.append(somebody(place, elsewhere, f"p{n}", consents, barred))
        if channel is None:
            a_consent(people[-1], ("subscribed", "unsubscribed")[n % 2], channel="sms")
    for state in ("subscribed", "unsubscribed"):  # a row of another workspace that names a customer of this one: nobody's consent here
        stray = a_customer(place, email=f"stray-{state}@northlight.example")
        session.add(
            Consent(workspace_id=elsewhere, customer_id=stray.id, channel="email", state=state, source="test", occurred_at=sa.func.now())
        )
        people.append(stray)
    session.flush()
    return place, topics, people


def expected(workspace_id: int, people: list[Customer], topic_id: int) -> dict[int, str | None]:
    """Return what the check before launch says of each."""
    ids = sa.select(Customer.id).where(Customer.workspace_id == workspace_id)
    found = {row.id: row.reason for row in eligibility.session().execute(eligibility.people(workspace_id, ids, topic_id))}
    assert found.keys() == {one.id for one in people}
    assert eligibility.count(workspace_id, ids, topic_id) == Counter(found.values())
    return found


def waiting(mailing: Mailing, people: list[Customer]) -> dict[int, Message]:
    """Let all of them wait, as if each might have been written to at the freeze."""
    return {one.id: a_message(mailing, one.id, one.email or "") for one in people}


def outcome(session: Session, rows: dict[int, Message]) -> dict[int, Any]:
    """Return what became of them: None for who was taken, else the reason."""
    for row in rows.values():
        session.refresh(row)
    assert {row.state for row in rows.values()} <= {MessageState.SENDING, MessageState.SENT, MessageState.SKIPPED}
    return {ident: row.reason if row.state == MessageState.SKIPPED else None for ident, row in rows.items()}


@pytest.mark.parametrize("about", [WHOLE, TOPIC])
def test_whoever_will_receive_by_the_check_is_taken_and_the_others_are_skipped_for_the_same_reason(
    session: Session, everybody: tuple[int, dict[str, int], list[Customer]], about: str
) -> None:
    place, topics, people = everybody
    says = expected(place, people, topics[about])
    assert set(says.values()) == {None, Skip.SUPPRESSED, Skip.UNSUBSCRIBED, Skip.NO_CONSENT}
    mailer = ledger.register("test")
    claimed = waiting(a_mailing(place, topic_id=topics[about]), people)
    ids = [row.id for row in claimed.values()]
    taken = ledger.tick(mailer, [], ids)
    ledger.skip(set(ids) - taken)
    assert taken == {claimed[ident].id for ident, reason in says.items() if reason is None}
    assert outcome(session, claimed) == says
    caught = waiting(a_mailing(place, topic_id=topics[about]), people)
    ledger.catch([ledger.Catch(row.id, "Hello", zlib.compress(b"Hello")) for row in caught.values()])
    assert outcome(session, caught) == says
    frozen = a_mailing(place, topic_id=topics[about])
    new = mailings.add_people(place, frozen.id, sa.select(Customer.id).where(Customer.workspace_id == place))
    assert new == Counter(says.values())


def test_what_changes_after_the_freeze_is_seen_by_the_claim(session: Session) -> None:
    place = workspace().id
    people = [a_customer(place, email=f"p{n}@northlight.example") for n in range(4)]
    for one in people:
        a_consent(one, "subscribed")
    rows = waiting(a_mailing(place), people)
    stays, leaves, barred, erased = people
    session.execute(sa.update(Consent).where(Consent.workspace_id == place, Consent.customer_id == leaves.id).values(state="unsubscribed"))
    a_suppression(place, barred.email or "")
    rows[erased.id].customer_id = None
    session.flush()
    ids = [row.id for row in rows.values()]
    ledger.skip(set(ids) - ledger.tick(ledger.register("test"), [], ids))
    assert outcome(session, rows) == {stays.id: None, leaves.id: Skip.UNSUBSCRIBED, barred.id: Skip.SUPPRESSED, erased.id: Skip.ERASED}
