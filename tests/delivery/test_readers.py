"""Unsubscribing by the link of a message: the page, mail programs, and taking it back."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.db import any_workspace, find
from app.core.time import now
from app.customers.models import Consent, ConsentLog, Customer, CustomerStats, Kind
from app.delivery.models import Mailing, MailingContent, Message, MessageKind
from app.delivery.tokens import Signer
from app.events.models import Outbox
from tests.factories.customers import a_consent, a_customer, a_topic
from tests.factories.tracking import a_mailing, a_message, acts, counted_raw, kept_figures, signer
from tests.factories.workspaces import workspace
from tests.support import counted

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def a_letter(topic: str | None = None, **values: Any) -> tuple[Message, Mailing]:
    """Return a message to somebody who agreed, of a mailing with or without a topic."""
    place = workspace().id
    mailing = a_mailing(place, topic_id=a_topic(place, topic).id if topic else 0)
    whom = a_customer(place, email="ada@example.com")
    a_consent(whom, moment=now() - timedelta(days=9))
    return a_message(mailing, whom, **values), mailing


def path_of(message: Message) -> str:
    return signer().unsubscribe_url(message.id)


def consents(session: Session, message: Message) -> dict[int, str]:
    rows = session.scalars(
        any_workspace(sa.select(Consent).where(Consent.customer_id == message.original_customer_id)).execution_options(
            populate_existing=True
        )
    )
    return {row.topic_id: row.state for row in rows}


def news(session: Session, name: str) -> list[dict[str, Any]]:
    return [row.payload for row in session.scalars(any_workspace(sa.select(Outbox).where(Outbox.name == name).order_by(Outbox.created_at)))]


def test_the_page_has_one_button_and_changes_nothing(client: FlaskClient, session: Session) -> None:
    message, _ = a_letter()
    for method in ("GET", "HEAD", "GET"):
        answer = client.open(path_of(message), method=method)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.text.count("<button") == 1
    assert "One more click, and a•••@example.com gets no more mail of Northlight." in answer.text
    assert "ada@" not in answer.text
    assert consents(session, message) == {0: "subscribed"}
    assert acts(message.workspace_id) == []


@pytest.mark.parametrize("form", [ONE_CLICK, {"what": "all"}, {"what": "topic"}, {}], ids=["one click", "all", "no topic", "nothing said"])
def test_a_post_unsubscribes_without_login_or_cookie(client: FlaskClient, session: Session, form: dict[str, str]) -> None:
    message, mailing = a_letter()
    answer = client.post(path_of(message), data=form, environ_base={"REMOTE_ADDR": "192.0.2.44"})
    assert (answer.status_code, "You are unsubscribed" in answer.text, "Set-Cookie" in answer.headers) == (200, True, False)
    assert consents(session, message) == {0: "unsubscribed"}
    act = acts(message.workspace_id)[0]
    assert [(act.kind, act.customer_id, act.source_id, act.data) for act in acts(message.workspace_id)] == [
        (Kind.UNSUBSCRIBED, message.customer_id, mailing.source_id, {"message": message.id, "topic": 0, "before": "subscribed"})
    ]
    log = session.scalars(any_workspace(sa.select(ConsentLog))).one()
    assert (log.state, log.source, log.address, log.wording, log.by) == (
        "unsubscribed", "unsubscribe link", "192.0.2.44", "Unsubscribe from all mail of Northlight", "Unsubscribe link")  # fmt: skip
    session.refresh(message)
    assert message.unsubscribed_at == act.occurred_at
    assert kept_figures() == counted_raw()
    assert [news["customer_id"] for news in news(session, "CustomerUnsubscribed")] == [message.customer_id]
    assert len(news(session, "ConsentChanged")) == 1
    seen = session.scalar(any_workspace(sa.select(CustomerStats.last_activity_at).where(CustomerStats.customer_id == message.customer_id)))
    assert seen == act.occurred_at


def test_a_repeat_says_the_same_and_changes_nothing(client: FlaskClient, session: Session) -> None:
    message, _ = a_letter()
    said = [client.post(path_of(message), data=ONE_CLICK).text for _ in range(3)]
    assert said == [said[0]] * 3
    assert client.get(path_of(message)).text == said[0]
    assert len(acts(message.workspace_id)) == len(news(session, "CustomerUnsubscribed")) == 1
    assert kept_figures() == counted_raw()


def test_a_mail_about_a_topic_offers_the_topic_or_all(client: FlaskClient, session: Session) -> None:
    message, mailing = a_letter("Offers")
    page = client.get(path_of(message)).text
    assert ("All mail of Northlight" in page, page.count('type="radio"'), page.count("<button")) == (True, 2, 1)
    done = client.post(path_of(message), data=ONE_CLICK).text
    assert "gets no more of “Offers” of Northlight" in done
    assert consents(session, message) == {0: "subscribed", mailing.topic_id: "unsubscribed"}
    assert "Leave all mail too" in done
    done = client.post(path_of(message), data={"what": "all"}).text
    assert ("gets no more mail of Northlight" in done, "Leave all mail too" in done) == (True, False)
    assert consents(session, message) == {0: "unsubscribed", mailing.topic_id: "unsubscribed"}
    assert [act.data["topic"] for act in acts(message.workspace_id)] == [mailing.topic_id, 0]  # type: ignore[index]
    assert kept_figures() == counted_raw()


def test_it_can_be_taken_back(client: FlaskClient, session: Session) -> None:
    message, mailing = a_letter()
    client.post(path_of(message), data=ONE_CLICK)
    back = client.post(path_of(message), data={"undo": "1"})
    assert "You are subscribed again" in back.text
    assert consents(session, message) == {0: "subscribed"}
    assert [(act.kind, act.source_id) for act in acts(message.workspace_id)] == [
        (Kind.UNSUBSCRIBED, mailing.source_id), (Kind.SUBSCRIBED, mailing.source_id)]  # fmt: skip
    session.refresh(message)
    assert message.unsubscribed_at is None
    assert kept_figures() == counted_raw()
    assert "<button" in client.get(path_of(message)).text
    client.post(path_of(message), data=ONE_CLICK)
    assert consents(session, message) == {0: "unsubscribed"}
    assert kept_figures() == counted_raw()


def test_taking_back_gives_no_consent_that_was_not_there(client: FlaskClient, session: Session) -> None:
    message, mailing = a_letter("Offers")
    session.execute(sa.delete(Consent).where(Consent.workspace_id == message.workspace_id))
    whom = session.scalars(sa.select(Customer).where(Customer.workspace_id == message.workspace_id)).one()
    a_consent(whom, topic_id=mailing.topic_id, moment=now() - timedelta(days=1))
    client.post(path_of(message), data={"what": "all"})
    client.post(path_of(message), data={"undo": "1"})
    assert consents(session, message) == {0: "pending", mailing.topic_id: "subscribed"}


def test_undo_takes_back_only_what_this_message_did(client: FlaskClient, session: Session) -> None:
    message, mailing = a_letter()
    another = a_message(a_mailing(mailing.workspace_id), find(Customer, message.workspace_id, message.customer_id or 0))
    client.post(path_of(another), data=ONE_CLICK)
    assert "You are unsubscribed" in client.post(path_of(message), data={"undo": "1"}).text
    assert consents(session, message) == {0: "unsubscribed"}
    session.refresh(message)
    assert message.unsubscribed_at is None


def test_strange_tokens_are_not_there(client: FlaskClient) -> None:
    message, _ = a_letter()
    strange = Signer({"k1": "another key than ours " * 2}).unsubscribe_url(message.id)
    for path in ("/u/x", path_of(message)[:-1], strange, signer().open_url(message.id).replace("/o/", "/u/"), "/u/" + "é" * 20):
        answers = [client.open(path, method=method) for method in ("GET", "HEAD", "POST")]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert "This link is not complete" in answers[0].text
        assert "overview" not in answers[0].text  # whoever reads it knows nothing of the pages of Fairlead


@pytest.mark.parametrize("what", ["erased", "unknown", "test", "system"])
def test_where_there_is_nobody_left_a_friendly_page_says_so(client: FlaskClient, session: Session, what: str) -> None:
    kinds = {"test": MessageKind.TEST, "system": MessageKind.SYSTEM}
    message, _ = a_letter(kind=kinds.get(what, MessageKind.BULK))
    path = signer().unsubscribe_url(10**12) if what == "unknown" else path_of(message)
    if what == "erased":
        message.customer_id = message.address = None
    for method in ("GET", "POST"):
        answer = client.open(path, method=method, data=ONE_CLICK if method == "POST" else None)
        assert (answer.status_code, "Nothing to unsubscribe from" in answer.text, "<button" in answer.text) == (200, True, False)
    assert consents(session, message) == {0: "subscribed"}


def test_a_topic_that_is_gone_leaves_all_mail(client: FlaskClient, session: Session) -> None:
    message, mailing = a_letter()
    mailing.topic_id = 10**9
    assert "gets no more mail of Northlight" in client.post(path_of(message), data=ONE_CLICK).text
    assert consents(session, message) == {0: "unsubscribed"}


def test_the_page_costs_two_reads_and_looks_at_no_session(client: FlaskClient) -> None:
    message, _ = a_letter()
    client.set_cookie("fairlead", "not-looked-at")
    path = path_of(message)
    with counted() as statements:
        client.get(path)
    assert len(statements) == 2


def view_of(message: Message) -> str:
    return signer().view_url(message.id)


def words(session: Session, mailing: Mailing, **values: Any) -> None:
    update = sa.update(MailingContent).where(MailingContent.workspace_id == mailing.workspace_id, MailingContent.mailing_id == mailing.id)
    session.execute(update.values(**values))


def test_the_web_version_is_the_mail_of_this_person_behind_a_wall(client: FlaskClient, session: Session) -> None:
    message, mailing = a_letter()
    whom = find(Customer, message.workspace_id, message.customer_id or 0)
    assert whom is not None
    whom.first_name = "<b>Ada"
    body = '<p>Hello {{ customer.first_name }} of {{ brand.name }}, {{ campaign.name }}: <a href="https://shop.example/a?b=1&amp;c=2">look</a></p>'
    words(session, mailing, body=body)
    client.set_cookie("fairlead", "not-looked-at")
    answer = client.get(view_of(message))
    assert (answer.status_code, "Set-Cookie" in answer.headers, answer.headers["X-Robots-Tag"]) == (200, False, "noindex, nofollow")
    wall = answer.headers["Content-Security-Policy"]
    assert (wall.startswith("sandbox "), "allow-scripts" in wall, "allow-same-origin" in wall, "form-action 'none'" in wall) == (
        True,
        False,
        False,
        True,
    )
    assert f"Hello &lt;b&gt;Ada of Northlight, {mailing.name}:" in answer.text
    found = {href.removeprefix("http://localhost") for href in re.findall(r'(?:href|src)="([^"]+)"', answer.text)}
    assert found == {
        signer().click_url(message.id, 0, "https://shop.example/a?b=1&c=2"), signer().open_url(message.id), signer().unsubscribe_url(message.id)
    }  # fmt: skip
    assert client.get(signer().click_url(message.id, 0, "https://shop.example/a?b=1&c=2")).location == "https://shop.example/a?b=1&c=2"
    assert client.head(view_of(message)).data == b""


@pytest.mark.parametrize("what", ["erased", "unknown", "test", "broken", "no words"])
def test_where_there_is_no_web_version_a_friendly_page_says_so(client: FlaskClient, session: Session, what: str) -> None:
    message, mailing = a_letter(kind=MessageKind.TEST if what == "test" else MessageKind.BULK)
    if what == "erased":
        message.customer_id = message.address = None
    if what == "broken":
        words(session, mailing, body="{% for a in customer.tags %}")
    if what == "no words":
        session.execute(sa.delete(MailingContent).where(MailingContent.workspace_id == mailing.workspace_id))
    answer = client.get(signer().view_url(10**12) if what == "unknown" else view_of(message))
    assert (answer.status_code, "cannot be shown any more" in answer.text) == (200, True)


def test_strange_tokens_show_nothing(client: FlaskClient) -> None:
    message, _ = a_letter()
    for path in ("/v/x", view_of(message)[:-1], path_of(message).replace("/u/", "/v/")):
        answer = client.get(path)
        assert (answer.status_code, "This link is not complete" in answer.text) == (404, True)
    assert client.post(view_of(message)).status_code == 405
