"""Imports in the browser, page by page: the file, its columns, the dry run, the work, the refused rows, taking it back."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.files import File
from app.customers.models import Customer, CustomerField, Import, ImportState
from app.customers.service import imports
from tests.customers.views.import_forms import PEOPLE, fields, row_of, sent, text
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_customer, a_field
from tests.factories.imports import ADA, a_file, begun, imported, work
from tests.factories.workspaces import workspace
from tests.support import counted


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def test_a_file_goes_all_the_way(browser: Browser, session: Session) -> None:
    a_customer(browser.workspace_id, email="bjorn@b.example", first_name="Bjorn")
    number = sent(browser, PEOPLE)
    at = f"/customers/imports/{number}"
    assert browser.get(at).location == f"{at}/columns"
    page = browser.get(f"{at}/columns").get_data(as_text=True)
    form = fields(page)
    assert [form[f"to-{i}"] for i in range(5)] == ["email", "first_name", "new", "birthday", "new"]
    assert (form["type-2"], form["order-3"], form["label-2"]) == ("number", "dmy", "Points")
    form |= {"label-2": "Loyalty points", "to-4": "", "overwrite": "always", "consent": "subscribed", "basis": "contract"}
    assert browser.post(f"{at}/columns", form).location == f"{at}/check"
    check = text(browser.get(f"{at}/check"))
    for words in (
        "All 3 rows were tried",
        "1 created",
        "1 updated",
        "1 refused",
        "21 Nov 1990",
        "Loyalty points",
        "Two @ signs",
        "Import 3 rows",
    ):
        assert words in check, words
    assert session.scalar(sa.select(sa.func.count(Customer.id)).where(Customer.workspace_id == browser.workspace_id)) == 1
    assert browser.post(f"{at}/start").location == at
    assert "Waiting for a worker" in text(browser.get(at))
    row = work(row_of(browser, number, session))
    assert (row.created, row.updated, row.rejected, row.consent) == (1, 1, 1, {"state": "subscribed", "basis": "contract"})
    field = session.scalars(sa.select(CustomerField).where(CustomerField.workspace_id == browser.workspace_id)).one()
    assert (field.key, field.label, field.type) == ("points", "Loyalty points", "number")
    done = browser.get(at)
    assert "1 customer created, 1 updated." in text(done)
    assert f'href="/customers?import_id={number}"' in done.get_data(as_text=True)
    assert "ada@a.example" in text(browser.get(f"/customers?import_id={number}"))
    browser.post(f"{at}/undo")
    assert "customers taken back" in text(browser.get(at))


def test_no_script_is_needed_and_none_is_run(browser: Browser) -> None:
    hostile = '<script>alert(1)</script>,"""><b>x",🦊,email\n<img src=x>,2,3,a@b.example\n'
    number = sent(browser, hostile)
    at = f"/customers/imports/{number}"
    page = browser.get(f"{at}/columns").get_data(as_text=True)
    assert browser.post(f"{at}/columns", fields(page)).location == f"{at}/check"
    for path in (at + "/columns", at + "/check"):
        page = browser.get(path).get_data(as_text=True)
        assert "<script>alert(1)" not in page
        assert '"><b>x' not in page
        assert "<img src=x" not in page
        assert "🦊" in page


def test_another_encoding_is_chosen_by_looking(browser: Browser, session: Session) -> None:
    number = sent(browser, "email,city\na@b.example,Århus\nb@b.example,Zürich\n".encode("windows-1252"))
    at = f"/customers/imports/{number}"
    page = text(browser.get(f"{at}/columns"))
    assert "Line 2, byte 24: 0xC5 is not UTF-8." in page
    assert "a@b.example,Århus" in page
    wrong = browser.post(f"{at}/read", {"encoding": "ebcdic"})
    assert wrong.status_code == 422
    assert browser.post(f"{at}/read", {"encoding": "windows-1252"}).location == f"{at}/columns"
    again = text(browser.get(f"{at}/columns"))
    assert "Windows-1252, comma" in again
    assert "Århus · Zürich" in again
    assert browser.post(f"{at}/read", {"encoding": "windows-1252", "delimiter": ";"}).status_code == 303
    assert text(browser.get(f"{at}/columns")).count("email,city") >= 1
    assert row_of(browser, number, session).error is None


