"""Resets and invitations by mail: where a server takes them, and never by a sandbox."""

import json
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session
from structlog.testing import capture_logs

from app.auth import service as auth
from app.auth.events import InvitationCreated, PasswordResetAsked
from app.auth.models import Invitation, User
from app.auth.permissions import ROLES, SEND
from app.auth.schemas import MemberChange
from app.core import settings
from app.core.actor import Actor
from app.core.db import any_workspace
from app.core.security import unseal
from app.core.time import now
from app.delivery.handlers import mail_invitation, mail_reset
from app.delivery.models import Mailing, Message, MessageBody, Sender
from app.delivery.queries import senders as queries
from app.delivery.schemas.senders import SenderIn, SenderPatch
from app.delivery.service import senders, system_sender
from app.delivery.service.account_letters import can_mail
from app.workspaces.models import Workspace
from tests.factories.auth import invitation, member, signed_in, user
from tests.factories.delivery import a_sender
from tests.factories.workspaces import workspace


def letters(session: Session, workspace_id: int) -> list[tuple[str, dict[str, str]]]:
    """Return (address, words) of the letters that wait."""
    rows = session.execute(
        sa.select(Message.address, MessageBody.sealed)
        .join(MessageBody, MessageBody.message_id == Message.id)
        .where(Message.workspace_id == workspace_id)
        .order_by(Message.id)
    )
    return [(row.address, json.loads(unseal(row.sealed))) for row in rows]


def link_in(words: dict[str, str]) -> str:
    (link,) = set(re.findall(r"http://localhost(/\S+)", words["text"]))
    assert f'href="http://localhost{link}"' in words["html"]
    return str(link)


def test_a_reset_goes_by_the_workspace_of_its_event(session: Session, client: FlaskClient) -> None:
    place = workspace("Northlight & Sons")
    ada = user("Ada <b>", "ada@northlight.example")
    member(place, person=ada)
    mail_reset(PasswordResetAsked(place.id, user_id=ada.id))
    assert letters(session, place.id) == []
    a_sender(place.id)
    mail_reset(PasswordResetAsked(place.id, user_id=ada.id))
    ((address, words),) = letters(session, place.id)
    assert (address, words["subject"]) == ("ada@northlight.example", "A new password for Fairlead")
    assert "Hello Ada &lt;b&gt;," in words["html"]
    assert "Northlight &amp; Sons" in words["html"]
    assert client.get(link_in(words)).status_code == 200


def test_nothing_about_accounts_goes_by_a_sandbox(session: Session, client: FlaskClient) -> None:
    place = workspace(sandbox=True)
    a_sender(place.id, kind="sandbox", is_default=True)
    person = member(place)
    mail_reset(PasswordResetAsked(place.id, user_id=person.user_id))
    mail_invitation(InvitationCreated(place.id, invitation(place.id).id))
    assert letters(session, place.id) == []
    answer = signed_in(client, workspace=place).call("POST", "/api/v1/invitations", {"email": "grace@northlight.example"})
    assert answer.json["link"].startswith("http://localhost/invitations/")


def test_an_invitation_is_mailed_with_a_link_of_its_own(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client)
    a_sender(browser.workspace_id)
    assert "The link goes out by mail" in browser.get("/settings/members/invite").get_data(as_text=True)
    answer = browser.post("/settings/members/invite", {"email": "grace@northlight.example", "role": "analyst"})
    assert (answer.status_code, answer.location) == (303, "/settings/members")
    row = session.scalars(sa.select(Invitation).where(Invitation.workspace_id == browser.workspace_id)).one()
    told = session.execute(sa.text("select payload from outbox where name = 'InvitationCreated'")).scalar_one()
    assert told["invitation_id"] == row.id
    before = row.token_digest
    mail_invitation(InvitationCreated(browser.workspace_id, row.id))
    ((address, words),) = letters(session, browser.workspace_id)
    assert (address, row.token_digest == before) == ("grace@northlight.example", False)
    assert "Ada Okonkwo invites you to join" in words["text"].replace("\n", " ")
    assert client.get(link_in(words)).status_code == 200
    assert browser.call("POST", "/api/v1/invitations", {"email": "mary@northlight.example"}).json["link"] is None


def test_a_withdrawn_invitation_is_not_mailed(session: Session) -> None:
    place = workspace()
    a_sender(place.id)
    row = invitation(place.id)
    auth.revoke_invitation(place.id, row.id, Actor.system("test"))
    mail_invitation(InvitationCreated(place.id, row.id))
    assert letters(session, place.id) == []


