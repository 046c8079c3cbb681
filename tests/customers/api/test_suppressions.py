"""The suppression list over the API."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_suppression
from tests.factories.workspaces import workspace


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def send(browser: Browser, method: str, path: str = "", body: Any = None) -> tuple[int, dict[str, Any]]:
    answer = browser.call(method, f"/api/v1/suppressions{path}", json=body)
    return answer.status_code, answer.get_json() if answer.data else {}


def test_an_address_is_suppressed_checked_and_taken_off(browser: Browser) -> None:
    a_suppression(workspace().id, "ada@x.example")
    assert send(browser, "GET", "/check?email=ada@x.example")[1] == {"email": "ada@x.example", "suppressed": False, "reason": None}
    status, made = send(browser, "POST", "", {"email": " Ada@X.example", "reason": "complaint", "note": "by phone"})
    assert (status, made["email"], made["reason"], made["note"]) == (201, "ada@x.example", "complaint", "by phone")
    assert send(browser, "POST", "", {"email": "ada@x.example", "reason": "manual"})[1] == made
    assert send(browser, "GET", "/check?email=ADA@x.example")[1] == {"email": "ada@x.example", "suppressed": True, "reason": "complaint"}
    assert send(browser, "DELETE", "/Ada@x.example")[0] == 204
    assert send(browser, "DELETE", "/ada@x.example")[0] == 404
    assert send(browser, "POST", "", {"email": "nonsense"})[1]["errors"] == {
        "email": "An address needs an @, as in ada@northlight.example."
    }


def test_many_at_once_are_listed_and_counted(browser: Browser) -> None:
    a_suppression(browser.workspace_id, "u1@x.example", "bounce")
    body = {"emails": [f"U{i}@x.example" for i in range(5)] + ["u3@x.example"], "reason": "compliance"}
    assert send(browser, "POST", "/bulk", body) == (200, {"added": 4, "known": 1})
    assert send(browser, "GET", "/stats")[1] == {"total": 5, "by_reason": {"bounce": 1, "compliance": 4}}
    first = send(browser, "GET", "?limit=3")[1]
    rest = send(browser, "GET", f"?limit=3&cursor={first['next']}")[1]
    assert sorted(row["email"] for row in first["items"] + rest["items"]) == [f"u{i}@x.example" for i in range(5)]
    assert rest["next"] is None
    assert [row["email"] for row in send(browser, "GET", "?reason=bounce")[1]["items"]] == ["u1@x.example"]
    assert [row["email"] for row in send(browser, "GET", "?q=U4")[1]["items"]] == ["u4@x.example"]
    assert send(browser, "GET", "?q=%25")[1]["items"] == []
    errors = send(browser, "POST", "/bulk", {"emails": ["a@b.example", "x"]})[1]["errors"]
    assert errors == {"emails[1]": "An address needs an @, as in ada@northlight.example."}
