"""Senders: passwords that stay where they belong, one default, none deleted while in use; the same through pages and API."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.actor import Actor
from app.core.errors import Conflict, Invalid, NotFound
from app.core.security import unseal
from app.core.time import now
from app.delivery.models import MailingState, MessageBody, MessageState, Sender, SenderPace
from app.delivery.queries import senders as queries
from app.delivery.schemas.senders import SenderIn, SenderPatch
from app.delivery.service import senders
from app.delivery.service.letters import Letter, queue_letter
from app.workspaces import service as workspaces
from app.workspaces.schemas import WorkspaceIn
from tests.delivery.servers import LOGIN, PASSWORD, a_server
from tests.factories.auth import signed_in
from tests.factories.delivery import a_mailing, a_message, a_sender
from tests.factories.workspaces import workspace

BY = Actor.system("test")
GIVEN = {"name": "Post", "host": "mail.northlight.example", "from_email": "hello@northlight.example"}
FULL = GIVEN | {"username": "fairlead", "password": " open sesame "}


@pytest.fixture
def workspace_id(session: Session) -> int:
    return workspace().id


def made(workspace_id: int, **says: Any) -> Sender:
    return senders.create(workspace_id, SenderIn.model_validate(FULL | says), BY)


def changed(row: Sender, **says: Any) -> Sender:
    return senders.update(row.workspace_id, row.id, SenderPatch.model_validate(says), BY)


def test_a_password_is_sealed_and_goes_nowhere_but_to_its_host(session: Session, workspace_id: int) -> None:
    row = made(workspace_id)
    assert (row.port, row.tls, row.version, row.is_default) == (587, "starttls", 1, True)
    assert "sesame" not in (row.password or "")
    assert unseal(row.password or "") == " open sesame "
    changed(row, name="Post office", username="another", port=2525, tls="tls", host="MAIL.northlight.example.")
    assert (row.name, row.port, row.host, unseal(row.password or "")) == ("Post office", 2525, "mail.northlight.example", " open sesame ")
    assert row.version == 2
    changed(row, host="mail.evil.example")
    assert row.password is None
    changed(row, host="mail.other.example", password="new")
    assert unseal(row.password or "") == "new"
    with pytest.raises(Invalid) as no:
        changed(row, tls="none")
    assert list(no.value.errors) == ["tls"]
    session.rollback()


def test_no_encryption_must_be_meant_and_drops_the_password(session: Session, workspace_id: int) -> None:
    row = made(workspace_id)
    changed(row, tls="none", unencrypted=True)
    assert (row.tls, row.password) == ("none", None)
    changed(row, name="Still readable")
    assert made(workspace_id, name="Here", host="127.0.0.1", tls="none").port == 25


@pytest.mark.parametrize(
    ("says", "field"),
    [
        ({"host": None}, "host"),
        ({"host": "https://mail.northlight.example"}, "host"),
        ({"host": "mail.northlight.example:587"}, "host"),
        ({"host": "a..b"}, "host"),
        ({"host": "10.0.0.1"}, "host"),
        ({"host": "169.254.169.254"}, "host"),
        ({"host": "[fd00::1]"}, "host"),
        ({"port": 0}, "port"),
        ({"port": 65536}, "port"),
        ({"per_second": 0}, "per_second"),
        ({"per_second": 10001}, "per_second"),
        ({"connections": 0}, "connections"),
        ({"connections": 101}, "connections"),
        ({"tls": "ssl"}, "tls"),
        ({"tls": "none"}, "tls"),
        ({"from_email": "hello"}, "from_email"),
        ({"from_name": "Eve\r\nBcc: all@evil.example"}, "from_name"),
        ({"name": "a\nb"}, "name"),
        ({"reply_to": "x@y@z"}, "reply_to"),
        ({"username": None}, "username"),
        ({"brand_id": 2**40}, "brand_id"),
        ({"kind": "sandbox"}, "kind"),
    ],
)
def test_what_does_not_fit_is_named(session: Session, client: FlaskClient, says: dict[str, Any], field: str) -> None:
    answer = signed_in(client).call("POST", "/api/v1/senders", FULL | says)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_one_sender_is_the_default(session: Session, workspace_id: int) -> None:
    one, two, three = made(workspace_id), made(workspace_id, name="Two", is_default=True), made(workspace_id, name="Three")
    session.refresh(one)
    assert [one.is_default, two.is_default, three.is_default] == [False, True, False]
    with pytest.raises(Invalid):
        changed(two, is_default=False)
    changed(three, is_default=True)
    assert queries.find_default(workspace_id) is three
    senders.delete(workspace_id, three.id, BY)
    assert queries.find_default(workspace_id) is one
    with pytest.raises(Invalid, match="name"):
        made(workspace_id, name="TWO")
    assert made(workspace_id, name="Three").id != three.id


def test_a_sender_in_use_stays_and_a_deleted_one_is_forgotten(session: Session, workspace_id: int) -> None:
    row = made(workspace_id)
    mailing = a_mailing(workspace_id, row.id, name="Spring sale")
    letter = queue_letter(workspace_id, "ada@northlight.example", Letter("Hi", "", "Hi"))
    with pytest.raises(Conflict, match="in use: Spring sale"):
        senders.delete(workspace_id, row.id, BY)
    mailing.state = MailingState.DONE
    senders.delete(workspace_id, row.id, BY)
    assert (row.password, row.username, row.is_default, row.archived_at is None) == (None, None, False, False)
    assert session.get(MessageBody, letter) is None
    stood = session.execute(sa.text("select state, reason from messages where id = :id"), {"id": letter}).one()
    assert tuple(stood) == (MessageState.SKIPPED, "cancelled")
    for act in (lambda: changed(row, name="x"), lambda: senders.delete(workspace_id, row.id, BY)):
        with pytest.raises(NotFound):
            act()
    assert list(queries.list_senders(workspace_id)) == []


def test_a_sandbox_is_made_with_its_sender_and_takes_no_other(session: Session) -> None:
    place = workspaces.create(WorkspaceIn(name="Play ground", sandbox=True), BY)
    (row,) = queries.list_senders(place.id)
    assert (row.kind, row.is_default, row.from_email, row.from_name) == ("sandbox", True, f"hello@{place.slug}.example", "Play ground")
    assert session.scalars(sa.select(SenderPace.sender_id).where(SenderPace.workspace_id == place.id)).all() == [row.id]
    with pytest.raises(Conflict):
        made(place.id)
    with pytest.raises(Conflict):
        senders.delete(place.id, row.id, BY)
    with pytest.raises(Invalid) as no:
        changed(row, host="mail.northlight.example")
    assert list(no.value.errors) == ["host"]
    session.expire(row)
    changed(row, from_name="Northlight", per_second=100)
    assert (row.from_name, row.per_second) == ("Northlight", 100)
    assert list(queries.list_senders(workspaces.create(WorkspaceIn(name="Real"), BY).id)) == []


def test_the_api_tells_all_but_the_password(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client)
    answer = browser.call("POST", "/api/v1/senders", FULL)
    assert answer.status_code == 201
    told = answer.json
    assert (told["has_password"], told["kind"], told["rate"], told["held_until"]) == (True, "smtp", 0.0, None)
    assert "password" not in told
    mailing = a_mailing(browser.workspace_id, told["id"])
    for _ in range(3):
        a_message(mailing, state=MessageState.SENT, sent_at=now())
    assert browser.call("GET", f"/api/v1/senders/{told['id']}").json["rate"] == 0.05
    assert [row["id"] for row in browser.call("GET", "/api/v1/senders").json["items"]] == [told["id"]]
    assert browser.call("PATCH", f"/api/v1/senders/{told['id']}", {"per_second": 50}).json["per_second"] == 50
    assert browser.call("DELETE", f"/api/v1/senders/{told['id']}").status_code == 409
    mailing.state = MailingState.DONE
    session.flush()
    assert browser.call("DELETE", f"/api/v1/senders/{told['id']}").status_code == 204
    assert browser.call("GET", f"/api/v1/senders/{told['id']}").status_code == 404
    noted = session.execute(sa.text("select action, after from audit_log where subject_kind = 'sender' order by id")).all()
    assert [row[0] for row in noted] == ["sender.created", "sender.updated", "sender.deleted"]
    assert "sesame" not in str(noted)


def test_a_test_sets_right_or_wrong_what_the_sender_says_of_itself(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client)
    with a_server() as (caught, port):
        says = {"host": "localhost", "port": port, "tls": "none", "username": LOGIN, "password": "wrong"}
        row = made(browser.workspace_id, **says)
        answer = browser.call("POST", f"/api/v1/senders/{row.id}/test", {})
        assert (answer.json["ok"], answer.json["steps"][-1]["text"]) == (False, "localhost refuses our password (535 5.7.8).")
        session.refresh(row)
        assert (row.problem, row.tested_at) == ("localhost refuses our password (535 5.7.8).", row.problem_at)
        page = browser.get("/settings/senders").get_data(as_text=True)
        assert "localhost refuses our password (535 5.7.8)." in page
        assert "Correct it" in page
        session.execute(
            sa.update(SenderPace)
            .where(SenderPace.workspace_id == browser.workspace_id)
            .values(held_until=sa.text("now() + interval '1 hour'"))
        )
        part = browser.post(f"/settings/senders/{row.id}/test", {}, headers={"HX-Request": "true"}).get_data(as_text=True)
        assert re.search(r'id="sender-trouble" hx-swap-oob="true">\s*<div class="fl-note bad">.*refuses our password', part, re.DOTALL)
        changed(row, password=PASSWORD)
        assert (row.problem, queries.held_until(browser.workspace_id)) == (None, {})
        answer = browser.call("POST", f"/api/v1/senders/{row.id}/test", {"to": "ada@northlight.example"})
        assert answer.json["ok"], answer.json
        assert [mail.rcpt_tos for mail in caught.mails] == [["ada@northlight.example"]]
        caught.refuse = "550 5.1.1 Nobody"
        part = browser.post(f"/settings/senders/{row.id}/test", {"to": "ada@northlight.example"}, headers={"HX-Request": "true"})
        assert "localhost answered: 550 5.1.1 Nobody." in part.get_data(as_text=True)
        assert 'id="sender-trouble" hx-swap-oob="true" hidden></div>' in part.get_data(as_text=True)
        session.refresh(row)
        assert row.problem is None


def test_one_test_of_a_workspace_runs_at_a_time(session: Session, client: FlaskClient, redis: Any) -> None:
    browser = signed_in(client)
    row = made(browser.workspace_id)
    redis.set(f"fl:sender-test:{browser.workspace_id}", b"1")
    assert browser.call("POST", f"/api/v1/senders/{row.id}/test", {}).status_code == 409
    answer = browser.post(f"/settings/senders/{row.id}/test", {"to": ""})
    assert answer.status_code == 422
    assert "is being tested" in answer.get_data(as_text=True)


def test_the_sandbox_needs_no_server_and_catches_the_test_letter(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client, workspace=workspace(sandbox=True))
    row = a_sender(browser.workspace_id, kind="sandbox", is_default=True)
    answer = browser.call("POST", f"/api/v1/senders/{row.id}/test", {"to": "ada@northlight.example"})
    assert [step["ok"] for step in answer.json["steps"]] == [True, True]
    kept = session.execute(sa.text("select kind, address from messages where workspace_id = :w"), {"w": browser.workspace_id}).all()
    assert [tuple(line) for line in kept] == [(2, "ada@northlight.example")]


def test_pages_make_change_and_delete_a_sender(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client)
    assert "Nothing can leave yet" in browser.get("/settings/senders").get_data(as_text=True)
    form = FULL | {"port": "", "tls": "starttls", "per_second": "50", "connections": "5", "verp": "false", "reply_to": "", "brand_id": ""}
    answer = browser.post("/settings/senders/new", form | {"port": "99999"})
    assert answer.status_code == 422
    assert "sesame" not in answer.get_data(as_text=True)
    answer = browser.post("/settings/senders/new", form)
    (row,) = queries.list_senders(browser.workspace_id)
    assert (answer.status_code, answer.location) == (303, f"/settings/senders/{row.id}")
    assert (row.port, row.per_second, row.verp, row.reply_to) == (587, 50, False, None)
    page = browser.get(f"/settings/senders/{row.id}").get_data(as_text=True)
    assert "mail.northlight.example:587, 50 a second" in page
    assert "sesame" not in page
    browser.post(f"/settings/senders/{row.id}/edit", form | {"password": "", "verp": "true", "port": "2525"})
    session.refresh(row)
    assert (row.verp, row.port, row.password is None) == (True, 2525, False)
    assert browser.post(f"/settings/senders/{row.id}/edit", form | {"tls": "none"}).status_code == 422
    a_mailing(browser.workspace_id, row.id, name="Spring sale")
    answer = browser.post(f"/settings/senders/{row.id}/delete")
    assert (answer.status_code, "in use: Spring sale" in answer.get_data(as_text=True)) == (409, True)
    assert "Spring sale" not in signed_in(client, "marketer").get("/settings/senders").get_data(as_text=True)


def test_whoever_may_only_look_sees_no_form(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client, "marketer")
    row = made(browser.workspace_id)
    page = browser.get(f"/settings/senders/{row.id}").get_data(as_text=True)
    assert "mail.northlight.example:587" in page
    assert '<form class="fl-form"' not in page