def test_whoever_cannot_mail_is_told_what_to_do(session: Session, client: FlaskClient) -> None:
    page = signed_in(client).get("/settings/members/invite").get_data(as_text=True)
    assert 'href="/settings/senders"' in page
    assert "no mail can leave this workspace" in page


def test_a_reset_goes_only_to_who_belongs_here_and_nowhere_else(session: Session, client: FlaskClient) -> None:
    place, other = workspace(), workspace()
    a_sender(place.id)
    stays, moved, gone = (member(place, "marketer") for _ in range(3))
    mail_reset(PasswordResetAsked(place.id, user_id=stays.user_id))
    ((_, words),) = letters(session, place.id)
    link = link_in(words)
    assert client.get(link).status_code == 200
    auth.create_membership(other.id, stays.user_id, "analyst", Actor.system("test"), may_send=False)
    assert client.get(link).status_code == 404  # it was read by who runs the first one's server
    member(other, person=session.get_one(User, moved.user_id))
    by = Actor.system("test")
    auth.remove_member(place.id, moved.id, ROLES["owner"] | {SEND}, by)
    auth.remove_member(place.id, gone.id, ROLES["owner"] | {SEND}, by)
    with capture_logs() as told:
        for person in (stays, moved, gone):
            mail_reset(PasswordResetAsked(place.id, user_id=person.user_id))
    assert len(letters(session, place.id)) == 1
    warned = [(line["log_level"], line["user_id"], line["workspace"]) for line in told if "cannot be mailed" in line["event"]]
    assert warned == [("warning", person.user_id, place.id) for person in (stays, moved, gone)]


def test_an_owners_links_are_not_mailed_while_an_admin_chooses_the_server(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client)
    place = session.get_one(Workspace, browser.workspace_id)
    a_sender(place.id)
    owner, marketer = member(place), member(place, "marketer")
    mail_reset(PasswordResetAsked(place.id, user_id=owner.user_id))
    mail_invitation(InvitationCreated(place.id, invitation(place.id, role="owner").id))
    assert len(letters(session, place.id)) == 2
    assert "an owner’s is shown" not in browser.get("/settings/members/invite").text
    admin = member(place, "admin")
    invited = invitation(place.id, "mary@northlight.example", "owner")
    before = invited.token_digest
    with capture_logs() as told:
        mail_reset(PasswordResetAsked(place.id, user_id=owner.user_id))
        mail_invitation(InvitationCreated(place.id, invited.id))
    assert [line["log_level"] for line in told if "cannot be mailed" in line["event"]] == ["warning"] * 2
    assert session.get_one(User, owner.user_id).email not in str(told)
    assert (len(letters(session, place.id)), invited.token_digest) == (2, before)
    for person in (admin, marketer):
        mail_reset(PasswordResetAsked(place.id, user_id=person.user_id))
    assert len(letters(session, place.id)) == 4
    assert "an owner’s is shown" in browser.get("/settings/members/invite").text
    answer = browser.post("/settings/members/invite", {"email": "katherine@northlight.example", "role": "owner", "may_send": "1"})
    assert "/invitations/" in answer.text
    owners = browser.call("POST", "/api/v1/invitations", {"email": "edith@northlight.example", "role": "owner"}).json
    admins = browser.call("POST", "/api/v1/invitations", {"email": "joan@northlight.example", "role": "admin"}).json
    assert (owners["link"] is None, admins["link"] is None) == (False, True)


def test_no_account_mail_goes_by_a_server_chosen_by_somebody_who_may_not_choose_any_more(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client)
    place = session.get_one(Workspace, browser.workspace_id)
    owner, admin, marketer = member(place), member(place, "admin"), member(place, "marketer")
    given = {"name": "Post", "host": "mail.evil.example", "from_email": "hello@northlight.example", "username": "x", "password": "y"}
    row = senders.create(place.id, SenderIn.model_validate(given), Actor("Eve", admin.user_id, key_id=7))
    mail_reset(PasswordResetAsked(place.id, user_id=marketer.user_id))
    assert len(letters(session, place.id)) == 1
    auth.change_member(place.id, admin.id, MemberChange(role="marketer"), ROLES["owner"] | {SEND}, Actor.system("test"))
    for person in (owner, admin, marketer):
        mail_reset(PasswordResetAsked(place.id, user_id=person.user_id))
    mail_invitation(InvitationCreated(place.id, invitation(place.id).id))
    assert len(letters(session, place.id)) == 1
    assert "present owners or admins" in browser.get("/settings/members/invite").text
    senders.update(place.id, row.id, SenderPatch(name="Post office"), Actor("Ada", owner.user_id))
    assert not can_mail(place.id, "marketer")  # a new name says nothing about the server
    senders.update(place.id, row.id, SenderPatch(host="mail.northlight.example", password="z"), Actor("Ada", owner.user_id))
    mail_reset(PasswordResetAsked(place.id, user_id=owner.user_id))
    assert [address for address, _ in letters(session, place.id)][1:] == [session.get_one(User, owner.user_id).email]
    auth.remove_member(place.id, owner.id, ROLES["owner"] | {SEND}, Actor.system("test"))
    assert [can_mail(place.id, role) for role in ("owner", "admin", "marketer")] == [False] * 3


