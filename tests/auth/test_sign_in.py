"""Signing in and out at the browser."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.audit.models import AuditEntry
from app.auth.models import RecoveryCode, SignInThrottle, User, UserSession
from app.auth.service import throttle
from app.core import redis as core_redis
from app.core.db import any_workspace, db, session
from app.core.errors import TooMany
from app.core.security import digest, seal
from tests.factories.auth import PASSWORD, member, user

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def token_in(client: FlaskClient) -> str | None:
    with client.session_transaction() as cookie:
        return cookie.get("_user_id")


def csrf_of(client: FlaskClient, path: str = "/auth/login") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found
    return found[1]


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD, **fields: str) -> TestResponse:
    page = "/account" if token_in(client) else "/auth/login"
    return client.post("/auth/login", data={"csrf_token": csrf_of(client, page), "login": login, "password": password, **fields})


@pytest.mark.parametrize("name", ["ada@northlight.example", "ADA@Northlight.Example", "ada", " Ada "])
def test_address_and_user_name_sign_in_whatever_their_case(client: FlaskClient, name: str) -> None:
    member(person=user(email="ada@northlight.example", username="ada"))
    answer = sign_in(client, name)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/auth/me").get_json()["email"] == "ada@northlight.example"


def test_the_cookie_holds_a_token_and_the_row_its_digest(client: FlaskClient) -> None:
    membership = member()
    answer = sign_in(client, session().get_one(User, membership.user_id).email)
    row = session().scalars(sa.select(UserSession)).one()
    assert row.token_digest == digest(token_in(client) or "")
    assert (row.user_id, row.in_workspace) == (membership.user_id, membership.workspace_id)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # http on loopback


def test_the_cookie_is_secure_where_the_site_is(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_NAME": "__Host-fairlead"}.items():
        monkeypatch.setitem(app.config, name, value)
    cookie = client.get("/auth/login", base_url="https://localhost").headers["Set-Cookie"]
    assert cookie.startswith("__Host-fairlead=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_signing_in_changes_the_id_and_the_csrf_token(client: FlaskClient) -> None:
    member(person=user(email="ada@northlight.example"))
    sign_in(client, "ada@northlight.example")
    first, before = token_in(client), csrf_of(client, "/account")
    with client.session_transaction() as cookie:
        kept = cookie["csrf_token"]
    client.post("/auth/login", data={"csrf_token": before, "login": "ada@northlight.example", "password": PASSWORD})
    with client.session_transaction() as cookie:
        assert cookie.get("csrf_token") != kept
    assert token_in(client) != first
    assert session().scalar(sa.select(sa.func.count()).select_from(UserSession)) == 1


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/segments?q=a", "/segments?q=a"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nb", "/"),
        ("", "/"),
    ],
)
def test_it_goes_where_one_was_going_but_never_elsewhere(client: FlaskClient, wanted: str, goes: str) -> None:
    member(person=user(email="ada@northlight.example"))
    assert sign_in(client, "ada@northlight.example", next=wanted).location == goes


def test_unknown_name_and_wrong_password_get_the_same_answer(client: FlaskClient) -> None:
    member(person=user(email="ada@northlight.example"))
    answers = [
        sign_in(client, "ada@northlight.example", "not the password"),
        sign_in(client, "nobody@northlight.example", "not the password"),
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    pages = [re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.get_data(as_text=True)) for answer in answers]
    assert pages[0] == pages[1]
    assert "Name and password do not fit together." in pages[0]


def test_an_unknown_name_costs_a_check_too(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr("app.auth.service.sign_in.check_password", lambda *a: bool(seen.append(a)))
    sign_in(client, "nobody@northlight.example", "x")
    assert len(seen) == 1


def test_guesses_wait_longer_and_longer_but_not_for_ever(client: FlaskClient) -> None:
    member(person=user(email="ada@northlight.example"))
    waits = []
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(20):
            answer = sign_in(client, "ada@northlight.example", "wrong")
            if answer.status_code == 429:
                waits.append(int(answer.headers["Retry-After"]))
                clock.shift(timedelta(seconds=waits[-1]))
        assert waits[:6] == [1, 2, 4, 8, 16, 32]
        assert max(waits) <= 900
        clock.shift(timedelta(seconds=900))
        assert sign_in(client, "ada@northlight.example").status_code == 303


def test_the_right_password_waits_too_while_a_wait_runs(client: FlaskClient) -> None:
    member(person=user(email="ada@northlight.example"))
    with time_machine.travel(START, tick=False):
        for _ in range(5):
            sign_in(client, "ada@northlight.example", "wrong")
        assert sign_in(client, "ada@northlight.example").status_code == 429


def test_guesses_at_many_names_from_one_address_wait(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False):
        found = [sign_in(client, f"nobody{i}@northlight.example", "wrong").status_code for i in range(21)]
    assert found == [422] * 20 + [429]


@pytest.mark.committed
def test_while_redis_is_down_the_table_counts(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    member(person=user(email="ada@northlight.example"))
    monkeypatch.setattr(core_redis, "client", lambda: core_redis.connect("redis://127.0.0.1:1/0"))
    with time_machine.travel(START, tick=False) as clock:
        found = [sign_in(client, "ada@northlight.example", "wrong").status_code for _ in range(6)]
        assert found == [422] * 5 + [429]
        clock.shift(timedelta(seconds=1))
        assert sign_in(client, "ada@northlight.example").status_code == 303
        left = session().scalars(sa.select(SignInThrottle.key)).all()
    assert [key.split(":")[2] for key in left] == ["place"]


@pytest.mark.committed
def test_who_came_in_and_who_did_not_stands_in_the_audit_log(client: FlaskClient) -> None:
    membership = member(person=user(email="ada@northlight.example"))
    workspace_id = membership.workspace_id
    sign_in(client, "ada@northlight.example", "wrong")
    sign_in(client, "ada@northlight.example")
    entries = session().scalars(sa.select(AuditEntry).where(AuditEntry.workspace_id == workspace_id).order_by(AuditEntry.id)).all()
    assert [(e.action, e.refused, e.reason, e.subject_name) for e in entries] == [
        ("user.signed_in", True, "wrong password", "Ada Okonkwo"),
        ("user.signed_in", False, None, "Ada Okonkwo"),
    ]
    assert entries[0].user_id is None


def test_signing_out_ends_the_session_and_twice_is_fine(client: FlaskClient) -> None:
    member(person=user(email="ada@northlight.example"))
    sign_in(client, "ada@northlight.example")
    kept = token_in(client)
    assert client.post("/auth/logout", data={"csrf_token": csrf_of(client, "/account")}).location == "/auth/login"
    with client.session_transaction() as cookie:
        cookie["_user_id"] = kept
    assert client.get("/auth/me").status_code == 401
    assert client.post("/auth/logout", data={"csrf_token": csrf_of(client)}).status_code == 303


def test_signing_in_needs_the_csrf_token(client: FlaskClient) -> None:
    member(person=user(email="ada@northlight.example"))
    answer = client.post("/auth/login", data={"login": "ada@northlight.example", "password": PASSWORD})
    assert answer.status_code == 400


class TestCodes:
    SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

    def person(self) -> User:
        row = user(email="ada@northlight.example", totp_secret=seal(self.SECRET), totp_since=START)
        session().add(RecoveryCode(user_id=row.id, code_digest=digest("k7m2p-x9qrt-4vbnw")))
        member(person=row)
        return row

    def enter(self, client: FlaskClient, code: str) -> TestResponse:
        return client.post("/auth/code", data={"csrf_token": csrf_of(client, "/auth/code"), "code": code})

    def test_the_password_alone_opens_nothing(self, client: FlaskClient) -> None:
        self.person()
        assert sign_in(client, "ada@northlight.example", next="/segments").location == "/auth/code"
        assert client.get("/auth/me").status_code == 401
        answer = self.enter(client, pyotp.TOTP(self.SECRET).now())
        assert answer.location == "/segments"
        assert client.get("/auth/me").status_code == 200

    def test_a_code_works_once(self, client: FlaskClient) -> None:
        self.person()
        with time_machine.travel(START + timedelta(days=1), tick=False) as clock:
            code = pyotp.TOTP(self.SECRET).now()
            for status in (303, 422):
                sign_in(client, "ada@northlight.example")
                assert self.enter(client, code).status_code == status
            clock.shift(timedelta(seconds=30))
            assert self.enter(client, pyotp.TOTP(self.SECRET).now()).status_code == 303

    def test_a_recovery_code_works_once_however_typed(self, client: FlaskClient) -> None:
        self.person()
        for status in (303, 422):
            sign_in(client, "ada@northlight.example")
            assert self.enter(client, " K7M2P X9QRT-4vbnw ").status_code == status

    def test_codes_cannot_be_guessed_at_leisure(self, client: FlaskClient) -> None:
        self.person()
        with time_machine.travel(START, tick=False):
            sign_in(client, "ada@northlight.example")
            found = [self.enter(client, f"00000{i}").status_code for i in range(6)]
            assert found == [422] * 5 + [429]
            sign_in(client, "ada@northlight.example")
            assert self.enter(client, "000009").status_code == 429  # the password once more does not help

    def test_the_password_counts_for_five_minutes(self, client: FlaskClient) -> None:
        self.person()
        with time_machine.travel(START, tick=False) as clock:
            sign_in(client, "ada@northlight.example")
            page = csrf_of(client, "/auth/code")
            clock.shift(timedelta(minutes=5, seconds=1))
            answer = client.post("/auth/code", data={"csrf_token": page, "code": pyotp.TOTP(self.SECRET).now()})
        assert answer.location == "/auth/login"

    def test_a_changed_password_meanwhile_ends_the_half_sign_in(self, client: FlaskClient) -> None:
        person = self.person()
        sign_in(client, "ada@northlight.example")
        person.auth_version += 1
        assert self.enter(client, pyotp.TOTP(self.SECRET).now()).location == "/auth/login"
        assert client.get("/auth/me").status_code == 401


@pytest.mark.committed
def test_parallel_guesses_count_each(app: Flask, client: FlaskClient) -> None:
    """Twenty guesses at once: no more than the free ones are looked at."""

    def guess(_: int) -> bool:
        with app.app_context():
            try:
                throttle.begin(throttle.counters("ada", "203.0.113.9", known=False))
            except TooMany:
                return False
            return True

    with time_machine.travel(START, tick=False), ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(20))) == 5
    core_redis.client().flushdb()
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(START, tick=False), ThreadPoolExecutor(8) as pool:
        patch.setattr(core_redis, "client", lambda: core_redis.connect("redis://127.0.0.1:1/0"))
        assert sum(pool.map(guess, range(20))) == 5
    db.session.execute(any_workspace(sa.delete(SignInThrottle)))
