"""Access and refresh tokens for programs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pyotp
import pytest
import time_machine
from flask.testing import FlaskClient

from app.auth import bearer
from app.auth.models import Membership, User
from app.core.db import session
from app.core.security import seal, token_keys
from app.workspaces.models import Workspace
from tests.factories.auth import PASSWORD, member, user
from tests.factories.workspaces import workspace

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def login(client: FlaskClient, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post("/api/v1/auth/login", json={"password": PASSWORD} | body)
    return answer.status_code, answer.get_json()


def me(client: FlaskClient, token: str) -> tuple[int, dict[str, Any]]:
    answer = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.get_json()


@pytest.fixture
def ada(database: None) -> Membership:
    return member(role="marketer", person=user(email="ada@northlight.example", username="ada"))


@pytest.mark.parametrize("name", [{"email": "ADA@northlight.example"}, {"username": "ada"}, {"username": "ada@northlight.example"}])
def test_a_token_says_who_and_where(client: FlaskClient, ada: Membership, name: dict[str, str]) -> None:
    status, tokens = login(client, **name)
    assert status == 200
    assert set(tokens) == {"access_token", "refresh_token", "expires_in", "token_type"}
    assert tokens["expires_in"] == 900
    found = me(client, tokens["access_token"])[1]
    assert (found["kind"], found["user_id"], found["workspace"]["id"], found["role"]) == ("jwt", ada.user_id, ada.workspace_id, "marketer")


@pytest.mark.parametrize("by", ["id", "slug"])
def test_it_is_for_the_workspace_named(client: FlaskClient, ada: Membership, by: str) -> None:
    second = member(role="analyst", person=session().get_one(User, ada.user_id))
    wanted = session().get_one(Workspace, second.workspace_id)
    tokens = login(client, username="ada", workspace=getattr(wanted, by))[1]
    found = me(client, tokens["access_token"])[1]
    assert (found["workspace"]["id"], found["role"]) == (wanted.id, "analyst")


def test_not_for_one_where_one_is_no_member(client: FlaskClient, ada: Membership) -> None:
    for wanted in (workspace().id, "no-such-place", 2**31 - 1):
        status, problem = login(client, username="ada", workspace=wanted)
        assert (status, problem["errors"]) == (422, {"workspace": "You are a member of no such workspace."})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"username": "ada", "email": "ada@northlight.example"}, ""),
        ({"username": 3}, "username"),
        ({"username": "ada", "password": None}, "password"),
        ({"username": "ada", "extra": 1}, "extra"),
        ({"username": "x" * 300}, "username"),
        ({"username": "a\x00b"}, "username"),
    ],
)
def test_what_does_not_fit_is_named(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    status, problem = login(client, **body)
    assert status == 422
    assert field in problem["errors"]


def test_a_wrong_password_is_401_and_after_five_429(client: FlaskClient, ada: Membership) -> None:
    with time_machine.travel(START, tick=False):
        found = [login(client, username="ada", password="wrong")[0] for _ in range(6)]
    assert found == [401] * 5 + [429]


def test_it_ends_after_fifteen_minutes(client: FlaskClient, ada: Membership) -> None:
    with time_machine.travel(START, tick=False) as clock:
        token = login(client, username="ada")[1]["access_token"]
        clock.shift(timedelta(minutes=14, seconds=59))
        assert me(client, token)[0] == 200
        clock.shift(timedelta(seconds=1))
        assert me(client, token)[0] == 401


def test_it_dies_with_the_role_and_with_the_membership(client: FlaskClient, ada: Membership) -> None:
    token = login(client, username="ada")[1]["access_token"]
    session().delete(session().get_one(Membership, ada.id))
    assert me(client, token)[0] == 401


def test_a_session_cookie_beside_it_is_not_read(client: FlaskClient, ada: Membership) -> None:
    token = login(client, username="ada")[1]["access_token"]
    answer = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert "Set-Cookie" not in answer.headers


class TestRefresh:
    def refresh(self, client: FlaskClient, token: str) -> tuple[int, dict[str, Any]]:
        answer = client.post("/api/v1/auth/refresh", json={"refresh_token": token})
        return answer.status_code, answer.get_json()

    def test_it_gives_new_tokens_once(self, client: FlaskClient, ada: Membership) -> None:
        first = login(client, username="ada")[1]
        status, second = self.refresh(client, first["refresh_token"])
        assert status == 200
        assert me(client, second["access_token"])[0] == 200
        assert second["refresh_token"] != first["refresh_token"]

    def test_used_twice_it_ends_the_family_access_tokens_too(self, client: FlaskClient, ada: Membership) -> None:
        first = login(client, username="ada")[1]
        second = self.refresh(client, first["refresh_token"])[1]
        other = login(client, username="ada")[1]
        assert self.refresh(client, first["refresh_token"])[0] == 401
        assert self.refresh(client, second["refresh_token"])[0] == 401
        assert me(client, second["access_token"])[0] == 401
        assert me(client, other["access_token"])[0] == 200  # another sign-in is another family

    def test_it_ends_after_thirty_days(self, client: FlaskClient, ada: Membership) -> None:
        with time_machine.travel(START, tick=False) as clock:
            token = login(client, username="ada")[1]["refresh_token"]
            clock.shift(timedelta(days=30))
            assert self.refresh(client, token)[0] == 401

    def test_it_dies_with_the_password(self, client: FlaskClient, ada: Membership) -> None:
        token = login(client, username="ada")[1]["refresh_token"]
        session().get_one(User, ada.user_id).auth_version += 1
        assert self.refresh(client, token)[0] == 401

    @pytest.mark.parametrize("token", ["x", "é", "x" * 200])
    def test_an_unknown_one_is_401(self, client: FlaskClient, token: str) -> None:
        assert self.refresh(client, token)[0] == 401


def test_signing_out_ends_the_family(client: FlaskClient, ada: Membership) -> None:
    tokens = login(client, username="ada")[1]
    assert client.post("/api/v1/auth/logout", headers={"Authorization": f"Bearer {tokens['access_token']}"}).status_code == 204
    assert me(client, tokens["access_token"])[0] == 401
    assert client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]}).status_code == 401


def test_codes_are_asked_for(client: FlaskClient, ada: Membership) -> None:
    person = session().get_one(User, ada.user_id)
    person.totp_secret, person.totp_since = seal(SECRET), START
    status, problem = login(client, username="ada")
    assert (status, problem["errors"]) == (422, {"totp": "This account asks for a one-time code."})
    assert login(client, username="ada", totp="000000")[0] == 401
    assert login(client, username="ada", totp=pyotp.TOTP(SECRET).now())[0] == 200


class TestBearer:
    KEYS = {"new": "n" * 64, "old": "o" * 64}
    CLAIMS = bearer.Claims(7, 3, 2, "5b1ad0b5-6d2f-4b3c-9a3e-1b7a2f1f0c11")

    def test_what_goes_in_comes_out(self) -> None:
        assert bearer.decode(bearer.encode(self.CLAIMS, self.KEYS, START), self.KEYS, START) == self.CLAIMS

    def test_the_first_key_signs_and_all_are_known(self) -> None:
        token = bearer.encode(self.CLAIMS, {"old": self.KEYS["old"]}, START)
        assert jwt.get_unverified_header(bearer.encode(self.CLAIMS, self.KEYS, START))["kid"] == "new"
        assert bearer.decode(token, self.KEYS, START) == self.CLAIMS
        assert bearer.decode(token, {"new": self.KEYS["new"]}, START) is None

    def test_nothing_unsigned_or_otherwise_signed_counts(self) -> None:
        said = jwt.decode(bearer.encode(self.CLAIMS, self.KEYS, START), options={"verify_signature": False})
        for made in (
            jwt.encode(said, None, algorithm="none", headers={"kid": "new"}),
            jwt.encode(said, "x" * 64, algorithm="HS256", headers={"kid": "new"}),
            jwt.encode(said, self.KEYS["new"], algorithm="HS512", headers={"kid": "new"}),
            jwt.encode(said, self.KEYS["new"], algorithm="HS256"),
            jwt.encode(said | {"aud": "mail"}, self.KEYS["new"], algorithm="HS256", headers={"kid": "new"}),
            jwt.encode({k: v for k, v in said.items() if k != "exp"}, self.KEYS["new"], algorithm="HS256", headers={"kid": "new"}),
            jwt.encode(said | {"ws": "x"}, self.KEYS["new"], algorithm="HS256", headers={"kid": "new"}),
        ):
            assert bearer.decode(made, self.KEYS, START) is None

    def test_keys_of_tokens_are_not_the_keys_of_cookies(self, database: None) -> None:
        keys = token_keys()
        assert "s" * 32 not in keys.values()
        assert all(len(name) == 8 for name in keys)
