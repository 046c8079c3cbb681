"""Templates as JSON."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.auth import Browser, api_key, signed_in
from tests.factories.content import WORDS, a_template
from tests.factories.customers import a_customer
from tests.factories.workspaces import workspace


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def test_a_template_is_made_read_changed_listed_and_archived(browser: Browser) -> None:
    made = browser.call("POST", "/api/v1/templates", json={"name": "Welcome"} | WORDS)
    assert made.status_code == 201, made.text
    given = made.json
    assert {name: given[name] for name in ("name", "kind", "version", "text", *WORDS)} == {
        "name": "Welcome", "kind": "html", "version": 1, "text": None, **WORDS,
    }  # fmt: skip
    path = f"/api/v1/templates/{given['id']}"
    changed = browser.call("PATCH", path, json={"body": "  <p>New</p>\n", "version": 1}).json
    assert (changed["version"], changed["body"], changed["subject"]) == (2, "  <p>New</p>\n", WORDS["subject"])
    assert browser.call("PATCH", path, json={"body": "x", "version": 1}).status_code == 409
    assert browser.get(path).json == changed
    listed = browser.get("/api/v1/templates?search=WELC").json
    assert [("body" in item, item["name"], item["version"]) for item in listed["items"]] == [(False, "Welcome", 2)]
    first = browser.get(f"{path}/versions?limit=1").json
    second = browser.get(f"{path}/versions?limit=1&cursor={first['next']}").json
    assert [(one["items"][0]["number"], one["next"] is None) for one in (first, second)] == [(2, False), (1, True)]
    assert browser.call("DELETE", path).status_code == 204
    assert [browser.get(f"/api/v1/templates?archived={flag}").json["items"] != [] for flag in ("false", "true")] == [False, True]
    assert browser.get(path).json["archived_at"] is not None


def test_what_is_wrong_is_named_by_field_and_line(browser: Browser) -> None:
    answer = browser.call("POST", "/api/v1/templates", json={"name": "", "subject": "", "body": ""})
    assert (answer.status_code, set(answer.json["errors"])) == (422, {"name", "subject", "body"})
    answer = browser.call("POST", "/api/v1/templates", json={"name": "x", "subject": "{{ a }}", "body": "\n{% set a = 1 %}", "text": "{{"})
    assert answer.status_code == 422
    assert answer.json["errors"] == {
        "subject": "Line 1: there is no field a.",
        "body": "Line 2: {% set %} is not allowed here; if and for are.",
        "text": "Line 1: something is opened with {{ or {% and never closed.",
    }


def test_a_template_is_rendered_for_a_customer_or_for_nobody_in_any_version(browser: Browser) -> None:
    row = a_template(
        browser.workspace_id,
        subject="Hi {{ customer.first_name }}",
        body='<img src="/a/b.png?x"><script>1</script><p>{{ customer.company | upper }}</p>',
    )
    ada = a_customer(browser.workspace_id, first_name="Ada", company="<Pier>")
    path = f"/api/v1/templates/{row.id}/render"
    found = browser.call("POST", path, json={"customer_id": ada.id}).json
    assert found["subject"] == "Hi Ada"
    assert "<p>&lt;PIER&gt;</p>" in found["html"]
    assert "#unsubscribe" in found["html"]
    assert found["text"].startswith("<PIER>\n")
    assert found["warnings"] == [
        "The brand has no postal address. Most countries ask for one in every mail.",
        "1 picture has no description: b.png.",
        "<script> does nothing in a mail: mail programs take it out.",
        'customer.first_name has no default: write {{ customer.first_name | default("…") }} for people without it.',
        'customer.company has no default: write {{ customer.company | default("…") }} for people without it.',
    ]
    browser.call("PATCH", f"/api/v1/templates/{row.id}", json={"subject": "Second"})
    assert browser.call("POST", path, json={}).json["subject"] == "Second"
    assert browser.call("POST", path, json={"version": 1}).json["subject"] == "Hi "
    assert browser.call("POST", path, json={"version": 3}).status_code == 404
    stranger = a_customer(workspace().id)
    assert browser.call("POST", path, json={"customer_id": stranger.id}).status_code == 404


def test_who_may_not_see_customers_renders_for_nobody_only(client: FlaskClient) -> None:
    headers = api_key(scopes=["campaigns.view"])
    place = _workspace_of(client, headers)
    row, ada = a_template(place), a_customer(place, first_name="Ada")
    path = f"/api/v1/templates/{row.id}/render"
    assert client.post(path, json={"customer_id": ada.id}, headers=headers).status_code == 403
    assert client.post(path, json={}, headers=headers).json["subject"] == "Hello there"
    assert client.post("/api/v1/templates", json={"name": "x"} | WORDS, headers=headers).status_code == 403


def _workspace_of(client: FlaskClient, headers: Any) -> int:
    return int(client.get("/auth/me", headers=headers).json["workspace"]["id"])
