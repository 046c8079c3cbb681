"""Brands: what mail and pages show as sender; the logo is the picture it says it is."""

import io

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.db import any_workspace, session
from app.core.files import File, FileChunk
from app.workspaces import logo
from app.workspaces.models import Brand
from tests.factories.auth import Browser, api_key, signed_in
from tests.factories.workspaces import brand

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
GOOD = {
    "name": "Ridge",
    "colour": "#1F5FBF",
    "accent": "",
    "from_name": "Ridge",
    "from_email": "news@NORTHLIGHT.example",
    "reply_to": "",
    "postal_address": "1 Hill Road\nPortland",
    "zone": "America/Los_Angeles",
    "currency": "",
}


def first(browser: Browser) -> Brand:
    session().expire_all()
    return session().scalars(sa.select(Brand).where(Brand.workspace_id == browser.workspace_id).order_by(Brand.id)).first()  # type: ignore[return-value]


def upload(browser: Browser, brand_id: int, data: bytes, name: str = "logo.png") -> TestResponse:
    return browser.post(f"/settings/brands/{brand_id}/logo", {"logo": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def test_a_brand_is_added_and_changed(client: FlaskClient) -> None:
    browser = signed_in(client)
    assert browser.post("/settings/brands/new", GOOD).status_code == 303
    row = session().scalars(sa.select(Brand).where(Brand.workspace_id == browser.workspace_id, Brand.name == "Ridge")).one()
    assert (row.colour, row.accent, row.from_email, row.currency) == ("#1f5fbf", None, "news@northlight.example", None)
    assert browser.post(f"/settings/brands/{row.id}", GOOD | {"name": "Summit"}).status_code == 303
    assert "Summit" in browser.get("/settings/brands").get_data(as_text=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("colour", "red"),
        ("accent", "#12345"),
        ("colour", "#1f5fbf;}"),
        ("from_email", "news"),
        ("reply_to", "a@b"),
        ("postal_address", "x" * 501),
        ("zone", "Mars/Base"),
        ("currency", "DEM"),
        ("name", ""),
    ],
)
def test_what_does_not_fit_is_named(client: FlaskClient, field: str, value: str) -> None:
    answer = signed_in(client).post("/settings/brands/new", GOOD | {field: value})
    assert answer.status_code == 422
    assert f'id="f-{field}-why"' in answer.get_data(as_text=True)


def test_names_are_one_of_a_kind_in_a_workspace(client: FlaskClient) -> None:
    browser = signed_in(client)
    brand(browser.workspace_id, "Ridge")
    for path in ("/settings/brands/new", f"/settings/brands/{first(browser).id}"):
        answer = browser.post(path, GOOD | {"name": "RIDGE"})
        assert answer.status_code == 422
        assert "Another brand has this name." in answer.get_data(as_text=True)


def test_the_last_brand_stays(client: FlaskClient) -> None:
    browser = signed_in(client)
    other = brand(browser.workspace_id, "Ridge").id
    assert browser.post(f"/settings/brands/{other}/delete").status_code == 303
    answer = browser.post(f"/settings/brands/{first(browser).id}/delete")
    assert answer.status_code == 422
    assert "keeps at least one brand" in answer.get_data(as_text=True)


@pytest.mark.committed
def test_a_logo_is_kept_and_served_as_what_it_is(client: FlaskClient) -> None:
    browser = signed_in(client)
    brand_id = first(browser).id
    assert upload(browser, brand_id, PNG, "evil.html").status_code == 303
    answer = browser.get(f"/settings/brands/{brand_id}/logo")
    assert answer.data == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert upload(browser, brand_id, b"GIF89a" + b"\x00" * 20).status_code == 303
    assert session().scalar(any_workspace(sa.select(sa.func.count()).select_from(File))) == 1  # the earlier one is gone
    assert browser.post(f"/settings/brands/{brand_id}/logo/remove").status_code == 303
    assert browser.get(f"/settings/brands/{brand_id}/logo").status_code == 404
    assert session().scalar(sa.select(sa.func.count()).select_from(FileChunk)) == 0


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Choose a picture."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "A logo is a PNG, JPEG, GIF or WebP picture."),
        (b"<!doctype html>", "A logo is a PNG, JPEG, GIF or WebP picture."),
        (b"RIFF....WAVE", "A logo is a PNG, JPEG, GIF or WebP picture."),
        (PNG + b"x" * 1000, "The picture is larger than 1 MB."),
    ],
)
def test_what_is_no_logo_is_refused(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, data: bytes, why: str) -> None:
    monkeypatch.setattr(logo, "LIMIT", 1000)  # past 500 KB the test client leaves a temporary file open
    browser = signed_in(client)
    answer = upload(browser, first(browser).id, data)
    assert answer.status_code == 422
    assert why in answer.get_data(as_text=True)
    assert session().scalar(any_workspace(sa.select(sa.func.count()).select_from(File))) == 0


def test_a_form_without_a_file_is_refused(client: FlaskClient) -> None:
    browser = signed_in(client)
    assert browser.post(f"/settings/brands/{first(browser).id}/logo").status_code == 422


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0........", "image/jpeg"),
        (b"GIF87a......", "image/gif"),
        (b"RIFF....WEBP", "image/webp"),
        (b"....WEBPWEBP", None),
        (b"GIF", None),
        (b"", None),
    ],
)
def test_pictures_by_their_bytes(head: bytes, kind: str | None) -> None:
    assert logo.type_of(head) == kind


def test_by_api(client: FlaskClient) -> None:
    headers = api_key()
    made = client.post("/api/v1/brands", json={"name": "Ridge", "colour": "#ABCDEF"}, headers=headers)
    assert (made.status_code, made.get_json()["colour"], made.get_json()["logo"]) == (201, "#abcdef", None)
    number = made.get_json()["id"]
    assert client.put(f"/api/v1/brands/{number}", json={"name": "Summit"}, headers=headers).get_json()["colour"] is None
    assert [item["name"] for item in client.get("/api/v1/brands", headers=headers).get_json()["items"]][-1] == "Summit"
    assert client.delete(f"/api/v1/brands/{number}", headers=headers).status_code == 204
    assert client.get(f"/api/v1/brands/{number}", headers=headers).status_code == 404
