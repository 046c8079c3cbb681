"""Attacks on the way in of files: bodies that would fill the memory, names that no database holds."""

import io

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.auth import Browser, api_key, signed_in

MB = 1024 * 1024
DOORS = ("/customers/import", "/api/v1/customers/import")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def send(browser: Browser, name: bytes, kind: bytes, *, in_headers: bool) -> TestResponse:
    """Send a file byte by byte as said, the token in headers (it streams) or in the form (it is parsed first)."""
    says = {"csrf_token": browser.csrf_token, "_workspace": str(browser.workspace_id)}
    fields = [f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode() for key, value in says.items()]
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: %s\r\n\r\n' % (name, kind)
    body = (b"" if in_headers else b"".join(fields)) + file + b"email\na@b.example\n\r\n--b--\r\n"
    headers = {"X-CSRFToken": browser.csrf_token, "X-Workspace": str(browser.workspace_id)} if in_headers else {}
    return browser.client.post(DOORS[0], data=body, content_type="multipart/form-data; boundary=b", headers=headers)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/octet-stream", "text/csv", ""])
def test_only_a_multipart_body_may_be_long(client: FlaskClient, kind: str) -> None:
    headers = api_key() | {"Idempotency-Key": "1"}
    assert client.post(DOORS[1], data=b"a=" + b"x" * 2 * MB, content_type=kind, headers=headers).status_code == 413
    assert client.post(DOORS[1], data=b"a=x", content_type=kind, headers=headers | {"Idempotency-Key": "2"}).status_code == 422


def test_a_long_body_that_is_no_form_is_not_read_for_its_token(browser: Browser) -> None:
    body = b"csrf_token=x&a=" + b"x" * 2 * MB
    assert browser.client.post(DOORS[0], data=body, content_type="application/x-www-form-urlencoded").status_code == 413


def test_fields_beside_the_file_do_not_fill_the_memory(browser: Browser) -> None:
    for fields in ({"a": "x" * (MB + 1)}, {f"a{i}": "x" for i in range(60)}):
        file = (io.BytesIO(b"email\na@b.example\n"), "a.csv")
        assert browser.post(DOORS[0], {**fields, "file": file}).status_code == 413


@pytest.mark.parametrize(
    "name", ["a\x00b.csv", "\ud800.csv", '"><script>.csv', "a\r\nX-Evil: 1.csv", "\u202evsc.csv", "😀" * 300, "/../../etc/passwd"]
)
def test_hostile_names_of_files_are_no_fault(browser: Browser, name: str) -> None:
    part = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode("utf-8", "surrogatepass")
    for token in (True, False):
        answer = send(browser, part, b"text/csv", in_headers=token)
        assert answer.status_code in {303, 400, 422}
        assert "X-Evil" not in answer.headers
        if answer.status_code == 303:
            page = browser.get(answer.location)
            assert (page.status_code, "<script>." in page.text) == (200, False)
    assert browser.get("/customers/imports").status_code == 200


@pytest.mark.parametrize("kind", ["text/\x00csv", "x" * 5000, "text/html", "é/ü"])
def test_hostile_types_of_files_are_no_fault(browser: Browser, kind: str) -> None:
    for token in (True, False):
        assert send(browser, b"a.csv", kind.encode(), in_headers=token).status_code in {303, 422}
