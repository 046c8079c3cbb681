"""Attacks on sessions, sign-in and guesses."""

from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.core.db import session
from app.core.security import seal
from tests.auth.doors import sign_in, token_on
from tests.factories.auth import PASSWORD, enter, member, signed_in, user

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_a_session_planted_before_sign_in_is_worth_nothing_after_it(client: FlaskClient, app: Flask) -> None:
    ada = session().get_one(User, member().user_id)
    thief = app.test_client()
    thief.get("/auth/login")
    planted = thief.get_cookie("fairlead")
    client.set_cookie("fairlead", planted.value)
    assert sign_in(client, ada.email).status_code == 303
    assert client.get("/auth/me").status_code == 200
    assert thief.get("/auth/me").status_code == 401
    assert client.get_cookie("fairlead").value != planted.value


def test_the_token_of_the_page_before_sign_in_is_refused_after_it(client: FlaskClient) -> None:
    row = member()
    ada = session().get_one(User, row.user_id)
    old = token_on(client.get("/auth/login"))
    client.post("/auth/login", data={"csrf_token": old, "login": ada.email, "password": PASSWORD})
    answer = client.post("/account/preferences", data={"csrf_token": old, "_workspace": row.workspace_id, "locale": "de"})
    assert answer.status_code == 400


def test_nobody_is_signed_in_by_a_page_elsewhere(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    answer = client.post("/auth/login", data={"login": ada.email, "password": PASSWORD}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 400
    assert client.get("/auth/me").status_code == 401


def test_signing_out_ends_the_session_itself(client: FlaskClient, app: Flask) -> None:
    browser = signed_in(client)
    stolen = app.test_client()
    stolen.set_cookie("fairlead", client.get_cookie("fairlead").value)
    assert stolen.get("/auth/me").status_code == 200
    browser.post("/auth/logout")
    assert stolen.get("/auth/me").status_code == 401


def test_the_cookie_cannot_be_read_by_scripts_and_stays_on_this_site(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    (set_cookie,) = sign_in(client, ada.email).headers.getlist("Set-Cookie")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(set_cookie.split("; "))
    assert "Domain" not in set_cookie


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example",
        "/\n/evil.example", " //evil.example", "evil.example", "http:evil.example", "/\x00/evil.example", "/\u2028/evil.example", "///evil.example",
    ],
)  # fmt: skip
def test_sign_in_leads_to_no_other_site(client: FlaskClient, wanted: str) -> None:
    ada = session().get_one(User, member().user_id)
    answer = sign_in(client, ada.email, next=wanted)
    assert answer.headers.get("Location", "/") == "/"
    assert client.get("/auth/login", query_string={"next": wanted}).headers.get("Location", "/") == "/"


def test_no_link_is_built_from_the_host_header(client: FlaskClient) -> None:
    browser = signed_in(client)
    poison = {"Host": "localhost", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    page = browser.post("/settings/members/invite", {"email": "new@northlight.example", "role": "client"}, headers=poison)
    assert page.status_code == 200
    assert "evil.example" not in page.text
    asked = client.get("/", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in asked.headers["Location"]


def test_private_pages_are_kept_by_nobody_and_framed_by_nobody(client: FlaskClient) -> None:
    signed_in(client)
    answer = client.get("/account")
    assert (answer.status_code, answer.headers["Cache-Control"], answer.headers["X-Frame-Options"]) == (200, "no-store", "DENY")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_forged_forwarded_address_buys_no_more_guesses(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    said = [
        client.post(
            "/api/v1/auth/login",
            json={"email": ada.email, "password": "wrong"},
            headers={"X-Forwarded-For": f"10.1.1.{n}", "X-Real-IP": f"10.1.1.{n}"},
        ).status_code
        for n in range(7)
    ]
    assert said == [401] * 5 + [429] * 2


def test_the_password_cannot_be_guessed_from_within_a_stolen_session(client: FlaskClient) -> None:
    browser = signed_in(client)
    said = []
    for n in range(8):
        data = {"email": "thief@evil.example", "password": f"guess-number-{n}"}
        said.append(browser.post("/account/email", data).status_code)
    assert 429 in said


def test_unknown_names_leave_a_trace_and_the_same_words(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    row = member()
    ada = session().get_one(User, row.user_id)
    noted: list[tuple[Any, str]] = []
    monkeypatch.setattr("app.audit.service.record_refused", lambda place, _by, _what, why, _subject: noted.append((place, why)))
    names, place = (ada.email, "nobody@northlight.example"), row.workspace_id
    wrong, unknown = (client.post("/api/v1/auth/login", json={"email": name, "password": "wrong"}) for name in names)
    assert (wrong.status_code, wrong.json) == (unknown.status_code, unknown.json)
    assert noted == [(place, "wrong password"), (None, "unknown name")]


def test_asking_for_a_reset_does_the_same_work_for_everybody(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    pages, writes = [], []
    for login in (ada.email, "nobody@northlight.example"):
        token = token_on(client.get("/auth/forgot"))
        seen: list[str] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a, seen=seen: seen.append(a[2]))
        try:
            pages.append(client.post("/auth/forgot", data={"csrf_token": token, "login": login}))
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        writes.append(any(text.startswith("INSERT") for text in seen))
    assert [page.status_code for page in pages] == [200, 200]
    assert writes == [True, True]  # a commit that writes waits for the disk, one that does not is faster: that can be measured


def test_a_one_time_code_is_good_once_and_guesses_are_slowed(client: FlaskClient, app: Flask) -> None:
    with time_machine.travel(START, tick=False):
        row = member()
        ada = session().get_one(User, row.user_id)
        secret = pyotp.random_base32()
        ada.totp_secret, ada.totp_since = seal(secret), START
        code = pyotp.TOTP(secret).at(START)
        assert client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD, "totp": code}).status_code == 200
        again = client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD, "totp": code})
        assert again.status_code == 401
        said = [
            client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD, "totp": f"{n:06}"}).status_code
            for n in range(6)
        ]
        assert said[-1] == 429
        assert app.test_client().get("/auth/code").headers["Location"] == "/auth/login"


def test_the_code_cannot_be_skipped(client: FlaskClient) -> None:
    row = member()
    ada = session().get_one(User, row.user_id)
    ada.totp_secret, ada.totp_since = seal(pyotp.random_base32()), START
    assert sign_in(client, ada.email).headers["Location"] == "/auth/code"
    assert client.get("/auth/me").status_code == 401
    assert client.get("/account").headers["Location"].startswith("/auth/login")
    assert client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD}).status_code == 422


def test_the_demo_user_is_not_reached_through_a_proxy(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    row = member(person=user(email="admin@demo.example", demo=True))
    demo = session().get_one(User, row.user_id)
    config = app.extensions["fairlead_config"]
    monkeypatch.setitem(app.extensions, "fairlead_config", config.model_copy(update={"EMBEDDED": True}))
    says = {"email": demo.email, "password": PASSWORD}
    refresh = client.post("/api/v1/auth/login", json=says).json["refresh_token"]
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "for=203.0.113.9"},
    ):
        assert client.post("/api/v1/auth/login", json=says, headers=headers).status_code == 401, headers
        assert client.post("/api/v1/auth/refresh", json={"refresh_token": refresh}, headers=headers).status_code == 401, headers
    enter(client, session().get_one(User, row.user_id), row.workspace_id)
    assert client.get("/auth/me").status_code == 200
    assert client.get("/auth/me", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
