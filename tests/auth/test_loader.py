"""Who calls: sessions, access tokens and API keys, each from one query."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import ApiKey, User, UserSession
from app.core.db import any_workspace, session
from tests.factories.auth import PASSWORD, api_key, enter, member, signed_in, user
from tests.factories.workspaces import workspace

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def who(client: FlaskClient, **says: object) -> tuple[int, dict]:
    answer = client.get("/auth/me", **says)
    return answer.status_code, answer.get_json()


def test_nobody_is_nobody(client: FlaskClient) -> None:
    assert who(client)[0] == 401


def test_a_session_says_who_where_and_what(client: FlaskClient) -> None:
    browser = signed_in(client, "analyst")
    status, me = who(client)
    assert status == 200
    assert me["kind"] == "session"
    assert me["user_id"] == browser.user_id
    assert me["workspace"]["id"] == browser.workspace_id
    assert me["permissions"] == [
        "customers.view", "customers.export", "segments.view", "segments.edit", "campaigns.view", "analytics.view",
    ]  # fmt: skip


def test_a_caller_is_loaded_by_one_query(client: FlaskClient) -> None:
    signed_in(client)
    who(client)
    seen = []
    sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]))
    try:
        who(client)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert len([text for text in seen if text.lstrip().upper().startswith("SELECT")]) == 1


def test_the_statement_that_says_who_calls_is_built_once(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, key = signed_in(client), api_key()
    person = user()
    member(person=person)
    token = client.post("/api/v1/auth/login", json={"email": person.email, "password": PASSWORD}).get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    before = [who(client, headers=headers) for headers in ({}, key, bearer)]
    monkeypatch.setattr("app.auth.queries.sa.select", lambda *_: pytest.fail("It was built again."))
    assert [who(client, headers=headers) for headers in ({}, key, bearer)] == before
    assert [status for status, _ in before] == [200] * 3
    assert before[0][1]["user_id"] == browser.user_id
    assert before[2][1]["user_id"] == person.id


def test_a_session_dies_of_rest(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        signed_in(client)
        clock.shift(timedelta(minutes=119))
        assert who(client)[0] == 200
        clock.shift(timedelta(minutes=119))
        assert who(client)[0] == 200
        clock.shift(timedelta(minutes=121))
        assert who(client)[0] == 401


def test_a_session_dies_of_age(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        signed_in(client)
        for _ in range(7 * 24 - 1):
            clock.shift(timedelta(hours=1))
            assert who(client)[0] == 200
        clock.shift(timedelta(hours=1))
        assert who(client)[0] == 401


def test_a_session_is_written_once_a_minute_at_most(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        signed_in(client)
        clock.shift(timedelta(seconds=59))
        who(client)
        assert session().scalar(sa.select(UserSession.last_seen_at)) == START
        clock.shift(timedelta(seconds=1))
        who(client)
        session().expire_all()
        assert session().scalar(sa.select(UserSession.last_seen_at)) == START + timedelta(minutes=1)


def test_a_session_of_an_earlier_version_is_none(client: FlaskClient) -> None:
    browser = signed_in(client)
    session().get_one(User, browser.user_id).auth_version += 1
    assert who(client)[0] == 401


def test_somebody_who_left_goes_to_another_workspace_of_theirs(client: FlaskClient) -> None:
    first = member()
    person = session().get_one(User, first.user_id)
    second = member(person=person)
    enter(client, person, second.workspace_id)
    session().delete(second)
    assert who(client)[1]["workspace"]["id"] == first.workspace_id


def test_somebody_without_a_workspace_has_no_permission(client: FlaskClient) -> None:
    enter(client, user(), None)
    status, me = who(client)
    assert (status, me["workspace"], me["permissions"]) == (200, None, [])


def test_a_key_does_what_its_scopes_say(client: FlaskClient) -> None:
    status, me = who(client, headers=api_key(scopes=["segments.view"]))
    assert status == 200
    assert (me["kind"], me["permissions"]) == ("key", ["segments.view"])


def test_a_key_does_no_more_than_its_maker_may(client: FlaskClient) -> None:
    maker = member(role="admin")
    headers = api_key(membership=maker, scopes=["customers.edit", "settings.edit"])
    maker.role = "marketer"
    assert who(client, headers=headers)[1]["permissions"] == ["customers.edit"]
    maker.role, maker.may_send = "client", False
    assert who(client, headers=headers)[1]["permissions"] == []


def test_a_key_of_somebody_who_left_is_refused(client: FlaskClient) -> None:
    maker = member()
    headers = api_key(membership=maker)
    session().delete(maker)
    assert who(client, headers=headers)[0] == 401


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_a_key_that_has_ended_is_refused(client: FlaskClient, end: str) -> None:
    headers = api_key()
    session().execute(any_workspace(sa.update(ApiKey).values({end: START - timedelta(days=1)})))
    assert who(client, headers=headers)[0] == 401


def test_the_last_use_of_a_key_is_noted_once_a_minute(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        headers = api_key()
        last = any_workspace(sa.select(ApiKey.last_used_at))
        who(client, headers=headers)
        assert session().scalar(last) == START
        clock.shift(timedelta(seconds=59))
        who(client, headers=headers)
        assert session().scalar(last) == START
        clock.shift(timedelta(seconds=1))
        who(client, headers=headers)
        assert session().scalar(last) == START + timedelta(minutes=1)


@pytest.mark.parametrize("token", ["", "x", "fl_", "fl_unknown", "a.b.c", "é" * 50, "x" * 10_000])
def test_a_bad_bearer_is_refused_even_beside_a_good_cookie(client: FlaskClient, token: str) -> None:
    signed_in(client)
    assert who(client, headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")})[0] == 401


def test_another_scheme_is_not_ours_and_leaves_the_cookie(client: FlaskClient) -> None:
    signed_in(client)
    assert who(client, headers={"Authorization": "Basic YTpi"})[0] == 200


def test_the_demo_user_comes_only_by_loopback_on_the_embedded_database(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(client, person=user(demo=True))
    assert who(client)[0] == 401
    settings = app.extensions["fairlead_config"]
    monkeypatch.setitem(app.extensions, "fairlead_config", settings.model_copy(update={"EMBEDDED": True}))
    assert who(client, headers={"Host": "localhost:8000"})[1]["user_id"] == browser.user_id
    assert who(client, headers={"Host": "mail.northlight.example"})[0] == 401
    key = api_key(membership=member(person=user(demo=True)))
    assert who(client, headers=key | {"Host": "127.0.0.1"})[0] == 200
    assert who(client, headers=key | {"Host": "192.168.1.7"})[0] == 401


def test_a_users_own_locale_goes_before_the_workspaces(client: FlaskClient) -> None:
    signed_in(client, workspace=workspace(locale="de"), person=user(locale="fr"))
    assert who(client)[1]["workspace"]["locale"] == "fr"
