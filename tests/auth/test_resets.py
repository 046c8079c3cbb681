"""Forgotten passwords: a link, once, for an hour; the page never says whether there is an account."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from app.auth import service
from app.auth.models import PasswordReset, User
from app.core.db import session
from app.core.security import check_password
from tests.factories.auth import member, session_row, user

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
NEW = "another long password"


def csrf(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]*)"', client.get(path).get_data(as_text=True))
    assert found
    return found[1]


def ask(client: FlaskClient, login: str) -> str:
    return client.post("/auth/forgot", data={"csrf_token": csrf(client, "/auth/forgot"), "login": login}).get_data(as_text=True)


@pytest.fixture
def ada(database: None) -> User:
    return session().get_one(User, member(person=user(email="ada@northlight.example")).user_id)


def link(person: User) -> str:
    return service.create_reset(person.id).removeprefix("http://localhost")


def test_the_answer_is_the_same_for_everybody(client: FlaskClient, ada: User) -> None:
    bare = [re.sub(r'(value|content)="[^"]*"', "", ask(client, name)) for name in (ada.email, "nobody@northlight.example")]
    assert bare[0] == bare[1]
    assert "If there is an account with this name" in bare[0]


def test_the_link_stands_in_the_log_of_the_embedded_mode_only(
    app: Flask, client: FlaskClient, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as quiet:
        ask(client, ada.email)
    assert not [line for line in quiet if "link" in line]
    assert session().scalar(sa.select(sa.func.count()).select_from(PasswordReset)) == 0
    settings = app.extensions["fairlead_config"]
    monkeypatch.setitem(app.extensions, "fairlead_config", settings.model_copy(update={"EMBEDDED": True}))
    with capture_logs() as told:
        ask(client, ada.email)
    (line,) = [line for line in told if "link" in line]
    assert client.get(line["link"].removeprefix("http://localhost")).status_code == 200


def test_whoever_sends_mail_is_told_by_id_alone(client: FlaskClient, ada: User) -> None:
    ask(client, ada.email)
    name, payload = session().execute(sa.text("select name, payload from outbox")).one()
    assert (name, payload) == ("PasswordResetAsked", {"user_id": ada.id})


def test_a_link_sets_the_password_once_and_ends_sessions(app: Flask, client: FlaskClient, ada: User) -> None:
    _, token = session_row(ada, None)
    path, other = link(ada), link(ada)
    data = {"csrf_token": csrf(client, path), "password": NEW}
    assert client.post(path, data=data).location == "/auth/login"
    session().refresh(ada)
    assert check_password(NEW, ada.password_hash)
    assert client.get(path).status_code == 404
    assert client.get(other).status_code == 404  # the others are used up with it
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie["_user_id"] = token
    assert browser.get("/auth/me").status_code == 401


def test_it_ends_after_an_hour(client: FlaskClient, ada: User) -> None:
    with time_machine.travel(START, tick=False) as clock:
        path = link(ada)
        clock.shift(timedelta(minutes=59, seconds=59))
        assert client.get(path).status_code == 200
        clock.shift(timedelta(seconds=1))
        assert client.get(path).status_code == 404


def test_a_password_that_does_not_fit_leaves_the_link(client: FlaskClient, ada: User) -> None:
    path = link(ada)
    for bad in ("short", "password123", ada.email):
        assert client.post(path, data={"csrf_token": csrf(client, path), "password": bad}).status_code == 422
    assert client.post(path, data={"csrf_token": csrf(client, path), "password": NEW}).status_code == 303


def test_of_many_links_the_three_newest_are_good(client: FlaskClient, ada: User) -> None:
    paths = [link(ada) for _ in range(4)]
    assert [client.get(path).status_code for path in paths] == [404, 200, 200, 200]


def test_asking_is_slowed_down(client: FlaskClient, ada: User) -> None:
    with time_machine.travel(START, tick=False):
        page = csrf(client, "/auth/forgot")
        found = [client.post("/auth/forgot", data={"csrf_token": page, "login": "x@northlight.example"}).status_code for _ in range(6)]
    assert found == [200] * 5 + [429]


def test_the_demo_user_has_no_link(client: FlaskClient, ada: User) -> None:
    ada.demo = True
    ask(client, ada.email)
    assert session().execute(sa.text("select count(*) from outbox")).scalar() == 0