def test_a_wrong_choice_stands_at_its_column(browser: Browser) -> None:
    number = sent(browser, PEOPLE)
    at = f"/customers/imports/{number}/columns"
    form = fields(browser.get(at).get_data(as_text=True))
    twice = browser.post(at, form | {"to-1": "email"})
    assert twice.status_code == 422
    assert 'id="no-1">“email” goes there already.' in twice.get_data(as_text=True)
    nobody = browser.post(at, form | {"to-0": ""})
    assert nobody.status_code == 422
    assert "one of them is needed to know people by" in text(nobody)
    for name, value in {
        "to-0": "fields.x y",
        "type-2": "colour",
        "overwrite": "x",
        "consent": "x",
        "basis": "x",
        "label-2": "n" * 300,
    }.items():
        answer = browser.post(at, form | ({"consent": "subscribed"} if name == "basis" else {}) | {name: value})
        assert answer.status_code == 422, name
        assert "fl-err" in answer.get_data(as_text=True) or "fl-note bad" in answer.get_data(as_text=True), name


def test_a_file_like_the_last_goes_as_last_time(browser: Browser, session: Session) -> None:
    imported(browser.workspace_id, PEOPLE, mapping={"plan": None, "points": "fields.loyalty:number"})
    at = f"/customers/imports/{sent(browser, PEOPLE)}/columns"
    page = browser.get(at)
    form = fields(page.get_data(as_text=True))
    assert (form["to-4"], form["to-2"]) == ("", "fields.loyalty")
    assert "As last time" in text(page)
    assert browser.post(at, form).status_code == 303


def test_a_new_field_takes_a_key_of_its_own(browser: Browser, session: Session) -> None:
    a_field(browser.workspace_id, "points")
    number = sent(browser, PEOPLE)
    at = f"/customers/imports/{number}"
    form = fields(browser.get(f"{at}/columns").get_data(as_text=True))
    assert form["to-2"] == "fields.points"
    browser.post(f"{at}/columns", form | {"to-2": "new", "type-2": "number"})
    plan = row_of(browser, number, session).plan
    assert (plan[2]["target"], plan[2]["new"]) == ("fields.points_2", True)


def test_five_hundred_columns(browser: Browser) -> None:
    for n in range(60):
        a_field(browser.workspace_id, f"own_{n}")
    names = [f"c{n}" for n in range(499)]
    number = sent(browser, ",".join(["email", *names]) + "\n" + ",".join(["a@b.example", *map(str, range(499))]) + "\n")
    at = f"/customers/imports/{number}"
    answer = browser.get(f"{at}/columns")
    page = answer.get_data(as_text=True)
    assert len(page) < 1_500_000
    assert page.count('<option value="fields.own_7"') == 1
    form = fields(page) | {f"to-{n}": "" for n in range(300, 500)}
    assert browser.post(f"{at}/columns", form | {"to-7": "fields.own_7"}).location == f"{at}/check"
    check = text(browser.get(f"{at}/check"))
    assert "60 of 300 columns" in check
    assert "298 new fields" in check
    assert "200 left out" in check
    assert 'value="fields.own_7" data-type="text" selected' in browser.get(f"{at}/columns").get_data(as_text=True)


def test_one_row(browser: Browser) -> None:
    at = f"/customers/imports/{sent(browser, 'email' + chr(10) + 'a@b.example')}"
    assert "Import 1 row " in text(browser.get(f"{at}/check"))


def test_nothing_goes_on_before_the_encoding_is_known(browser: Browser) -> None:
    number = sent(browser, "email,city\na@b.example,Århus\n".encode("latin-1"))
    at = f"/customers/imports/{number}"
    for act in ("start", "columns"):
        assert browser.post(f"{at}/{act}").location == at
        assert "Say first in which encoding the file is." in text(browser.get(at, follow_redirects=True))
    assert browser.get(f"{at}/check").location == f"{at}/columns"


def test_two_tabs(browser: Browser, session: Session) -> None:
    number = sent(browser, PEOPLE)
    at = f"/customers/imports/{number}"
    form = fields(browser.get(f"{at}/columns").get_data(as_text=True))
    browser.post(f"{at}/read", {"encoding": "utf-8", "delimiter": ";"})
    digest = row_of(browser, number, session).heading_digest
    answer = browser.post(f"{at}/columns", form | {"heading": "of before"}, follow_redirects=True)
    assert "read in another way meanwhile" in text(answer)
    assert row_of(browser, number, session).heading_digest == digest
    browser.post(f"{at}/read", {"encoding": "utf-8", "delimiter": ","})
    browser.post(f"{at}/start")
    for act in ("start", "columns", "read", "discard"):
        answer = browser.post(f"{at}/{act}", form)
        assert (answer.status_code, answer.location) == (303, at)
        assert "This import has begun already." in text(browser.get(at))
    assert browser.get(f"{at}/check").location == at
    browser.post(f"{at}/cancel")
    browser.post(f"{at}/pause")
    assert "This import is cancelled." in text(browser.get(at))


