"""Senders and caught mail, as a person meets them."""

import time

from playwright.sync_api import Page, expect

from app.core.db import session
from app.core.time import now
from app.delivery.letters import words
from app.delivery.letters.looks import Face
from tests.browser.conftest import Look, Site
from tests.browser.test_access import sign_in
from tests.factories.auth import member, user
from tests.factories.delivery import a_caught_mail, a_mail, a_sender
from tests.factories.workspaces import workspace


def an_owner(site: Site, *, sandbox: bool) -> tuple[str, int]:
    """Return the address of an owner of a new workspace, and its id."""
    with site.app.app_context():
        place = workspace("Northlight", sandbox=sandbox)
        place.slug = f"northlight-{time.monotonic_ns()}"
        address = f"{place.slug}@northlight.example"
        member(place, person=user(email=address))
        session().commit()
        return address, place.id


def test_a_sender_is_added_and_tested_and_says_what_is_wrong(page: Page, site: Site, look: Look) -> None:
    address, _ = an_owner(site, sandbox=False)
    sign_in(page, address)
    page.goto("/settings/senders")
    look(page, "senders-empty")
    page.get_by_role("link", name="New sender").click()
    page.get_by_label("Name", exact=True).first.fill("Main server")
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill("9")
    page.get_by_label("Address").fill("hello@northlight.example")
    look(page, "sender-new")
    page.get_by_role("button", name="Add the sender").click()
    page.get_by_role("button", name="Test").click()
    for part in ("#sender-side", "#sender-trouble"):
        expect(page.locator(part).get_by_text("127.0.0.1 takes no connections on port 9.")).to_be_visible()
    expect(page.get_by_text("Cannot send")).to_be_visible()
    look(page, "sender-tested")
    page.goto("/settings/senders")
    expect(page.get_by_role("link", name="Correct it")).to_be_visible()
    look(page, "senders")


def test_caught_mail_is_read_and_its_links_open(page: Page, site: Site, look: Look) -> None:
    address, workspace_id = an_owner(site, sandbox=True)
    letter = words.confirmation(Face("Northlight", "#ffd400", "1 Pier Road\nPortland"), "mail", f"{site.url}/auth/login")
    with site.app.app_context():
        a_sender(workspace_id, "Sandbox", "sandbox", is_default=True, tested_at=now())
        for n in range(3):
            mail = a_mail(letter.subject if n else "Spring sale", f"person{n}@northlight.example", letter.text, letter.html)
            a_caught_mail(workspace_id, mail)
        session().commit()
    sign_in(page, address)
    page.goto("/mail")
    look(page, "mails")
    page.get_by_role("searchbox").fill("spring")
    expect(page.get_by_role("link", name="Confirm that you want mail")).to_have_count(0)
    page.get_by_role("link", name="Spring sale").click()
    frame = page.frame_locator("iframe.fl-framed")
    expect(frame.get_by_text("One click, then it is done")).to_be_visible()
    look(page, "mail")
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Yes, write to me").click()
    expect(opened.value).to_have_url(f"{site.url}/overview")
    for part in ("Links", "Headers", "Source", "Text"):
        page.get_by_role("link", name=part).click()
    look(page, "mail-text")
    page.goto("/settings/senders")
    look(page, "senders-sandbox")
