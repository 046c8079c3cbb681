"""What the sandbox caught: found, shown as it was sent, framed without power, forgotten after thirty days."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.time import now
from app.delivery.models import CaughtMail
from app.delivery.reading import Link, framed, links_in, read
from app.delivery.service import mail
from app.delivery.service.erase import erase
from tests.factories.auth import signed_in
from tests.factories.customers import a_customer
from tests.factories.delivery import a_caught_mail, a_mail, a_mailing, a_message
from tests.factories.workspaces import workspace
from tests.support import counted

HTML = (
    '<!doctype html><html><head><title>x</title></head><body><p>Hello Ada</p><a href="https://northlight.example/a?b=1&amp;c=2">See <b>all</b></a>'
    '<a href="/c/x"><img src="x.png" alt="Boots"></a><a name="top">no link</a><script>alert(1)</script></body></html>'
)


def test_a_mail_is_taken_apart() -> None:
    found = read(a_mail("Grüße — a “sale”", text="Hällo\n", html=HTML).as_bytes())
    assert (found.subject, found.text) == ("Grüße — a “sale”", "Hällo\n")
    assert found.html == HTML + "\n"
    assert ("From", "Northlight <hello@northlight.example>") in found.headers
    assert found.links == (Link("See all", "https://northlight.example/a?b=1&c=2"), Link("Boots", "/c/x"))
    plain = read(a_mail().as_bytes())
    assert (plain.html, plain.text, plain.links) == (None, "Hello Ada\n", ())


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff", b"Subject", b"Subject: \xe9\n\nx", b"Content-Type: multipart/mixed; boundary=x\n\n--x\n--x--"]
)
def test_nonsense_is_shown_too(raw: bytes) -> None:
    assert read(raw).size == len(raw)


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("<HTML><HEAD lang=en><p>", '<HTML><HEAD lang=en><base target="_blank"><p>'),
        ("<html><p>", '<html><base target="_blank"><p>'),
        ("<!doctype html><html><head><p>", '<!doctype html><html><head><base target="_blank"><p>'),
        ("<!doctype html><p>", '<!doctype html><base target="_blank"><p>'),
        ("<header>x", '<base target="_blank"><header>x'),
    ],
)
def test_links_of_a_frame_open_elsewhere(html: str, says: str) -> None:
    assert framed(html) == says


def test_unclosed_links_end_nothing() -> None:
    assert links_in('<a href="a">one<a href="b">two</a></p><a href="c">') == [Link("two", "b")]


def test_the_list_finds_by_recipient_subject_and_campaign(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client, workspace=workspace(sandbox=True))
    assert "Nothing caught yet" in browser.get("/mail").get_data(as_text=True)
    mailing = a_mailing(browser.workspace_id, name="Spring campaign")
    a_caught_mail(browser.workspace_id, a_mail("Boots 100%", "ada@northlight.example"), mailing.id)
    a_caught_mail(browser.workspace_id, a_mail("Sandals", "grace@northlight.example"))
    a_caught_mail(workspace().id, a_mail("Stranger"))

    def listed(query: str) -> list[str]:
        page = browser.get(f"/mail{query}", headers={"HX-Request": "true"}).get_data(as_text=True)
        return [subject for subject in ("Sandals", "Boots 100%", "Stranger") if subject in page]

    assert listed("") == ["Sandals", "Boots 100%"]
    assert listed("?q=GRACE@") == ["Sandals"]
    assert listed("?q=100%25") == ["Boots 100%"]
    assert listed("?q=_") == []
    assert listed(f"?mailing={mailing.id}") == ["Boots 100%"]
    assert "Spring campaign" in browser.get(f"/mail?mailing={mailing.id}").get_data(as_text=True)
    assert browser.get("/mail?mailing=x").status_code == 422
    assert browser.get("/mail?cursor=x").status_code == 422


def test_pages_of_the_list_follow_each_other_at_one_count_of_queries(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client, workspace=workspace(sandbox=True))
    rows = [a_caught_mail(browser.workspace_id, a_mail(f"Number {n}.")) for n in range(3)]
    with counted() as one:
        page = browser.get("/mail?limit=1").get_data(as_text=True)
    assert "Number 2." in page
    with counted() as three:
        browser.get("/mail?limit=3")
    assert len(one) == len(three)
    cursor = page.partition("cursor=")[2].partition('"')[0]
    assert "Number 1." in browser.get(f"/mail?limit=1&cursor={cursor}").get_data(as_text=True)
    older = browser.get(f"/mail/{rows[1].id}").get_data(as_text=True)
    assert (f"/mail/{rows[0].id}" in older, f"/mail/{rows[2].id}" in older) == (True, True)


def test_a_mail_is_shown_in_its_parts_and_framed_without_power(session: Session, client: FlaskClient) -> None:
    browser = signed_in(client, workspace=workspace(sandbox=True))
    kept = a_mail(html=HTML)
    at = f"/mail/{a_caught_mail(browser.workspace_id, kept).id}"
    assert f'src="{at}/html"' in browser.get(at).get_data(as_text=True)
    assert "Hello Ada" in browser.get(f"{at}?part=text").get_data(as_text=True)
    assert "https://northlight.example/a?b=1&amp;c=2" in browser.get(f"{at}?part=links").get_data(as_text=True)
    assert "Northlight &lt;hello@northlight.example&gt;" in browser.get(f"{at}?part=headers").get_data(as_text=True)
    source = browser.get(f"{at}?part=source").get_data(as_text=True)
    assert "&lt;p&gt;Hello Ada&lt;/p&gt;" in source
    frame = browser.get(f"{at}/html")
    says = frame.headers["Content-Security-Policy"]
    assert says.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; ")
    assert not {"allow-scripts", "allow-same-origin", "allow-forms"} & set(says.replace(";", "").split())
    assert ("Set-Cookie" in frame.headers, frame.headers["X-Frame-Options"]) == (False, "SAMEORIGIN")
    raw = browser.get(f"{at}/raw")
    assert (raw.data, raw.headers["Content-Disposition"].startswith("attachment")) == (kept.as_bytes(), True)
    plain = f"/mail/{a_caught_mail(browser.workspace_id).id}"
    assert "iframe" not in browser.get(plain).get_data(as_text=True)
    assert browser.get(f"{plain}/html").status_code == 404


def test_only_a_sandbox_has_it_in_its_navigation(session: Session, client: FlaskClient) -> None:
    assert 'href="/mail"' in signed_in(client, workspace=workspace(sandbox=True)).get("/settings").get_data(as_text=True)
    browser = signed_in(client)
    assert 'href="/mail"' not in browser.get("/settings").get_data(as_text=True)
    assert "really leaves" in browser.get("/mail").get_data(as_text=True)
    assert signed_in(client, "client").get("/mail").status_code == 403


def test_mail_is_forgotten_after_thirty_days_and_with_its_customer(session: Session) -> None:
    place = workspace(sandbox=True).id
    old, new = (a_caught_mail(place, caught_at=now() - timedelta(days=days)) for days in (31, 29))
    assert mail.forget_old() is False
    kept = sa.select(CaughtMail.id).where(CaughtMail.workspace_id == place)
    assert session.scalars(kept).all() == [new.id]
    assert old.id != new.id
    customer = a_customer(place)
    new.message_id = a_message(a_mailing(place), customer.id).id
    session.flush()
    erase(place, [customer.id])
    assert session.scalars(kept).all() == []
