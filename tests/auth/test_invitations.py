"""Invitations: one address, one link, one use, seven days."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.auth import queries
from app.auth.models import Invitation, Membership, User
from app.auth.permissions import Role
from app.core.db import any_workspace, session
from app.core.security import digest
from tests.factories.auth import PASSWORD, Browser, api_key, invitation, signed_in, user
from tests.factories.workspaces import workspace

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
GRACE = "grace@northlight.example"


def invite(browser: Browser, **data: Any) -> str:
    page = browser.post("/settings/members/invite", {"email": GRACE, "role": "marketer"} | data).get_data(as_text=True)
    found = re.search(r"http://localhost(/invitations/[\w-]{43})", page)
    assert found
    return found[1]


def fields(client: FlaskClient, path: str) -> dict[str, str]:
    page = client.get(path).get_data(as_text=True)
    found = {name: re.search(f'name="{name}" value="([^"]*)"', page) for name in ("csrf_token", "_workspace")}
    return {name: match[1] for name, match in found.items() if match}


def accept(client: FlaskClient, path: str, **data: str) -> int:
    return client.post(path, data=fields(client, path) | data).status_code


def roles_of(email: str) -> list[tuple[int, str, bool]]:
    rows = session().execute(
        any_workspace(
            sa.select(Membership.workspace_id, Membership.role, Membership.may_send).join(User, User.id == Membership.user_id)
        ).where(User.email == email)
    )
    return [tuple(row) for row in rows]


def test_somebody_new_makes_an_account_and_is_in(app: Flask, client: FlaskClient) -> None:
    browser = signed_in(client)
    path = invite(browser, may_send="true")
    (row,) = session().scalars(sa.select(Invitation).where(Invitation.workspace_id == browser.workspace_id))
    assert row.token_digest == digest(path.rpartition("/")[2])
    new = app.test_client()
    assert "marketer" in new.get(path).get_data(as_text=True)
    assert accept(new, path, name="Grace Hopper", password=PASSWORD) == 303
    assert new.get("/auth/me").get_json()["workspace"]["id"] == browser.workspace_id
    assert roles_of(GRACE) == [(browser.workspace_id, "marketer", True)]
    assert app.test_client().get(path).status_code == 404  # once


def test_somebody_with_an_account_signs_in_and_joins(app: Flask, client: FlaskClient) -> None:
    path = invite(signed_in(client))
    other = app.test_client()
    theirs = signed_in(other, person=user("Grace", email="Grace@northlight.example"))
    assert accept(other, path) == 303
    assert len(theirs.get("/auth/me").get_json()["workspaces"]) == 2


def test_somebody_else_cannot_take_it(app: Flask, client: FlaskClient) -> None:
    path = invite(signed_in(client))
    user(email=GRACE)
    other = app.test_client()
    signed_in(other)
    assert accept(other, path) == 403
    assert roles_of(GRACE) == []


def test_an_account_cannot_be_taken_over_by_a_link(app: Flask, client: FlaskClient) -> None:
    """Whoever holds the link of an address that has an account can set no password and no name."""
    path = invite(signed_in(client))
    person = user(email=GRACE)
    kept = person.password_hash
    thief = app.test_client()
    data = fields(thief, "/auth/login") | {"name": "Thief", "password": "a password of theirs"}
    answer = thief.post(path, data=data)
    assert answer.location == f"/auth/login?next={path}"
    session().refresh(person)
    assert person.password_hash == kept


def test_it_ends_after_seven_days(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        path = invite(signed_in(client))
        clock.shift(timedelta(days=7))
        assert client.get(path).status_code == 404


def test_a_new_one_ends_the_earlier(client: FlaskClient) -> None:
    browser = signed_in(client)
    first, second = invite(browser), invite(browser, email=GRACE.upper().replace("NORTHLIGHT.EXAMPLE", "northlight.example"))
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200


def test_withdrawn_it_leads_nowhere(client: FlaskClient) -> None:
    browser = signed_in(client)
    path = invite(browser)
    (row,) = session().scalars(sa.select(Invitation).where(Invitation.workspace_id == browser.workspace_id))
    assert browser.post(f"/settings/members/invitations/{row.id}/revoke").status_code == 303
    assert client.get(path).status_code == 404
    assert browser.post(f"/settings/members/invitations/{row.id}/revoke").status_code == 404


@pytest.mark.parametrize(("own", "role", "status"), [("admin", "admin", 200), ("admin", "owner", 403), ("owner", "owner", 200)])
def test_nobody_invites_somebody_above_them(client: FlaskClient, own: Role, role: str, status: int) -> None:
    assert signed_in(client, own).post("/settings/members/invite", {"email": GRACE, "role": role}).status_code == status


def test_a_member_is_not_invited_again(client: FlaskClient) -> None:
    browser = signed_in(client)
    invited = session().get_one(User, browser.user_id).email.upper().replace("NORTHLIGHT.EXAMPLE", "northlight.example")
    answer = browser.post("/settings/members/invite", {"email": invited})
    assert answer.status_code == 422
    assert "is a member already" in answer.get_data(as_text=True)


def test_by_api_the_link_comes_once(client: FlaskClient) -> None:
    headers = api_key()
    made = client.post("/api/v1/invitations", json={"email": GRACE, "role": "client"}, headers=headers)
    assert made.status_code == 201
    assert client.get(made.get_json()["link"].removeprefix("http://localhost")).status_code == 200
    (listed,) = client.get("/api/v1/invitations", headers=headers).get_json()["items"]
    assert "link" not in listed
    assert client.delete(f"/api/v1/invitations/{listed['id']}", headers=headers).status_code == 204


def test_open_ones_are_listed(client: FlaskClient) -> None:
    browser = signed_in(client)
    invitation(browser.workspace_id)
    invitation(workspace().id, "stranger@northlight.example")
    page = browser.get("/settings/members").get_data(as_text=True)
    assert GRACE in page
    assert "stranger" not in page


def test_a_password_that_does_not_fit_keeps_the_invitation(app: Flask, client: FlaskClient) -> None:
    path = invite(signed_in(client))
    other = app.test_client()
    assert accept(other, path, name="Grace", password="short") == 422
    assert accept(other, path, name="Grace", password=GRACE) == 422
    assert queries.find_by_email(GRACE) is None
    assert accept(other, path, name="Grace", password=PASSWORD) == 303


def test_joining_tells_the_log_who(app: Flask, client: FlaskClient) -> None:
    browser = signed_in(client)
    accept(app.test_client(), invite(browser), name="Grace", password=PASSWORD)
    said = session().execute(
        sa.text("select action, actor from audit_log where workspace_id = :w order by id"), {"w": browser.workspace_id}
    )
    assert [tuple(row) for row in said] == [
        ("invitation.created", "Ada Okonkwo"),
        ("member.joined", "Grace"),
        ("user.signed_in", "Grace"),
    ]
