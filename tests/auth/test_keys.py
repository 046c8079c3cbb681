"""API keys: made, shown once, listed, revoked."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.audit.models import AuditEntry
from app.auth.models import ApiKey
from app.core.db import any_workspace, session
from app.core.security import digest
from app.core.time import now
from tests.factories.auth import api_key, member, signed_in


def keys() -> list[ApiKey]:
    return list(session().scalars(any_workspace(sa.select(ApiKey).order_by(ApiKey.id))))


def test_a_key_is_shown_once_and_kept_as_a_digest(client: FlaskClient) -> None:
    browser = signed_in(client, "admin")
    page = browser.post("/settings/api-keys/new", {"name": "Shop", "scopes": ["segments.view", "customers.view"], "days": "30"})
    found = re.search(r"fl_[\w-]{43}", page.get_data(as_text=True))
    assert found
    (row,) = keys()
    assert row.token_digest == digest(found[0])
    assert row.scopes == ["customers.view", "segments.view"]
    assert row.hint == found[0][:8]
    assert timedelta(days=29) < (row.expires_at or now()) - now() <= timedelta(days=30)
    listed = browser.get("/settings/api-keys").get_data(as_text=True)
    assert found[0] not in listed
    assert row.hint in listed
    entry = session().scalars(sa.select(AuditEntry).where(AuditEntry.workspace_id == browser.workspace_id)).one()
    assert (entry.action, entry.after and entry.after["scopes"]) == ("api_key.created", row.scopes)
    assert found[0] not in str(entry.after)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"scopes": ["segments.view"]}, "f-name-why"),
        ({"name": "Shop"}, "scopes-why"),
        ({"name": "Shop", "scopes": ["fly"]}, "scopes-why"),
        ({"name": "Shop", "scopes": ["segments.view"], "days": "31"}, "f-days-why"),
    ],
)
def test_what_is_wrong_is_named(client: FlaskClient, form: dict[str, object], field: str) -> None:
    answer = signed_in(client).post("/settings/api-keys/new", form)
    assert answer.status_code == 422
    assert f'id="{field}"' in answer.get_data(as_text=True)


def test_a_key_can_do_no_more_than_its_maker(client: FlaskClient) -> None:
    browser = signed_in(client, "admin")
    answer = browser.call("POST", "/api/v1/api-keys", {"name": "Shop", "scopes": ["workspace.delete"]})
    assert answer.status_code == 403
    assert "workspace.delete" in answer.get_json()["detail"]


def test_a_key_can_make_no_stronger_key(client: FlaskClient) -> None:
    headers = api_key(role="owner", scopes=["api_keys.edit", "segments.view"])
    body = {"name": "Child", "scopes": ["customers.delete"]}
    assert client.post("/api/v1/api-keys", json=body, headers=headers).status_code == 403
    body["scopes"] = ["segments.view"]
    made = client.post("/api/v1/api-keys", json=body, headers=headers)
    assert made.status_code == 201
    child = {"Authorization": f"Bearer {made.get_json()['key']}"}
    assert client.get("/api/v1/auth/me", headers=child).get_json()["permissions"] == ["segments.view"]


def test_listed_with_last_use_and_revoked(client: FlaskClient) -> None:
    maker = member()
    headers, other = api_key(membership=maker), api_key(membership=maker)
    client.get("/api/v1/auth/me", headers=other, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    items = client.get("/api/v1/api-keys", headers=headers).get_json()["items"]
    assert [item["last_used_from"] for item in items] == ["203.0.113.9", "127.0.0.1"]
    assert all("token_digest" not in item and "key" not in item for item in items)
    assert client.delete(f"/api/v1/api-keys/{items[0]['id']}", headers=headers).status_code == 204
    assert client.get("/api/v1/auth/me", headers=other).status_code == 401
    assert client.delete(f"/api/v1/api-keys/{items[0]['id']}", headers=headers).status_code == 404


@pytest.mark.parametrize("at", ["2020-01-01T00:00:00Z", "2020-01-01", "soon", 3])
def test_an_end_that_has_passed_or_is_none_is_refused(client: FlaskClient, at: object) -> None:
    body = {"name": "Shop", "scopes": ["segments.view"], "expires_at": at}
    answer = client.post("/api/v1/api-keys", json=body, headers=api_key())
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["expires_at"]


def test_the_secret_is_not_kept_for_an_idempotency_key(client: FlaskClient) -> None:
    headers = api_key() | {"Idempotency-Key": "once"}
    body = {"name": "Shop", "scopes": ["segments.view"]}
    secret = client.post("/api/v1/api-keys", json=body, headers=headers).get_json()["key"]
    again = client.post("/api/v1/api-keys", json=body, headers=headers)
    assert again.status_code == 409
    assert len(keys()) == 2
    kept = session().execute(sa.text("select status, body from idempotency_keys")).one()
    assert kept == (201, None)
    assert secret
