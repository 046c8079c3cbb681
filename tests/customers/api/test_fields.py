"""Custom fields over the API, and what happens to their values."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core import registry
from app.core.db import session
from app.core.registry import Use
from app.customers.models import Customer, CustomerField, SavedView
from app.customers.service import fields as service
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_customer, a_field
from tests.factories.workspaces import workspace


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def send(browser: Browser, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    answer = browser.call(method, f"/api/v1/customers/fields{path}", json=body)
    return answer.status_code, answer.get_json() if answer.data else {}


def test_a_field_is_made_renamed_and_listed(browser: Browser) -> None:
    a_field(workspace().id, "elsewhere")
    status, made = send(browser, "POST", "", {"label": "Shoe size", "key": "Shoe size", "type": "number"})
    assert (status, made["key"], made["type"], made["choices"]) == (201, "shoe_size", "number", None)
    status, made = send(browser, "POST", "", {"label": "Plan", "key": "plan", "type": "text", "choices": ["free", "pro", "pro"]})
    assert (status, made["choices"]) == (201, ["free", "pro"])
    status, renamed = send(browser, "PATCH", f"/{made['id']}", {"label": "Abo"})
    assert (status, renamed["label"], renamed["choices"]) == (200, "Abo", ["free", "pro"])
    assert [row["key"] for row in send(browser, "GET", "")[1]["items"]] == ["plan", "shoe_size"]
    every = {row["path"]: row for row in send(browser, "GET", "/all")[1]["items"]}
    assert every["fields.plan"] | {} == {
        "path": "fields.plan", "label": "Abo", "type": "text", "source": "custom", "choices": ["free", "pro"], "editable": True,
    }  # fmt: skip
    assert {"email", "tags", "consent.email", "stats.lifetime_value", "stats.last_activity_at", "created_at"} <= every.keys()


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"label": "", "key": "x", "type": "text"}, {"label": "This is needed."}),
        ({"label": "X", "key": "1x", "type": "text"}, {"key": "String should match pattern '^[a-z][a-z0-9_]*$'."}),
        ({"label": "X", "key": "taken", "type": "text"}, {"key": "There is a field with this key, or one is being removed just now."}),
        ({"label": "X", "key": "x", "type": "number", "choices": ["1"]}, {"": "Only texts and lists have choices."}),
    ],
)
def test_what_does_not_fit_is_named(browser: Browser, body: dict[str, Any], errors: dict[str, str]) -> None:
    a_field(browser.workspace_id, "taken")
    status, answer = send(browser, "POST", "", body)
    assert (status, answer["errors"]) == (422, errors)


def test_a_field_in_use_stays(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    row = a_field(browser.workspace_id, "plan", label="Plan")
    view = SavedView(workspace_id=browser.workspace_id, name="Pros", query="country=US&fields.plan=pro")
    session().add(view)
    monkeypatch.setattr(registry, "field_uses", [lambda _, path: [Use("Segment “Big”", "/segments/1")] if path == "fields.plan" else []])
    status, answer = send(browser, "DELETE", f"/{row.id}")
    assert (status, answer["detail"]) == (409, "Plan is used by View “Pros”, Segment “Big”. Take it out there first.")


def test_a_deleted_field_takes_its_values_along(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    here = browser.workspace_id
    row, other = a_field(here, "plan"), workspace().id
    people = [a_customer(here, attributes=values) for values in ({"plan": "pro", "size": 1}, {"size": 2}, {"plan": "free"})]
    stranger = a_customer(other, attributes={"plan": "pro"})
    field_id = row.id
    assert send(browser, "DELETE", f"/{field_id}")[0] == 204
    assert send(browser, "GET", "")[1]["items"] == []
    assert send(browser, "POST", "", {"label": "Plan", "key": "plan", "type": "text"})[0] == 422
    monkeypatch.setattr(service, "_STEP", 2)
    steps = 0
    while service.strip(here, field_id):
        steps += 1
    assert steps == 2
    session().expire_all()
    values = [session().get_one(Customer, person.id).attributes for person in (*people, stranger)]
    assert values == [{"size": 1}, {"size": 2}, {}, {"plan": "pro"}]
    assert [session().get_one(Customer, person.id).version for person in people] == [2, 1, 2]
    assert session().scalar(sa.select(CustomerField.id).where(CustomerField.workspace_id == here)) is None
    assert send(browser, "POST", "", {"label": "Plan", "key": "plan", "type": "text"})[0] == 201


def test_a_field_of_another_workspace_is_not_there(browser: Browser) -> None:
    row = a_field(workspace().id, "plan")
    assert send(browser, "PATCH", f"/{row.id}", {"label": "X"})[0] == 404
    assert send(browser, "DELETE", f"/{row.id}")[0] == 404
