"""Attacks on roles, workspaces, invitations and links."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.auth import service
from app.auth.models import ApiKey, Invitation, Membership
from app.core.db import any_workspace, session
from app.workspaces.models import Workspace
from tests.auth.doors import token_on
from tests.factories.auth import api_key, member, signed_in, user
from tests.factories.workspaces import brand


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst", "client"])
def test_nobody_raises_themselves(client: FlaskClient, role: str) -> None:
    browser = signed_in(client, role)  # type: ignore[arg-type]
    answer = browser.call("PATCH", f"/api/v1/members/{browser.membership_id}", {"role": "owner", "may_send": True})
    assert answer.status_code == 403
    form = browser.post(f"/settings/members/{browser.membership_id}", {"role": "owner", "may_send": "true"})
    assert form.status_code == 403
    session().expire_all()
    assert session().scalar(any_workspace(sa.select(Membership.role).where(Membership.id == browser.membership_id))) == role


def test_an_admin_neither_makes_nor_unmakes_an_owner(client: FlaskClient) -> None:
    browser = signed_in(client, "admin")
    place = session().get_one(Workspace, browser.workspace_id)
    owner, other = member(place, "owner"), member(place, "analyst")
    tries = [
        browser.call("PATCH", f"/api/v1/members/{owner.id}", {"role": "client"}),
        browser.call("DELETE", f"/api/v1/members/{owner.id}"),
        browser.call("PATCH", f"/api/v1/members/{other.id}", {"role": "owner"}),
        browser.call("POST", "/api/v1/invitations", {"email": "x@evil.example", "role": "owner"}),
    ]
    assert [answer.status_code for answer in tries] == [403] * 4


def test_an_admin_who_may_not_send_gives_sending_to_nobody(client: FlaskClient) -> None:
    browser = signed_in(client, "admin", may_send=False)
    other = member(session().get_one(Workspace, browser.workspace_id), "marketer", may_send=False)
    tries = [
        browser.call("PATCH", f"/api/v1/members/{other.id}", {"role": "marketer", "may_send": True}),
        browser.call("PATCH", f"/api/v1/members/{browser.membership_id}", {"role": "admin", "may_send": True}),
        browser.call("POST", "/api/v1/invitations", {"email": "x@evil.example", "role": "marketer", "may_send": True}),
        browser.call("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["campaigns.send"]}),
    ]
    assert [answer.status_code for answer in tries] == [403] * 4


def test_what_belongs_to_another_workspace_is_not_there(client: FlaskClient) -> None:
    browser = signed_in(client)
    theirs = member()
    key = api_key(membership=theirs)
    theirs_key = session().scalars(any_workspace(sa.select(ApiKey.id).where(ApiKey.workspace_id == theirs.workspace_id))).one()
    picture = brand(theirs.workspace_id, "Theirs")
    asked = client.post("/api/v1/invitations", json={"email": "y@northlight.example"}, headers=key).json["id"]
    tries = [
        browser.call("PATCH", f"/api/v1/members/{theirs.id}", {"role": "client"}),
        browser.call("DELETE", f"/api/v1/members/{theirs.id}"),
        browser.call("DELETE", f"/api/v1/api-keys/{theirs_key}"),
        browser.call("DELETE", f"/api/v1/invitations/{asked}"),
        browser.get(f"/settings/members/{theirs.id}"),
        browser.post(f"/settings/members/{theirs.id}", {"role": "client"}),
        browser.post(f"/settings/members/{theirs.id}/remove"),
        browser.post(f"/settings/api-keys/{theirs_key}/revoke"),
        browser.post(f"/settings/members/invitations/{asked}/revoke"),
        browser.get(f"/settings/brands/{picture.id}"),
        browser.post(f"/settings/brands/{picture.id}", {"name": "Mine"}),
        browser.post(f"/settings/brands/{picture.id}/delete"),
        browser.get(f"/settings/brands/{picture.id}/logo"),
        browser.post(f"/settings/brands/{picture.id}/logo/remove"),
        browser.post("/workspaces/switch", {"workspace_id": theirs.workspace_id}),
        browser.post(f"/account/workspaces/{theirs.workspace_id}/leave"),
    ]
    assert [answer.status_code for answer in tries] == [404] * len(tries)


@pytest.mark.parametrize(
    "extra", [{"workspace_id": 1}, {"user_id": 1}, {"id": 1}, {"auth_version": 9}, {"demo": True}, {"permissions": ["*"]}]
)
def test_nothing_is_set_that_was_not_asked_for(client: FlaskClient, extra: dict[str, Any]) -> None:
    browser = signed_in(client)
    assert browser.call("PATCH", f"/api/v1/members/{browser.membership_id}", {"role": "owner"} | extra).status_code == 422
    assert browser.post("/account", {"name": "Ada"} | extra).status_code == 422


def test_an_invitation_is_good_once_and_for_its_address(client: FlaskClient, app: Flask) -> None:
    owner = signed_in(client)
    link = owner.call("POST", "/api/v1/invitations", {"email": "eve@northlight.example", "role": "client"}).json["link"]
    path = link.removeprefix("http://localhost")
    stranger = signed_in(app.test_client())
    user(email="eve@northlight.example")
    assert stranger.post(path).status_code == 403
    session().expire_all()
    assert session().scalar(any_workspace(sa.select(Invitation.accepted_at))) is None


def test_an_invitation_ends_with_the_power_of_who_gave_it(client: FlaskClient, app: Flask) -> None:
    owner = signed_in(client)
    fired = member(session().get_one(Workspace, owner.workspace_id), "admin")
    key = api_key(membership=fired)
    made = [
        app.test_client().post("/api/v1/invitations", json={"email": f"me{n}@evil.example", "role": "admin"}, headers=key) for n in range(2)
    ]
    path = made[0].json["link"].removeprefix("http://localhost")
    assert app.test_client().get(path).status_code == 200
    assert owner.call("DELETE", f"/api/v1/members/{fired.id}").status_code == 204
    assert app.test_client().get(path).status_code == 404


def test_an_invitation_ends_when_who_gave_it_is_made_less(client: FlaskClient, app: Flask) -> None:
    owner = signed_in(client)
    lowered = member(session().get_one(Workspace, owner.workspace_id), "admin")
    made = app.test_client().post(
        "/api/v1/invitations", json={"email": "me@evil.example", "role": "admin"}, headers=api_key(membership=lowered)
    )
    assert owner.call("PATCH", f"/api/v1/members/{lowered.id}", {"role": "analyst"}).status_code == 200
    assert app.test_client().get(made.json["link"].removeprefix("http://localhost")).status_code == 404


def test_a_reset_link_is_good_once_and_takes_the_others_with_it(client: FlaskClient) -> None:
    row = member()
    first, second = (service.create_reset(row.user_id).removeprefix("http://localhost") for _ in range(2))
    page = client.get(first)
    data = {"csrf_token": token_on(page), "password": "a-new-long-password"}
    assert client.post(first, data=data).status_code == 303
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 404)
    fresh = token_on(client.get("/auth/login"))
    assert client.post(first, data=data | {"csrf_token": fresh}).status_code == 404
