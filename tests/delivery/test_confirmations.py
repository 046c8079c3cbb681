"""Double opt-in: a letter asks, a click of a person is the consent, and an old or foreign link is none."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.actor import Actor
from app.core.security import sign_link
from app.customers.events import ConsentChanged
from app.customers.models import ConsentLog, Customer
from app.customers.schemas.customers import ConsentGiven
from app.customers.service.consent import set_consent
from app.delivery.handlers import ask_for_confirmation
from app.delivery.queries.consent import state_of
from tests.delivery.test_account_letters import letters, link_in
from tests.factories.customers import a_consent, a_customer, a_suppression, a_topic
from tests.factories.delivery import a_sender
from tests.factories.workspaces import workspace

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def waiting(session: Session) -> Customer:
    """A customer of a workspace with a sender, whose consent waits for them."""
    place = workspace("Northlight")
    a_sender(place.id)
    customer = a_customer(place.id, email="ada@northlight.example")
    a_consent(customer, "pending")
    return customer


def asked(session: Session, customer: Customer, topic_id: int = 0, state: str = "pending", channel: str = "email") -> list[str]:
    """Tell that the consent changed, and return the links that were mailed since the beginning."""
    ask_for_confirmation(ConsentChanged(customer.workspace_id, customer.id, channel, topic_id, state))
    return [link_in(words) for _, words in letters(session, customer.workspace_id)]


def how(customer: Customer, topic_id: int = 0) -> str | None:
    return state_of(customer.workspace_id, customer.id, topic_id)


def test_only_the_click_of_a_person_is_the_consent(session: Session, client: FlaskClient, waiting: Customer) -> None:
    (link,) = asked(session, waiting)
    page = client.get(link)
    assert "Do you want mail from Northlight?" in page.get_data(as_text=True)
    assert client.head(link).status_code == 200
    assert ("Set-Cookie" in page.headers, how(waiting)) == (False, "pending")
    done = client.post(link, environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
    assert "Thank you, it is confirmed" in done.get_data(as_text=True)
    assert how(waiting) == "subscribed"
    client.post(link)
    entry = session.scalars(sa.select(ConsentLog).where(ConsentLog.workspace_id == waiting.workspace_id)).one()
    assert (entry.source, entry.basis, entry.address) == ("double opt-in", "consent", "203.0.113.7")
    assert entry.wording == "Yes, write to me: mail from Northlight"


def test_a_topic_is_named_and_confirmed_alone(session: Session, client: FlaskClient, waiting: Customer) -> None:
    topic = a_topic(waiting.workspace_id, "Trail <news>")
    a_consent(waiting, "pending", topic_id=topic.id)
    (link,) = asked(session, waiting, topic.id)
    assert "Do you want “Trail &lt;news&gt;” from Northlight?" in client.get(link).get_data(as_text=True)
    client.post(link)
    assert (how(waiting, topic.id), how(waiting)) == ("subscribed", "pending")


def test_a_link_is_over_after_thirty_days_for_who_left_and_for_another_address(
    session: Session, client: FlaskClient, waiting: Customer
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        (link,) = asked(session, waiting)
        clock.shift(timedelta(days=30))
        assert client.get(link).status_code == 200
        clock.shift(1)
        for answer in (client.get(link), client.post(link)):
            assert (answer.status_code, "leads nowhere any more" in answer.get_data(as_text=True)) == (404, True)
        clock.shift(-timedelta(days=1))
        waiting.email = "grace@northlight.example"
        assert client.post(link).status_code == 404
        waiting.email = "ada@northlight.example"
        set_consent(waiting.workspace_id, [waiting.id], ConsentGiven(state="unsubscribed"), Actor.system("test"))
        assert client.post(link).status_code == 404
    assert how(waiting) == "unsubscribed"


@pytest.mark.parametrize("token", ["x", "k1.x.y", "", "confirm"])
def test_a_link_of_others_is_none(client: FlaskClient, token: str) -> None:
    signed = sign_link(b"view.1.2.3.4") if token == "confirm" else token
    asked = client.get(f"/confirm/{signed}")
    assert (asked.status_code, "This link is not complete" in asked.text) == (404, bool(token))
    assert client.post(f"/confirm/{signed}").status_code == 404


def test_nobody_is_asked_needlessly(session: Session, waiting: Customer) -> None:
    assert asked(session, waiting, state="subscribed") == []
    assert asked(session, waiting, channel="sms") == []
    assert asked(session, waiting, topic_id=99) == []
    a_suppression(waiting.workspace_id, "ada@northlight.example")
    assert asked(session, waiting) == []
    lonely = a_customer(workspace().id)
    a_consent(lonely, "pending")
    assert asked(session, lonely) == []
    odd = a_customer(waiting.workspace_id, email="odd address@x")
    a_consent(odd, "pending")
    assert asked(session, odd) == []