@pytest.fixture
def operator(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What gives the application a mail server of the operator's."""

    def change(**values: str | None) -> None:
        given = {"SYSTEM_SMTP_URL": "smtp://ada:sesame@post.example", "SYSTEM_MAIL_FROM": "accounts@post.example"} | values
        monkeypatch.setitem(app.extensions, "fairlead_config", settings.get().model_copy(update=given))

    return change


def test_by_the_operators_server_everybody_gets_their_links(session: Session, client: FlaskClient, operator: Callable[..., None]) -> None:
    sandbox, real, third = workspace(sandbox=True), workspace(), workspace()
    a_sender(sandbox.id, kind="sandbox", is_default=True)
    a_sender(real.id, name=system_sender.NAME, is_default=True, host="mail.evil.example", line_by=999_999_999)
    member(real, "admin")
    ada, gone = member(sandbox).user_id, member(third).user_id
    person = session.get_one(User, ada)
    member(real, person=person)
    operator()
    for place in (sandbox, real):
        mail_reset(PasswordResetAsked(place.id, user_id=ada))
        mail_invitation(InvitationCreated(place.id, invitation(place.id, role="owner").id))
        (address, words), (invited, _) = letters(session, place.id)
        assert (address, client.get(link_in(words)).status_code, "@" in invited) == (person.email, 200, True)
        assert can_mail(place.id, "owner")
    mail_reset(PasswordResetAsked(sandbox.id, user_id=gone))
    assert len(letters(session, sandbox.id)) == 2, "somebody who does not belong there"
    rows = session.scalars(any_workspace(sa.select(Sender).where(Sender.kind == "system").order_by(Sender.workspace_id))).all()
    assert [(row.workspace_id, row.from_email, row.host, row.password) for row in rows] == [
        (place.id, "accounts@post.example", None, None) for place in (sandbox, real)
    ]
    sent_by = sa.select(Mailing.sender_id).join(Message, Message.mailing_id == Mailing.id).where(Message.workspace_id == real.id)
    assert set(session.scalars(sent_by.where(Mailing.workspace_id == real.id))) == {rows[1].id}


def test_no_workspace_sees_the_operators_server_or_sends_by_it(
    session: Session, client: FlaskClient, operator: Callable[..., None]
) -> None:
    browser = signed_in(client)
    place = browser.workspace_id
    operator()
    page = browser.get("/settings/members/invite").text
    assert ("The link goes out by mail" in page, "sender" in page) == (True, False)
    mail_reset(PasswordResetAsked(place, user_id=browser.user_id))
    row = session.scalars(sa.select(Sender).where(Sender.workspace_id == place)).one()
    row.problem, row.problem_at = "It refuses our login.", now()
    session.flush()
    assert (list(queries.list_senders(place)), queries.find_default(place)) == ([], None)
    assert browser.call("GET", "/api/v1/senders").json["items"] == []
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test")):
        assert browser.call(method, f"/api/v1/senders/{row.id}{path}", {} if method == "POST" else None).status_code == 404
    refused = browser.call("POST", "/api/v1/campaigns", {"name": "Autumn", "sender_id": row.id})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["sender_id"])
    assert "refuses our login" not in browser.get("/overview").text
    operator(SYSTEM_MAIL_FROM="us@post.example")
    mail_reset(PasswordResetAsked(place, user_id=browser.user_id))
    session.refresh(row)
    assert (row.from_email, row.version) == ("us@post.example", 2)
    operator(SYSTEM_SMTP_URL=None)
    mail_reset(PasswordResetAsked(place, user_id=browser.user_id))
    assert (len(letters(session, place)), can_mail(place, "owner")) == (2, False)


def test_a_server_without_an_address_is_none_for_the_promise_and_for_the_letter(session: Session, operator: Callable[..., None]) -> None:
    place = workspace()
    a_sender(place.id, is_default=True)
    owner = member(place)
    member(place, "admin")
    operator(SYSTEM_MAIL_FROM=None)
    assert not can_mail(place.id, "owner")
    mail_reset(PasswordResetAsked(place.id, user_id=owner.user_id))
    assert letters(session, place.id) == []
