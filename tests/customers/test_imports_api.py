"""Imports by programs: the file streamed in, the counts read back; the real file where it is there."""

import io
import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.files import File
from app.customers.models import Customer, CustomerField, Import
from tests.factories.auth import api_key
from tests.factories.imports import work
from tests.factories.workspaces import workspace
from tests.support import HILLSTROM, needs_hillstrom


@pytest.fixture
def place(session: Session) -> Any:
    return workspace()


@pytest.fixture
def key(place: Any) -> dict[str, str]:
    return api_key(place)


def send(client: FlaskClient, key: dict[str, str], data: bytes, **fields: Any) -> Any:
    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return client.post("/api/v1/customers/import", data={**form, "file": (io.BytesIO(data), "people.csv")}, headers=key)


def test_a_file_by_api(client: FlaskClient, session: Session, place: Any, key: dict[str, str]) -> None:
    data = b"email,points,note\na@b.example,1,x\nbad@,0,y\n"
    answer = send(client, key, data, mapping={"note": None}, overwrite="true", consent={"state": "subscribed", "basis": "contract"})
    assert answer.status_code == 202
    assert (answer.json["state"], answer.json["overwrite"]) == ("queued", "always")
    row = session.scalars(sa.select(Import).where(Import.workspace_id == place.id)).one()
    work(row)
    shown = client.get(f"/api/v1/imports/{row.id}", headers=key).json
    counts = {name: shown[name] for name in ("state", "rows_total", "rows_done", "created", "updated", "unchanged", "rejected", "error")}
    assert counts == {
        "state": "finished",
        "rows_total": 2,
        "rows_done": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "error": None,
    }
    rejects = client.get(f"/api/v1/imports/{row.id}/rejects", headers=key).json
    assert rejects["items"] == [{"line": 3, "column": "email", "found": "bad@", "kind": "address", "reason": "Nothing after the @ sign"}]
    csv = client.get(f"/api/v1/imports/{row.id}/rejects.csv", headers=key)
    assert csv.text.splitlines()[1] == "3,email,bad@,Nothing after the @ sign,bad@,0,y"
    assert [item["id"] for item in client.get("/api/v1/imports", headers=key).json["items"]] == [row.id]
    assert client.get(f"/api/v1/imports/{row.id}", headers=api_key(workspace())).status_code == 404


@pytest.mark.parametrize(
    ("data", "fields", "field"),
    [
        (b"PK\x03\x04...", {}, "file"),
        (b"", {}, "file"),
        (b"email\na@b.example\n", {"mapping": "{"}, "mapping"),
        (b"email\na@b.example\n", {"mapping": {"x": "email"}}, "mapping.x"),
        (b"email\na@b.example\n", {"overwrite": "sometimes"}, "overwrite"),
        (b"email\na@b.example\n", {"consent": {"state": "maybe"}}, "consent.state"),
        (b"email\nZo\xeb@b.example\n", {}, "encoding"),
    ],
)
def test_what_is_refused_leaves_no_file(
    client: FlaskClient, session: Session, place: Any, key: dict[str, str], data: bytes, fields: dict[str, Any], field: str
) -> None:
    answer = send(client, key, data, **fields)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert session.scalars(sa.select(File.id).where(File.workspace_id == place.id)).all() == []


def test_too_large_is_413(client: FlaskClient, session: Session, place: Any, key: dict[str, str]) -> None:
    client.application.config["MAX_UPLOAD_MB"] = 1
    try:
        answer = send(client, key, b"email\n" + b"a@b.example\n" * 300_000)
        assert (answer.status_code, answer.json["detail"]) == (413, "The file is larger than 1 MB.")
    finally:
        client.application.config["MAX_UPLOAD_MB"] = 1024
    assert session.scalars(sa.select(File.id).where(File.workspace_id == place.id)).all() == []


@needs_hillstrom
def test_the_real_file_twice(client: FlaskClient, session: Session, place: Any, key: dict[str, str]) -> None:
    for created, unchanged in ((64_000, 0), (0, 64_000)):
        answer = send(client, key, HILLSTROM.read_bytes())
        assert answer.status_code == 202
        row = session.scalars(sa.select(Import).where(Import.workspace_id == place.id).order_by(Import.id.desc()).limit(1)).one()
        work(row)
        assert (row.state, row.created, row.updated, row.unchanged, row.rejected) == ("finished", created, 0, unchanged, 0)
    kinds = session.execute(sa.select(CustomerField.key, CustomerField.type).where(CustomerField.workspace_id == place.id))
    assert dict(map(tuple, kinds)) == {
        "recency_months": "number",
        "history_usd": "number",
        "history_segment": "text",
        "bought_mens": "number",
        "bought_womens": "number",
        "zip_area": "text",
        "newbie": "number",
        "channel": "text",
    }
    assert session.scalar(sa.select(sa.func.count()).select_from(Customer).where(Customer.workspace_id == place.id)) == 64_000
