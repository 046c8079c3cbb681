"""What becomes of imports, page by page: refused rows, taking back, failing, beginning anew, what stays after 30 days."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.customers.models import Customer, ImportState
from app.customers.service import import_purge
from app.jobs.models import JobRun, RunState
from tests.customers.views.import_forms import PEOPLE, row_of, sent, text
from tests.factories.auth import Browser, signed_in
from tests.factories.imports import begun, imported, undone, work


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def test_refused_rows_by_reason(browser: Browser) -> None:
    lines = [f"bad{n}@@,1" for n in range(60)] + ["a@b.example,x", "c@d.example,y", *(f"p{n}@d.example,{n}" for n in range(200))]
    row = imported(browser.workspace_id, "email,points\n" + "\n".join(lines) + "\n")
    at = f"/customers/imports/{row.id}"
    shown = text(browser.get(at))
    assert "62 rows refused" in shown
    assert "Address not valid 60" in shown
    assert "8 of 62" in shown
    page = browser.get(f"{at}/rejects")
    assert "Number not readable 2" in text(page)
    more = re.search(r'href="([^"]+)" rel="next"', page.get_data(as_text=True))
    assert more is not None
    assert "bad59@@" in text(browser.get(more[1].replace("&amp;", "&")))
    numbers = text(browser.get(f"{at}/rejects?kind=number"))
    assert "62 points" in numbers
    assert "bad0@@" not in numbers
    assert browser.get(f"{at}/rejects?kind=nonsense").status_code == 200
    csv = browser.get(f"{at}/rejects.csv")
    assert csv.headers["Content-Disposition"] == f'attachment; filename="import-{row.id}-refused.csv"'
    assert len(csv.text.splitlines()) == 63


def test_undone_and_who_was_kept(browser: Browser, session: Session) -> None:
    row = imported(browser.workspace_id, PEOPLE)
    person = session.scalars(sa.select(Customer).where(Customer.workspace_id == browser.workspace_id).order_by(Customer.id)).first()
    assert person is not None
    person.version += 1
    person.first_name = "Augusta"
    session.flush()
    undone(row)
    at = f"/customers/imports/{row.id}"
    assert "1 customer removed again, 0 set back. 1 was edited or used since and stays; see who" in text(browser.get(at))
    assert "Augusta" in text(browser.get(f"{at}/kept"))
    browser.post(f"{at}/undo")
    assert "This import is undone already." in text(browser.get(at))


def test_a_file_need_not_be_sent_again(browser: Browser, session: Session) -> None:
    lines = "".join(f"p{n}@a.example,{'x' * 400}\n" for n in range(9_000))
    number = sent(browser, f"email,note\n{lines}".encode() + "z@a.example,Århus\n".encode("latin-1"))
    at = f"/customers/imports/{number}"
    assert browser.post(f"{at}/start").status_code == 303
    row = work(row_of(browser, number, session))
    assert (row.state, row.rows_done) == ("failed", 0)
    shown = browser.get(at)
    assert "Line 9,002, byte" in text(shown)
    assert "Nobody was changed." in text(shown)
    new = browser.post(f"{at}/again").location
    assert "The last time: Line 9,002, byte" in text(browser.get(new))
    browser.post(new.replace("columns", "read"), {"encoding": "windows-1252"})
    assert "The last time" not in text(browser.get(new))
    browser.post(new.replace("columns", "start"))
    row = work(row_of(browser, int(new.split("/")[3]), session))
    assert (row.state, row.created) == ("finished", 9_001)
    for there in (number, row.id):
        assert browser.post(f"/customers/imports/{there}/again").location == f"/customers/imports/{there}"
    undone(row)
    assert browser.post(f"/customers/imports/{row.id}/again").location.endswith("/columns")


def test_work_that_stopped_is_told_and_tried_again(browser: Browser, session: Session) -> None:
    row = begun(browser.workspace_id, PEOPLE)
    at = f"/customers/imports/{row.id}"
    what = {
        "job": "customers.run_import",
        "workspace_id": browser.workspace_id,
        "key": f"import:{row.id}",
        "queue": "bulk",
        "args": {},
        "lease": 60,
        "max_attempts": 5,
    }
    session.add(JobRun(**what, state=RunState.FAILED, error="The disk is full.\nTraceback"))
    session.flush()
    page = text(browser.get(at))
    assert "The work stopped. The disk is full. Nothing was taken twice" in page
    assert "Traceback" not in page
    assert browser.get(f"{at}/progress?phase=active").headers["HX-Refresh"] == "true"
    assert "Failed" in text(browser.get("/customers/imports"))
    assert browser.post(f"{at}/resume").status_code == 303
    assert row_of(browser, row.id, session).state == ImportState.QUEUED


def test_after_thirty_days_the_counts_stay(browser: Browser, session: Session) -> None:
    row = imported(browser.workspace_id, PEOPLE)
    row.finished_at = row.finished_at - timedelta(days=31) if row.finished_at else None
    session.flush()
    while import_purge.step():
        pass
    at = f"/customers/imports/{row.id}"
    page = browser.get(at)
    assert "2 customers created, 0 updated." in text(page)
    assert "They are kept for 30 days, which are over." in text(page)
    for gone in ("Undo…", "See these customers", "rejects.csv", "Undo stays possible"):
        assert gone not in page.get_data(as_text=True), gone
    assert "No row is here" in text(browser.get(f"{at}/rejects"))
    browser.post(f"{at}/undo")
    assert "ended more than 30 days ago" in text(browser.get(at))
