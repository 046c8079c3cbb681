"""Text that is code, or nonsense, elsewhere."""

import base64
import io

import pytest
from flask.testing import FlaskClient

from tests.factories.auth import member, signed_in, user
from tests.factories.workspaces import brand, workspace

PAYLOAD = """'"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}`${1}"""


def test_names_are_text_wherever_they_stand(client: FlaskClient) -> None:
    place = workspace(PAYLOAD)
    person = user(name=PAYLOAD)
    browser = signed_in(client, "owner", place, person=person)
    picture = brand(place.id, PAYLOAD + "2", from_name=PAYLOAD, postal_address=PAYLOAD)
    member(place, "analyst", person=user(name=PAYLOAD + "3"))
    browser.call("POST", "/api/v1/invitations", {"email": "x@northlight.example", "role": "client"})
    browser.call("POST", "/api/v1/api-keys", {"name": PAYLOAD, "scopes": ["settings.view"]})
    client.get("/account", headers={"User-Agent": PAYLOAD})
    pages = ["/account", "/settings", "/settings/workspace", "/settings/brands", f"/settings/brands/{picture.id}", "/settings/members",
             f"/settings/members/{browser.membership_id}", "/settings/members/invite", "/settings/api-keys", "/settings/api-keys/new",
             "/settings/audit", "/settings/roles", "/docs", "/workspaces/new", "/nothing-here" + "<script>alert(1)</script>",
             "/settings/audit?action=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"]  # fmt: skip
    for path in pages:
        answer = client.get(path)
        assert answer.status_code in {200, 404}, path
        assert "<script>alert" not in answer.text, path
        assert "<img src=x" not in answer.text, path
    assert "<script>" not in client.get("/auth/login?next=%22%3E%3Cscript%3E").text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("logo.png", b"<html><script>alert(1)</script></html>"),
        ("logo.png", b""),
        ("logo.webp", b"RIFFxxxxAVI "),
        ("logo.png", b"\x89PNG\r\n\x1a\n" + b"x" * 1000),
    ],
)
def test_a_logo_is_a_small_picture(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes) -> None:
    monkeypatch.setattr("app.workspaces.logo.LIMIT", 1000)
    browser = signed_in(client)
    row = brand(browser.workspace_id, "Pictures")
    assert browser.post(f"/settings/brands/{row.id}/logo", {"logo": (io.BytesIO(data), name)}).status_code == 422


def test_a_picture_that_is_a_script_too_is_served_as_a_picture(client: FlaskClient) -> None:
    browser = signed_in(client)
    row = brand(browser.workspace_id, "Pictures")
    browser.post(f"/settings/brands/{row.id}/logo", {"logo": (io.BytesIO(b"GIF89a/*<script>*/=alert(1);"), "x.html", "text/html")})
    answer = client.get(f"/settings/brands/{row.id}/logo")
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("image/gif", "nosniff")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


NONSENSE = [
    "%00",
    "\x00",
    "\ud800",
    "💥" * 300,
    "A" * 5000,
    "-1",
    "99999999999999999999",
    "1e9",
    "' OR 1=1 --",
    "NaN",
    "[]",
    "..%2f..",
    "\u202e",
]


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_is_refused_not_a_fault(client: FlaskClient, value: str) -> None:
    browser = signed_in(client)
    value = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if value != "\ud800" else "\ufffd"
    tries = [
        client.get("/settings/audit", query_string={name: value})
        for name in ("cursor", "who", "action", "kind", "id", "since", "until", "refused", "limit")
    ]
    tries += [client.get("/api/v1/audit", query_string={name: value}) for name in ("cursor", "who", "action", "id", "limit", "other")]
    tries += [client.get("/find", query_string={"q": value}), client.get("/auth/login", query_string={"next": value})]
    tries += [browser.post("/account", {"name": value, "username": value}), browser.post("/workspaces/switch", {"workspace_id": value})]
    tries += [
        browser.post("/settings/members/invite", {"email": value, "role": value}),
        client.get(f"/invitations/{value}"),
        client.get(f"/auth/reset/{value}"),
    ]
    tries += [client.post("/api/v1/auth/login", json={"email": value, "password": value, "workspace": value})]
    tries += [client.get("/account", headers={"X-Workspace": value.encode("ascii", "ignore").decode().replace("\x00", "")})]
    assert [(answer.request.path, answer.status_code) for answer in tries if answer.status_code >= 500] == []


def test_cursors_are_not_trusted(client: FlaskClient) -> None:
    browser = signed_in(client)
    assert browser
    for raw in (b'["2026-11-21T10:00:00",1]', b'["0001-01-01T00:00:00+14:00",1]', b'["9999-12-31T23:59:59-14:00",1]', b"[null,null]",
                b'["2026-11-21",9223372036854775807]', b'["\\ud800",1]', b"[1,1]", b'[["a"],{}]', b"[NaN,1]"):  # fmt: skip
        cursor = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        assert client.get("/api/v1/audit", query_string={"cursor": cursor}).status_code in {200, 422}, raw
