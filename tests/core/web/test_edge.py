"""What the decorators promise, tried on an application with a few routes of its own."""

import pytest
from flask.testing import FlaskClient

from app.core import registry
from app.core.actor import Actor
from app.core.errors import Conflict
from app.core.web.api import Api
from app.core.web.pages import Pages
from tests.core.web.toys import key, names, session_call


def test_nobody_is_asked_to_sign_in(toy: FlaskClient) -> None:
    answer = toy.post("/api/v1/toys", json={"name": "ball"}, headers={"X-Caller": "bad"})
    assert (answer.status_code, answer.headers["WWW-Authenticate"], answer.mimetype) == (401, "Bearer", "application/problem+json")
    assert toy.get("/toys").headers["Location"] == "/auth/login?next=/toys"


def test_a_good_call_is_kept(toy: FlaskClient, workspace: int) -> None:
    answer = toy.post("/api/v1/toys", json={"name": " ball "}, headers=key(workspace))
    assert (answer.status_code, answer.json) == (201, {"name": "ball", "size": 1})
    assert names() == ["ball"]


def test_a_refusal_keeps_nothing_and_names_the_field(toy: FlaskClient, workspace: int) -> None:
    answer = toy.post("/api/v1/toys", json={"name": "broken"}, headers=key(workspace))
    assert (answer.status_code, answer.json["errors"]) == (422, {"name": "Not this one."})
    assert names() == []


def test_a_fault_keeps_nothing_and_tells_nothing(toy: FlaskClient, workspace: int) -> None:
    answer = toy.post("/api/v1/toys", json={"name": "bug"}, headers=key(workspace))
    assert (answer.status_code, answer.json["title"]) == (500, "Something broke on our side")
    assert "Zero" not in answer.text
    assert names() == []


@pytest.mark.parametrize(
    ("body", "kind", "errors"),
    [
        (b"{", "application/json", {"": "This is not JSON (line 1, column 2)."}),
        (b"[" * 100_000, "application/json", {"": "This is nested too deeply."}),
        (b'{"name": NaN}', "application/json", {"": "This is not JSON."}),
        (b'{"name": "a\\u0000b"}', "application/json", {"name": "This holds a character that cannot be stored."}),
        (b'{"name": "\\ud800"}', "application/json", {"name": "This holds a character that cannot be stored."}),
        (b'{"name": "a", "\\u0000": 1}', "application/json", {"": "This holds a character that cannot be stored."}),
        (b"\xc3(", "application/json", {"": "This is not JSON."}),
        (b'{"name": "a", "size": 1e999}', "application/json", {"size": "This must be a finite number."}),
        (b"name=a", "application/x-www-form-urlencoded", {"": "The body must be JSON, sent with Content-Type: application/json."}),
        (b"null", "application/json", {"": "This must be an object."}),
    ],
)
def test_bad_bodies_are_named(toy: FlaskClient, workspace: int, body: bytes, kind: str, errors: dict[str, str]) -> None:
    answer = toy.post("/api/v1/toys", data=body, content_type=kind, headers=key(workspace))
    assert (answer.status_code, answer.json["errors"]) == (422, errors)


def test_what_is_not_allowed_is_refused_and_noted(toy: FlaskClient, workspace: int, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[int | None, str, str, str]] = []
    monkeypatch.setattr(registry, "refused", registry.refused[:0])
    registry.refused.append(lambda place, by, what, why: noted.append((place, _name(by), what, why)))
    monkeypatch.setattr("app.core.web.guard.refused", registry.refused)
    answer = toy.post("/api/v1/toys", json={"name": "ball"}, headers=key(workspace, "toys.view"))
    assert (answer.status_code, answer.json["detail"]) == (403, "This needs the permission toys.edit.")
    assert noted == [(workspace, "Ada", "POST /api/v1/toys", "This needs the permission toys.edit.")]


