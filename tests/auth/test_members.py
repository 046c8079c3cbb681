"""Members: nobody gives, changes or takes away more than they hold, and an owner stays."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.audit.models import AuditEntry
from app.auth import queries, service
from app.auth.models import ApiKey, Membership, User
from app.auth.permissions import ROLES, of
from app.auth.schemas import MemberChange
from app.core.actor import Actor
from app.core.db import any_workspace, db, session
from app.core.errors import Invalid
from app.events.models import Outbox
from app.workspaces.models import Workspace
from tests.factories.auth import Browser, api_key, member, session_row, signed_in, user


def place(browser: Browser) -> Workspace:
    return session().get_one(Workspace, browser.workspace_id)


def roles(workspace_id: int) -> dict[int, tuple[str, bool]]:
    session().expire_all()
    return {row.id: (row.role, row.may_send) for row, _ in queries.list_members(workspace_id)}


@pytest.mark.parametrize(
    ("own", "was", "becomes", "status"),
    [
        ("owner", "client", "owner", 303),
        ("owner", "owner", "client", 303),
        ("owner", "admin", "marketer", 303),
        ("admin", "marketer", "admin", 303),
        ("admin", "client", "owner", 403),
        ("admin", "owner", "client", 403),
        ("marketer", "client", "analyst", 403),
        ("analyst", "client", "client", 403),
        ("client", "client", "analyst", 403),
    ],
)
def test_who_may_make_whom_what(client: FlaskClient, own: Any, was: Any, becomes: str, status: int) -> None:
    browser = signed_in(client, own)
    row = member(place(browser), was)
    assert browser.post(f"/settings/members/{row.id}", {"role": becomes}).status_code == status
    assert roles(browser.workspace_id)[row.id][0] == (becomes if status == 303 else was)


def test_a_new_role_ends_the_members_sessions(client: FlaskClient, app: Flask) -> None:
    browser = signed_in(client)
    row = member(place(browser), "marketer")
    _, token = session_row(session().get_one(User, row.user_id), browser.workspace_id)
    browser.post(f"/settings/members/{row.id}", {"role": "analyst"})
    other = app.test_client()
    with other.session_transaction() as cookie:
        cookie["_user_id"] = token
    assert other.get("/auth/me").status_code == 401
    entry = session().scalars(sa.select(AuditEntry).where(AuditEntry.workspace_id == browser.workspace_id)).one()
    assert (entry.action, entry.before, entry.after) == ("member.updated", {"role": "marketer"}, {"role": "analyst"})


def test_nothing_changed_ends_nothing(client: FlaskClient) -> None:
    browser = signed_in(client)
    row = member(place(browser), "marketer")
    browser.post(f"/settings/members/{row.id}", {"role": "marketer"})
    assert session().get_one(User, row.user_id).auth_version == 1


@pytest.mark.parametrize(("role", "status"), [("owner", 303), ("admin", 303), ("marketer", 303), ("analyst", 422), ("client", 422)])
def test_sending_is_for_some_roles(client: FlaskClient, role: str, status: int) -> None:
    browser = signed_in(client)
    row = member(place(browser), "client")
    answer = browser.post(f"/settings/members/{row.id}", {"role": role, "may_send": "true"})
    assert answer.status_code == status
    if status == 422:
        assert "analysts and clients cannot" in answer.get_data(as_text=True)


def test_sending_is_given_by_those_who_have_it_and_by_owners(client: FlaskClient) -> None:
    browser = signed_in(client, "admin", may_send=False)
    row = member(place(browser), "marketer")
    assert browser.post(f"/settings/members/{row.id}", {"role": "marketer", "may_send": "true"}).status_code == 403
    assert service.may_give(ROLES["owner"], "marketer", may_send=True)


@pytest.mark.parametrize("act", ["demote", "remove"])
def test_the_last_owner_stays(client: FlaskClient, act: str) -> None:
    browser = signed_in(client)
    path, data = {"demote": ("", {"role": "admin"}), "remove": ("/remove", {})}[act]
    answer = browser.post(f"/settings/members/{browser.membership_id}{path}", data)
    assert answer.status_code == 422
    assert "This is the last owner. Make somebody else an owner first." in answer.get_data(as_text=True)
    assert roles(browser.workspace_id) == {browser.membership_id: ("owner", True)}


@pytest.mark.committed
def test_two_owners_who_step_down_at_once_leave_one(app: Flask, database: None) -> None:
    first = member()
    second = member(session().get_one(Workspace, first.workspace_id))
    ids, workspace_id = (first.id, second.id), first.workspace_id
    session().commit()
    barrier, refused = threading.Barrier(2), []

    def step_down(member_id: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                service.change_member(workspace_id, member_id, MemberChange(role="admin"), of("owner", may_send=True), Actor.system())
                session().commit()
            except Invalid as no:
                refused.append(no)
                session().rollback()
            db.session.remove()

    threads = [threading.Thread(target=step_down, args=(number,)) for number in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert sorted(role for role, _ in roles(workspace_id).values()) == ["admin", "owner"]


def test_removed_the_member_is_gone_with_keys_and_sessions(client: FlaskClient) -> None:
    browser = signed_in(client, "admin")
    row = member(place(browser), "marketer")
    headers, user_id = api_key(membership=row), row.user_id
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 200
    assert browser.post(f"/settings/members/{row.id}/remove").status_code == 303
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 401
    session().expire_all()
    assert session().scalars(any_workspace(sa.select(ApiKey.revoked_at).where(ApiKey.created_by == user_id))).one() is not None
    assert session().get_one(User, user_id).auth_version == 2
    event = session().scalars(any_workspace(sa.select(Outbox).where(Outbox.workspace_id == browser.workspace_id))).one()
    assert (event.name, event.payload) == ("MemberRemoved", {"user_id": user_id})


def test_the_pages_show_members_to_those_who_may_see_settings(client: FlaskClient) -> None:
    browser = signed_in(client, "marketer")
    member(place(browser), "client", person=user("Noor <b>van</b> den Berg"))
    page = browser.get("/settings/members").get_data(as_text=True)
    assert "Noor &lt;b&gt;van&lt;/b&gt; den Berg" in page
    assert "/settings/members/invite" not in page
    assert browser.get("/settings/roles").status_code == 200


def test_by_api_too(client: FlaskClient) -> None:
    owner = member()
    headers = api_key(membership=owner)
    row_id, owner_id = member(session().get_one(Workspace, owner.workspace_id), "client").id, owner.id
    items = client.get("/api/v1/members", headers=headers).get_json()["items"]
    assert {item["id"] for item in items} == {owner_id, row_id}
    changed = client.patch(f"/api/v1/members/{row_id}", json={"role": "analyst"}, headers=headers)
    assert (changed.status_code, changed.get_json()["role"]) == (200, "analyst")
    assert client.patch(f"/api/v1/members/{row_id}", json={"role": "king"}, headers=headers).get_json()["errors"].keys() == {"role"}
    assert client.delete(f"/api/v1/members/{row_id}", headers=headers).status_code == 204
    assert session().scalars(any_workspace(sa.select(Membership.id).where(Membership.id == row_id))).first() is None


def test_the_list_of_members_asks_the_same_number_of_questions_for_one_and_for_three(client: FlaskClient) -> None:
    browser = signed_in(client)

    def questions() -> int:
        seen: list[object] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]))
        try:
            browser.get("/settings/members")
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        return len([text for text in seen if str(text).startswith("SELECT")])

    questions()
    one = questions()
    member(place(browser), "client")
    member(place(browser), "client")
    assert questions() == one
