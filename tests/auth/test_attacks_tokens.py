"""Attacks on bearer tokens and API keys."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import Membership, User
from app.core.db import session
from app.core.security import token_keys
from app.workspaces.models import Workspace
from tests.auth.doors import tokens, who
from tests.factories.auth import PASSWORD, api_key, member, signed_in
from tests.factories.workspaces import workspace

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def forged(claims: dict[str, Any], secret: str, algorithm: str, **headers: Any) -> str:
    return jwt.encode(claims, secret, algorithm=algorithm, headers=headers)


def test_forged_tokens_are_refused(client: FlaskClient, app: Flask) -> None:
    row = member()
    ada = session().get_one(User, row.user_id)
    good = tokens(client, ada.email)["access_token"]
    assert who(client, good) == 200
    with app.app_context():
        kid, secret = next(iter(token_keys().items()))
        session_key = app.config["SECRET_KEYS"][0]
    claims = jwt.decode(good, options={"verify_signature": False})
    head, body, _ = good.split(".")
    bad = [
        forged(claims, "", "none", kid=kid),
        f"{head}.{body}.",
        f"{head}.{body}",
        forged(claims, session_key, "HS256", kid=kid),
        forged(claims, "x" * 64, "HS256", kid=kid),
        forged(claims, secret, "HS512", kid=kid),
        forged(claims, secret, "HS256", kid="unknown"),
        forged(claims, secret, "HS256"),
        forged(claims, secret, "HS256", kid=""),
        forged(claims | {"aud": "pages"}, secret, "HS256", kid=kid),
        forged(claims | {"iss": "other"}, secret, "HS256", kid=kid),
        forged(claims | {"exp": 1}, secret, "HS256", kid=kid),
        forged(claims | {"sub": "1e3"}, secret, "HS256", kid=kid),
        forged(claims | {"sub": str(2**70)}, secret, "HS256", kid=kid),
        forged(claims | {"ws": 2**40}, secret, "HS256", kid=kid),
        forged(claims | {"fam": "not a uuid"}, secret, "HS256", kid=kid),
        forged({**claims, "ver": claims["ver"] - 1}, secret, "HS256", kid=kid),
        "", ".", "..", "fl_", "fl_" + "x" * 43, "\x00", "é",
    ]  # fmt: skip
    assert [who(client, token) for token in bad] == [401] * len(bad)


def test_a_token_ends_with_its_time_its_version_its_membership_and_its_family(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        row = member()
        ada = session().get_one(User, row.user_id)
        first = tokens(client, ada.email)
        clock.shift(timedelta(minutes=14, seconds=59))
        assert who(client, first["access_token"]) == 200
        clock.shift(timedelta(seconds=1))
        assert who(client, first["access_token"]) == 401
        second = client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]}).json
        assert who(client, second["access_token"]) == 200
        reused = client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
        assert reused.status_code == 401
        assert who(client, second["access_token"]) == 401
        assert client.post("/api/v1/auth/refresh", json={"refresh_token": second["refresh_token"]}).status_code == 401
        third = tokens(client, ada.email)
        ada = session().get_one(User, row.user_id)
        ada.auth_version += 1
        assert who(client, third["access_token"]) == 401
        assert client.post("/api/v1/auth/refresh", json={"refresh_token": third["refresh_token"]}).status_code == 401


def test_a_refresh_token_does_not_live_for_ever(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        ada = session().get_one(User, member().user_id)
        refresh = tokens(client, ada.email)["refresh_token"]
        alive = 0
        for _ in range(20):
            clock.shift(timedelta(days=29))
            answer = client.post("/api/v1/auth/refresh", json={"refresh_token": refresh})
            if answer.status_code != 200:
                break
            alive, refresh = alive + 1, answer.json["refresh_token"]
        assert alive < 20


def test_tokens_are_not_each_others(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    both = tokens(client, ada.email)
    assert who(client, both["refresh_token"]) == 401
    assert client.post("/api/v1/auth/refresh", json={"refresh_token": both["access_token"]}).status_code in {401, 422}
    other = workspace()
    answer = client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD, "workspace": other.id})
    assert answer.status_code == 422


def test_a_key_never_does_more_than_its_maker_may_now(client: FlaskClient) -> None:
    row = member(role="admin")
    key = api_key(membership=row)
    assert client.get("/api/v1/members", headers=key).status_code == 200
    row.role, row.may_send = "client", False
    assert client.get("/api/v1/members", headers=key).status_code == 403
    session().delete(session().get_one(Membership, row.id))
    assert client.get("/api/v1/auth/me", headers=key).status_code == 401


def test_a_key_dies_with_the_membership_and_does_not_rise_again(client: FlaskClient, app: Flask) -> None:
    owner = signed_in(client)
    place = owner.workspace_id
    leaver = member(session().get_one(Workspace, place), "admin")
    key, who_left = api_key(membership=leaver), leaver.user_id
    assert owner.call("DELETE", f"/api/v1/members/{leaver.id}").status_code == 204
    assert app.test_client().get("/api/v1/auth/me", headers=key).status_code == 401
    member(session().get_one(Workspace, place), "admin", person=session().get_one(User, who_left))
    assert app.test_client().get("/api/v1/auth/me", headers=key).status_code == 401


def test_a_key_makes_no_greater_key_nor_a_greater_member(client: FlaskClient) -> None:
    row = member(role="owner")
    small = api_key(membership=row, scopes=["api_keys.edit", "members.edit"])
    made = client.post("/api/v1/api-keys", json={"name": "Bigger", "scopes": ["customers.view"]}, headers=small)
    asked = client.post("/api/v1/invitations", json={"email": "me@evil.example", "role": "analyst"}, headers=small)
    changed = client.patch(f"/api/v1/members/{row.id}", json={"role": "client"}, headers=small)
    assert (made.status_code, asked.status_code, changed.status_code) == (403, 403, 403)


def test_a_key_is_no_person(client: FlaskClient) -> None:
    key = api_key()
    for path, data in (
        ("/account/password", {"password": PASSWORD, "new_password": "another-long-one"}),
        ("/workspaces/new", {"name": "X"}),
    ):
        assert client.post(path, data=data, headers=key).status_code == 401
