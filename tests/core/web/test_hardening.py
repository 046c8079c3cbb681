"""Attacks on the edge, each as somebody would try it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import ROOT, create_app
from app.core import registry
from app.core.db import db
from app.core.errors import TooMany
from app.core.web.guard import MOST, MOST_OF_STRANGERS
from config import Config
from tests.core.web.toys import key, names, session_call
from tests.factories.auth import signed_in


class Body(io.BytesIO):
    """A long body of a form with a file; tells afterwards how much of it was read."""

    def __init__(self) -> None:
        super().__init__(b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 2 * MOST_OF_STRANGERS)
        self.taken = 0

    def close(self) -> None:
        self.taken = self.tell()
        super().close()

    def says(self) -> dict[str, Any]:
        return {"input_stream": self, "content_type": "multipart/form-data; boundary=x", "content_length": len(self.getvalue())}


def read(body: Body) -> int:
    return body.taken if body.closed else body.tell()


@pytest.fixture
def limited(app: Flask, environment: dict[str, str], session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """An application that counts calls: three a minute for a caller, six for an address."""
    del session
    (tmp_path / "static" / "dist").mkdir(parents=True)
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    monkeypatch.setattr("app.ROOT", tmp_path)
    config = Config.from_env(environment | {"RATE_PER_CALLER": "3/minute", "RATE_PER_ADDRESS": "6/minute"})
    made = create_app(config.model_copy(update={"TESTING": False}))
    monkeypatch.setitem(db._app_engines, made, db._app_engines[app])
    return made.test_client()


def statuses(client: FlaskClient, calls: list[dict[str, Any]]) -> list[int]:
    return [client.get("/auth/me", **call).status_code for call in calls]


def test_made_up_tokens_do_not_evade_the_limit_of_an_address(limited: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = [{"headers": {"Authorization": f"Basic {n}"}} for n in range(8)]
    asked = []
    monkeypatch.setitem(limited.application.extensions, "principal_loader", lambda: asked.append(1))
    assert statuses(limited, made_up) == [401] * 6 + [429] * 2
    assert len(asked) == 6  # the page that says 429 costs no query


def test_neither_forwarded_headers_nor_a_walk_through_ones_own_network_evade_it(limited: FlaskClient) -> None:
    walk = [{"headers": {"X-Forwarded-For": f"10.0.0.{n}"}, "environ_base": {"REMOTE_ADDR": f"2001:db8:1:2::{n}"}} for n in range(5)]
    assert statuses(limited, walk) == [401] * 3 + [429] * 2
    elsewhere = {"environ_base": {"REMOTE_ADDR": "2001:db8:1:3::1"}}
    assert statuses(limited, [elsewhere]) == [401]


def test_a_stranger_cannot_send_much(toy: FlaskClient) -> None:
    fits = {"name": "ball", "size": 1}
    assert toy.post("/api/v1/toys/strangers", json=fits).status_code == 200
    long = json.dumps(fits).encode() + b" " * MOST_OF_STRANGERS
    assert toy.post("/api/v1/toys/strangers", data=long, content_type="application/json").status_code == 413
    body = Body()
    assert (toy.post("/toys/links/abc", **body.says()).status_code, read(body)) == (413, 0)


def test_json_has_a_limit_that_its_size_in_memory_allows(toy: FlaskClient, workspace: int) -> None:
    body = b'{"name": "ball"}' + b" " * MOST
    assert toy.post("/api/v1/toys", data=body, content_type="application/json", headers=key(workspace)).status_code == 413
    assert toy.post("/api/v1/toys", data=body[:MOST], content_type="application/json", headers=key(workspace)).status_code == 201


@pytest.mark.parametrize(("caller", "status"), [({}, 401), ({"X-Caller": "bad"}, 401), (session_call(1, "toys.view"), 403)])
def test_a_file_is_not_read_from_those_who_may_not_send_it(toy: FlaskClient, caller: dict[str, str], status: int) -> None:
    body = Body()
    says = caller | {"X-CSRFToken": "made-up", "X-Workspace": "1"}
    answer = toy.post("/api/v1/toys/files", headers=says, **body.says())
    assert (answer.status_code, read(body)) == (status, 0)


def test_a_file_is_not_read_before_the_token_of_a_script_is_checked(toy: FlaskClient, workspace: int) -> None:
    body = Body()
    says = session_call(workspace) | {"X-CSRFToken": "made-up", "X-Workspace": str(workspace)}
    answer = toy.post("/api/v1/toys/files", headers=says, **body.says())
    assert (answer.status_code, read(body)) == (400, 0)


@pytest.mark.parametrize("depth", [300, 900, 960, 980, 990, 5000])
def test_depth_and_text_that_cannot_be_stored_together_are_no_fault(toy: FlaskClient, workspace: int, depth: int) -> None:
    body = b'{"name": ' + b"[" * depth + b'"\\u0000"' + b"]" * depth + b"}"
    assert toy.post("/api/v1/toys", data=body, content_type="application/json", headers=key(workspace)).status_code == 422


def test_the_trace_of_a_refusal_does_not_hold_the_secret_of_a_link(
    toy: FlaskClient, workspace: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []
    monkeypatch.setattr("app.core.web.guard.refused", [lambda _place, _by, what, _why: noted.append(what)])
    assert registry.refused is not noted
    answer = toy.post("/toys/links/very-secret", headers=key(workspace))
    assert (answer.status_code, noted) == (409, ["POST /toys/links/…"])


def test_nobody_meets_the_idempotency_keys_of_others(toy: FlaskClient, workspace: int) -> None:
    says = key(workspace) | {"Idempotency-Key": "k-1"}
    assert toy.post("/api/v1/toys", json={"name": "ball"}, headers=says).status_code == 201
    assert toy.post("/api/v1/toys", json={"name": "ball"}, headers=says | {"X-User": "2"}).headers.get("Idempotency-Replayed") is None
    assert toy.post("/api/v1/toys", json={"name": "kite"}, headers=says | {"X-User": "3"}).status_code == 201
    assert names() == ["ball", "ball", "kite"]


def test_static_files_carry_headers_too(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ROOT", tmp_path)
    (tmp_path / "static" / "dist").mkdir(parents=True)
    (tmp_path / "static" / "dist" / "a.svg").write_text("<svg/>")
    answer = create_app(Config.from_env(environment)).test_client().get("/static/a.svg", buffered=True)
    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_address_with_a_nul_is_nowhere(toy: FlaskClient, workspace: int) -> None:
    assert toy.post("/toys/links/a%00b", headers=key(workspace)).status_code == 404


@pytest.mark.parametrize("path", ["/static/../config.py", "/static/%2e%2e/config.py", "/static/..%2fconfig.py", "/static//etc/passwd"])
def test_static_leads_nowhere_else(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {308, 404}
    assert "root:" not in answer.text


@pytest.mark.parametrize("path", ["/auth/login", "/customers", "/find", "/nowhere"])
def test_bytes_that_are_no_text_in_an_address_are_no_fault(client: FlaskClient, path: str) -> None:
    assert client.get(path, environ_overrides={"QUERY_STRING": "q=\xff"}).status_code == 404
    signed_in(client)
    assert client.get(path, environ_overrides={"QUERY_STRING": "q=\xff"}).status_code == 404


def test_line_ends_in_an_address_to_go_to_make_no_header(client: FlaskClient) -> None:
    browser = signed_in(client)
    for ends in ("%0d%0aX-Evil:1", "%0aX-Evil:1", "%e2%80%a8X-Evil:1"):
        answer = browser.get(f"/customers/filter?query=q%3Da{ends}&created_since=never")
        assert (answer.status_code, answer.location) == (303, "/customers?q=aX-Evil:1")
    answer = browser.post("/customers/views", {"name": "", "query": "q=a\r\nX-Evil: 1"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/customers?q=aX-Evil: 1")


def test_retry_after_is_said_by_refusals_only_and_as_they_mean_it(limited: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"username": "nobody", "password": "wrong"}
    assert "Retry-After" not in limited.post("/api/v1/auth/login", json=wrong).headers

    def wait(*_: object, **__: object) -> None:
        raise TooMany("Too many attempts.", retry_after=7)

    monkeypatch.setattr("app.auth.service.throttle.begin", wait)
    answer = limited.post("/api/v1/auth/login", json=wrong)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert [limited.get("/auth/me").status_code for _ in range(3)] == [401, 401, 401]
    assert 7 < int(limited.get("/auth/me").headers["Retry-After"]) <= 60