def _name(by: Actor) -> str:
    return by.name


def test_a_session_needs_the_token_and_the_right_workspace(toy: FlaskClient, workspace: int) -> None:
    mine = session_call(workspace)
    token = toy.get("/toys", headers=mine).text
    cases = [
        ({"name": "a", "_workspace": workspace}, 400),
        ({"name": "b", "csrf_token": token}, 409),
        ({"name": "c", "csrf_token": token, "_workspace": workspace + 1}, 409),
        ({"name": "d", "csrf_token": token + "x", "_workspace": workspace}, 400),
        ({"name": "e", "csrf_token": token, "_workspace": workspace}, 303),
    ]
    assert [toy.post("/toys", data=data, headers=mine).status_code for data, _ in cases] == [status for _, status in cases]
    assert names() == ["e"]


def test_scripts_send_both_as_headers(toy: FlaskClient, workspace: int) -> None:
    mine = session_call(workspace)
    token = toy.get("/toys", headers=mine).text
    good = mine | {"X-CSRFToken": token, "X-Workspace": str(workspace), "HX-Request": "true"}
    answer = toy.post("/toys", data={"name": "a"}, headers=good)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/toys")
    assert toy.post("/api/v1/toys", json={"name": "b"}, headers=good).status_code == 201
    assert toy.post("/api/v1/toys", json={"name": "c"}, headers=mine).status_code == 400
    assert toy.get("/toys", headers=good | {"X-Workspace": str(workspace + 1)}).status_code == 409


def test_the_same_key_does_it_once(toy: FlaskClient, workspace: int) -> None:
    mine = key(workspace) | {"Idempotency-Key": "k-1"}
    first = toy.post("/api/v1/toys", json={"name": "ball"}, headers=mine)
    again = toy.post("/api/v1/toys", json={"name": "ball"}, headers=mine)
    other = toy.post("/api/v1/toys", json={"name": "kite"}, headers=mine)
    assert (again.status_code, again.json, again.headers["Idempotency-Replayed"]) == (201, first.json, "true")
    assert (other.status_code, other.json["errors"]) == (422, {"Idempotency-Key": "This key was used for another call."})
    assert names() == ["ball"]


def test_a_refused_call_may_be_sent_again_with_its_key(toy: FlaskClient, workspace: int) -> None:
    mine = key(workspace) | {"Idempotency-Key": "k-2"}
    assert toy.post("/api/v1/toys", json={"name": "broken"}, headers=mine).status_code == 422
    assert toy.post("/api/v1/toys", json={"name": "broken"}, headers=mine).status_code == 422
    assert toy.post("/api/v1/toys", json={"name": "fine"}, headers=mine).status_code == 201


@pytest.mark.parametrize("bad", ["", "x" * 201])
def test_a_key_has_a_length(toy: FlaskClient, workspace: int, bad: str) -> None:
    answer = toy.post("/api/v1/toys", json={"name": "ball"}, headers=key(workspace) | {"Idempotency-Key": bad})
    assert list(answer.json["errors"]) == ["Idempotency-Key"]


def test_too_many_says_when_to_come_back(toy: FlaskClient) -> None:
    answer = toy.get("/api/v1/toys/busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_every_answer_is_wrapped(toy: FlaskClient) -> None:
    answer = toy.get("/nothing", headers={"X-Request-Id": "abc123"})
    assert (answer.status_code, answer.headers["X-Request-Id"], answer.headers["X-Content-Type-Options"]) == (404, "abc123", "nosniff")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_route_must_say_who_may_come() -> None:
    with pytest.raises(TypeError, match="say permission, public or signed_in"):
        Pages("x", __name__).get("/x")
    with pytest.raises(TypeError, match="say permission, public or signed_in"):
        Api("x", __name__).get("/x", "a.view", public=True, summary="x")


def test_conflicts_speak() -> None:
    assert str(Conflict("Taken.")) == "Taken."