def test_paused_resumed_stopped_and_told(browser: Browser, session: Session) -> None:
    row = begun(browser.workspace_id, PEOPLE)
    at = f"/customers/imports/{row.id}"
    live = browser.get(f"{at}/progress?phase=active")
    assert f'hx-get="{at}/progress?phase=active"' in live.get_data(as_text=True)
    browser.post(f"{at}/pause")
    assert browser.get(f"{at}/progress?phase=active").headers["HX-Refresh"] == "true"
    assert "Paused" in text(browser.get(at))
    browser.post(f"{at}/resume")
    assert row_of(browser, row.id, session).state == ImportState.QUEUED
    browser.post(f"{at}/cancel")
    assert "Stopped after 0 rows. Nobody was changed." in text(browser.get(at))
    assert "hx-get" not in browser.get(f"{at}/progress?phase=cancelled").get_data(as_text=True)


def test_more_fields_than_a_workspace_may_have(browser: Browser) -> None:
    for n in range(60):
        a_field(browser.workspace_id, f"own_{n}")
    names = ",".join(["email", *(f"c{n}" for n in range(450))])
    at = f"/customers/imports/{sent(browser, names + chr(10) + 'a@b.example' + ',1' * 450)}/columns"
    answer = browser.post(at, fields(browser.get(at).get_data(as_text=True)))
    assert answer.status_code == 422
    assert "500 custom fields are the most: there are 60, and this file would bring 450 more." in text(answer)


def test_a_draft_is_discarded(browser: Browser, session: Session) -> None:
    number = sent(browser, PEOPLE)
    assert "Not started" in text(browser.get("/customers/imports"))
    assert browser.post(f"/customers/imports/{number}/discard").location == "/customers/imports"
    for table in (Import, File):
        assert session.scalar(sa.select(sa.func.count()).select_from(table).where(table.workspace_id == browser.workspace_id)) == 0


def test_who_may_only_look(client: FlaskClient, session: Session) -> None:
    place = workspace()
    owner = signed_in(client, workspace=place)
    number = sent(owner, PEOPLE)
    analyst = signed_in(client, "analyst", place)
    at = f"/customers/imports/{number}"
    assert "This file waits for somebody who may import." in text(analyst.get(at))
    for path in (f"{at}/columns", f"{at}/check", "/customers/import"):
        assert analyst.get(path).status_code == 403
    for act in ("start", "columns", "read", "discard", "pause", "resume", "cancel", "undo", "again"):
        assert analyst.post(f"{at}/{act}").status_code == 403
    page = analyst.get("/customers/imports").get_data(as_text=True)
    assert 'href="/customers/import"' not in page


def test_the_list_needs_as_many_queries_for_three_as_for_one(browser: Browser) -> None:
    assert "Bring your people" in text(browser.get("/customers/imports"))
    begun(browser.workspace_id, PEOPLE)
    browser.get("/customers/imports")
    with counted() as one:
        browser.get("/customers/imports")
    begun(browser.workspace_id, PEOPLE)
    imported(browser.workspace_id, PEOPLE)
    with counted() as three:
        assert browser.get("/customers/imports").status_code == 200
    assert len(three) == len(one)


def test_another_workspaces_import_is_not_there(browser: Browser) -> None:
    theirs = begun(workspace().id, PEOPLE)
    draft = imports.create(theirs.workspace_id, a_file(theirs.workspace_id, PEOPLE), "customers", ADA)
    imports.read(draft)
    for number in (theirs.id, draft.id):
        for path in ("", "/columns", "/check", "/progress", "/rejects", "/rejects.csv", "/kept"):
            assert browser.get(f"/customers/imports/{number}{path}").status_code == 404
        for act in ("start", "columns", "read", "discard", "pause", "resume", "cancel", "undo", "again"):
            assert browser.post(f"/customers/imports/{number}/{act}").status_code == 404
