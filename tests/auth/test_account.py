"""The account page: what one changes about oneself, and what that ends."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.audit.models import AuditEntry
from app.auth.models import RecoveryCode, User, UserSession
from app.auth.service import purge
from app.core.db import session
from app.core.security import check_password, unseal
from tests.factories.auth import PASSWORD, api_key, enter, member, session_row, signed_in, user

NEW = "another long password"


def alive(app: Flask, token: str) -> bool:
    other = app.test_client()
    with other.session_transaction() as cookie:
        cookie["_user_id"] = token
    return other.get("/auth/me").status_code == 200


def last_audit() -> AuditEntry:
    return session().scalars(sa.select(AuditEntry).where(AuditEntry.workspace_id > 0).order_by(AuditEntry.id.desc()).limit(1)).one()


def test_name_and_user_name(client: FlaskClient) -> None:
    browser = signed_in(client)
    assert browser.post("/account", {"name": "Ada King", "username": "Ada.K"}).status_code == 303
    person = session().get_one(User, browser.user_id)
    assert (person.name, person.username) == ("Ada King", "Ada.K")
    entry = last_audit()
    assert (entry.action, entry.before, entry.after) == (
        "user.updated",
        {"name": "Ada Okonkwo", "username": None},
        {"name": "Ada King", "username": "Ada.K"},
    )


@pytest.mark.parametrize("name", ["has@at", "-x", "x" * 41, "ада"])
def test_a_user_name_that_does_not_fit_is_refused_by_name(client: FlaskClient, name: str) -> None:
    answer = signed_in(client).post("/account", {"name": "Ada", "username": name})
    assert answer.status_code == 422
    assert 'id="f-username-why"' in answer.get_data(as_text=True)


def test_a_user_name_is_one_persons_whatever_its_case(client: FlaskClient) -> None:
    user(username="grace")
    answer = signed_in(client).post("/account", {"name": "Ada", "username": "GRACE"})
    assert answer.status_code == 422
    assert "Somebody else has this user name." in answer.get_data(as_text=True)


def test_a_new_password_ends_all_but_this_session(app: Flask, client: FlaskClient) -> None:
    browser = signed_in(client)
    person = session().get_one(User, browser.user_id)
    _, other = session_row(person, browser.workspace_id)
    with client.session_transaction() as cookie:
        before = cookie["_user_id"]
    assert browser.post("/account/password", {"password": PASSWORD, "new_password": NEW}).status_code == 303
    session().refresh(person)
    assert check_password(NEW, person.password_hash)
    assert client.get("/auth/me").status_code == 200
    assert not alive(app, other)
    assert not alive(app, before)  # this browser has a new id


@pytest.mark.parametrize(
    ("present", "new", "field"),
    [
        ("wrong", NEW, "password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "aaaaaaaaaaaa", "new_password"),
        (PASSWORD, "password123", "new_password"),
        (PASSWORD, "ada.okonkwo@northlight.example", "new_password"),
        (PASSWORD, "ada.okonkwo1", "new_password"),
        ("", NEW, "password"),
        (PASSWORD, "x" * 1001, "new_password"),
    ],
)
def test_a_password_that_does_not_fit_is_refused_by_name(client: FlaskClient, present: str, new: str, field: str) -> None:
    browser = signed_in(client, person=user(email="ada.okonkwo@northlight.example"))
    answer = browser.post("/account/password", {"password": present, "new_password": new})
    assert answer.status_code == 422
    assert f'id="f-{field}-why"' in answer.get_data(as_text=True)
    assert PASSWORD not in answer.get_data(as_text=True)


def test_spaces_of_a_password_count(client: FlaskClient) -> None:
    browser = signed_in(client)
    browser.post("/account/password", {"password": PASSWORD, "new_password": "  spaces around  "})
    person = session().get_one(User, browser.user_id)
    session().refresh(person)
    assert check_password("  spaces around  ", person.password_hash)


def test_a_new_address_needs_the_password_and_ends_the_rest(app: Flask, client: FlaskClient) -> None:
    browser = signed_in(client)
    person = session().get_one(User, browser.user_id)
    _, other = session_row(person, None)
    assert browser.post("/account/email", {"email": "Ada@NEW.example", "password": "wrong"}).status_code == 422
    assert browser.post("/account/email", {"email": "Ada@NEW.example", "password": PASSWORD}).status_code == 303
    session().refresh(person)
    assert person.email == "Ada@new.example"
    assert not alive(app, other)
    assert client.get("/auth/me").status_code == 200


def test_an_address_is_one_persons_whatever_its_case(client: FlaskClient) -> None:
    user(email="grace@northlight.example")
    answer = signed_in(client).post("/account/email", {"email": "GRACE@northlight.example", "password": PASSWORD})
    assert answer.status_code == 422
    assert "There is an account with this address already." in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ada@northlight", "The part after @ needs an ending, such as northlight.example."),
        ("ada", "An address has a name, an @ and a domain, such as ada@northlight.example."),
        ("a b@northlight.example", "This is not an address mail can be sent to, such as ada@northlight.example."),
        ("ada@-.example", "This is not an address mail can be sent to, such as ada@northlight.example."),
    ],
)
def test_what_is_wrong_with_an_address(client: FlaskClient, address: str, why: str) -> None:
    assert why in signed_in(client).post("/account/email", {"email": address, "password": PASSWORD}).get_data(as_text=True)


def test_sessions_are_listed_and_ended_one_by_one(app: Flask, client: FlaskClient) -> None:
    browser = signed_in(client)
    row, other = session_row(session().get_one(User, browser.user_id), browser.workspace_id)
    row.user_agent, row.address = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "203.0.113.9"
    page = browser.get("/account").get_data(as_text=True)
    assert "Firefox on Linux" in page
    assert "203.0.113.9" in page
    assert alive(app, other)
    browser.post(f"/account/sessions/{row.id}/end")
    assert not alive(app, other)
    assert client.get("/auth/me").status_code == 200


def test_log_out_everywhere_ends_sessions_and_tokens_here_too(app: Flask, client: FlaskClient) -> None:
    browser = signed_in(client)
    person = session().get_one(User, browser.user_id)
    tokens = app.test_client().post("/api/v1/auth/login", json={"email": person.email, "password": PASSWORD}).get_json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert app.test_client().get("/api/v1/auth/me", headers=headers).status_code == 200
    assert browser.post("/account/sessions/end").location == "/auth/login"
    assert client.get("/auth/me").status_code == 401
    assert app.test_client().get("/api/v1/auth/me", headers=headers).status_code == 401
    refresh = app.test_client().post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refresh.status_code == 401


def test_a_key_cannot_touch_its_makers_account(client: FlaskClient) -> None:
    headers = api_key()
    assert client.post("/account/password", data={"password": PASSWORD, "new_password": NEW}, headers=headers).status_code == 401
    assert client.post("/account/sessions/end", headers=headers).status_code == 401
    assert client.post("/workspaces/new", data={"name": "X"}, headers=headers).status_code == 401


def test_own_locale_writes_figures_and_a_strange_one_is_refused(client: FlaskClient) -> None:
    browser = signed_in(client)
    assert browser.post("/account/preferences", {"locale": "xx"}).status_code == 422
    assert browser.post("/account/preferences", {"locale": "de"}).status_code == 303
    assert browser.get("/auth/me").get_json()["workspace"]["locale"] == "de"
    browser.post("/account/preferences", {"locale": ""})
    assert browser.get("/auth/me").get_json()["workspace"]["locale"] == "en"


class TestCodes:
    def on(self, client: FlaskClient) -> tuple[User, str]:
        browser = signed_in(client)
        browser.get("/account/codes")
        person = session().get_one(User, browser.user_id)
        session().refresh(person)
        secret = unseal(person.totp_secret or "")
        assert " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)) in browser.get("/account/codes").get_data(as_text=True)
        return person, secret

    def test_a_secret_that_was_only_shown_does_not_count(self, app: Flask, client: FlaskClient) -> None:
        person, _ = self.on(client)
        assert person.totp_since is None
        tokens = app.test_client().post("/api/v1/auth/login", json={"email": person.email, "password": PASSWORD})
        assert tokens.status_code == 200

    def test_the_first_code_switches_on_and_shows_recovery_codes_once(self, client: FlaskClient) -> None:
        person, secret = self.on(client)
        answer = client.post("/account/codes", data=self._with(client, {"code": pyotp.TOTP(secret).now()}))
        assert answer.status_code == 200
        codes = answer.get_data(as_text=True).count("<li>")
        session().refresh(person)
        assert person.totp_since is not None
        assert codes >= 10
        assert session().scalar(sa.select(sa.func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == person.id)) == 10
        assert client.get("/auth/me").status_code == 200
        assert client.get("/account/codes").status_code == 409

    def test_a_wrong_code_does_not(self, client: FlaskClient) -> None:
        person, _ = self.on(client)
        assert client.post("/account/codes", data=self._with(client, {"code": "000000"})).status_code == 422
        session().refresh(person)
        assert person.totp_since is None

    def test_off_again_needs_the_password(self, client: FlaskClient) -> None:
        person, secret = self.on(client)
        client.post("/account/codes", data=self._with(client, {"code": pyotp.TOTP(secret).now()}))
        assert client.post("/account/codes/off", data=self._with(client, {"password": "wrong"})).status_code == 422
        assert client.post("/account/codes/off", data=self._with(client, {"password": PASSWORD})).status_code == 303
        session().refresh(person)
        assert (person.totp_since, person.totp_secret) == (None, None)
        assert session().scalar(sa.select(sa.func.count()).select_from(RecoveryCode)) == 0

    def test_new_recovery_codes_replace_the_old(self, client: FlaskClient) -> None:
        _, secret = self.on(client)
        client.post("/account/codes", data=self._with(client, {"code": pyotp.TOTP(secret).now()}))
        before = set(session().scalars(sa.select(RecoveryCode.code_digest)))
        assert client.post("/account/codes/renew", data=self._with(client, {"password": PASSWORD})).status_code == 200
        session().expire_all()
        after = set(session().scalars(sa.select(RecoveryCode.code_digest)))
        assert len(after) == 10
        assert not before & after

    @staticmethod
    def _with(client: FlaskClient, data: dict[str, str]) -> dict[str, str]:
        """Add what the page of this very session carries; switching on changes it."""
        page = client.get("/account").get_data(as_text=True)
        found = {name: re.search(f'name="{name}" value="([^"]*)"', page) for name in ("csrf_token", "_workspace")}
        return data | {name: match[1] for name, match in found.items() if match}


class TestLeaving:
    def test_one_may_leave(self, client: FlaskClient) -> None:
        browser = signed_in(client)
        here = member(role="analyst", person=session().get_one(User, browser.user_id))
        person = session().get_one(User, browser.user_id)
        person.last_workspace_id = browser.workspace_id
        assert browser.post(f"/account/workspaces/{here.workspace_id}/leave").status_code == 303
        assert [w["id"] for w in browser.get("/auth/me").get_json()["workspaces"]] == [browser.workspace_id]

    def test_the_last_owner_stays(self, client: FlaskClient) -> None:
        browser = signed_in(client)
        answer = browser.post(f"/account/workspaces/{browser.workspace_id}/leave")
        assert answer.status_code == 422
        assert "This is the last owner." in answer.get_data(as_text=True)


def test_what_has_ended_is_removed_after_a_day(client: FlaskClient) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 9, tzinfo=UTC), tick=False) as clock:
        enter(client, user(), None)
        clock.shift(timedelta(days=1, minutes=119))
        purge()
        assert session().scalar(sa.select(sa.func.count()).select_from(UserSession)) == 1
        clock.shift(timedelta(minutes=2))
        purge()
        assert session().scalar(sa.select(sa.func.count()).select_from(UserSession)) == 0
