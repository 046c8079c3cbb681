"""A file on its way in from a browser: streamed, refused where it is no CSV or too large, with nothing left behind."""

import io
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.db import session as current
from app.core.files import File, FileChunk
from app.customers.models import Import
from tests.customers.views.import_forms import text
from tests.factories.auth import Browser, signed_in


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def send(browser: Browser, data: bytes | str, name: str = "people.csv", **says: Any) -> Any:
    raw = data.encode() if isinstance(data, str) else data
    return browser.post("/customers/import", {"file": (io.BytesIO(raw), name)}, **says)


REFUSED = {
    "empty": (b"", "The file is empty."),
    "a zip": (b"PK\x03\x04\x14\x00", "This is a zip archive or a workbook"),
    "NUL": (b"\x00" * 900, "full of NUL bytes"),
    "a heading alone": (b"email,name\n", "The file has a heading and no rows."),
    "wide": (b",".join(b"c%d" % n for n in range(10_000)) + b"\n1\n", "the heading has 10,000 columns; 500 are the most"),
    "no heading": (b"ada@a.example\nb@b.example\n", "The first line needs the names of the columns."),
    "twice": (b"email,EMAIL\na@a.example,b\n", "columns 1 and 2 are all called"),
    "NUL in the heading": (b"email,na\x00me\na@b.example,x\n" * 3, "the heading holds a NUL"),
    "quotes": (b'"email,name\na@b.example,x\n', "Line 1, the heading"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_csv_is_refused_where_it_was_chosen(browser: Browser, session: Session, kind: str) -> None:
    data, why = REFUSED[kind]
    for says in ({}, {"headers": {"Accept": "application/json"}}):
        answer = send(browser, data, **says)
        assert answer.status_code == 422
        if says:
            assert why in answer.json["errors"]["file"]
        else:
            assert why in text(answer)
            assert "What a file needs" in text(answer)
    for table in (Import, File):
        assert session.scalar(sa.select(sa.func.count()).select_from(table).where(table.workspace_id == browser.workspace_id)) == 0


def test_nothing_chosen(browser: Browser) -> None:
    assert "Choose a file." in text(browser.post("/customers/import", {"file": (io.BytesIO(b""), "")}))
    assert "Choose a file." in text(browser.post("/customers/import"))


def test_the_limit_is_named(browser: Browser, session: Session) -> None:
    browser.client.application.config["MAX_UPLOAD_MB"] = 1
    try:
        page = browser.get("/customers/import").get_data(as_text=True)
        assert 'data-most="1048576"' in page
        assert "Up to 1 MB." in page
        answer = stream(browser, b"email\n" + b"a@b.example\n" * 200_000, plain=True)
        assert answer.status_code == 413
        assert "The file is larger than 1 MB." in text(answer)
        streamed = stream(browser, b"email\n" + b"a@b.example\n" * 200_000)
        assert (streamed.status_code, streamed.json["detail"]) == (413, "The file is larger than 1 MB.")
    finally:
        browser.client.application.config["MAX_UPLOAD_MB"] = 1024
    assert session.scalar(sa.select(sa.func.count(File.id)).where(File.workspace_id == browser.workspace_id)) == 0


def test_what_all_files_may_take_is_named(browser: Browser, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(browser.client.application.config, "MAX_FILES_MB", 1)
    data = b"email\n" + b"a@b.example\n" * 150_000
    assert stream(browser, data).status_code == 201
    again = stream(browser, data)
    assert (again.status_code, again.json["detail"][:55]) == (413, "The files of this workspace may take 1 MB together. Dis")
    assert "may take 1 MB together" in text(stream(browser, data, plain=True))
    assert session.scalar(sa.select(sa.func.count(File.id)).where(File.workspace_id == browser.workspace_id)) == 1


def stream(browser: Browser, data: bytes, body: Any = io.BytesIO, *, plain: bool = False) -> Any:
    """Send a file as the script does, with the token in the headers; `plain`: as a form does without a script."""
    says = {"csrf_token": browser.csrf_token, "_workspace": str(browser.workspace_id)} if plain else {}
    whole = b"".join(b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), v.encode()) for n, v in says.items())
    whole += (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n' + data + b"\r\n--x--\r\n"
    )
    headers = {"Accept": "application/json", "X-CSRFToken": browser.csrf_token, "X-Workspace": str(browser.workspace_id)}
    return browser.client.post(
        "/customers/import",
        headers={} if plain else headers,
        input_stream=body(whole),
        content_length=len(whole),
        content_type="multipart/form-data; boundary=x",
    )


class _Watched(io.BytesIO):
    """A body that notes how many bytes the database holds while the rest has yet to arrive."""

    seen: list[tuple[int, int]] = []

    def readinto(self, buffer: Any) -> int:
        here = current().scalar(sa.select(sa.func.count()).select_from(FileChunk)) or 0
        _Watched.seen.append((self.tell(), here))
        assert len(buffer) <= 1024 * 1024
        return super().readinto(buffer)


def test_a_file_is_kept_while_it_arrives(browser: Browser, session: Session) -> None:
    _Watched.seen = []
    before = session.scalar(sa.select(sa.func.count()).select_from(FileChunk)) or 0
    answer = stream(browser, b"email,note\n" + b"".join(b"p%d@a.example,%s\n" % (n, b"x" * 100) for n in range(40_000)), _Watched)
    assert answer.status_code == 201
    assert re.fullmatch(r"/customers/imports/\d+/columns", answer.json["url"])
    waiting = [arrived - (chunks - before) * 1024 * 1024 for arrived, chunks in _Watched.seen]
    assert max(arrived for arrived, _ in _Watched.seen) > 4 * 1024 * 1024
    assert max(waiting) < 2 * 1024 * 1024


def test_a_large_file_needs_no_script(browser: Browser) -> None:
    data = b"email,note\n" + b"".join(b"p%d@a.example,%s\n" % (n, b"x" * 400) for n in range(45_000))
    assert len(data) > 16 * 1024 * 1024  # more than any other form may send
    assert stream(browser, data, plain=True).status_code == 303


def test_an_upload_without_a_token_reads_nothing(browser: Browser) -> None:
    answer = browser.client.post("/customers/import", data={"file": (io.BytesIO(b"email\na@b.example\n"), "a.csv")})
    assert answer.status_code == 400
