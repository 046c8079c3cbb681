"""The main job, whole: a file of people in, a campaign out by real SMTP, what they did with it and what they spent back on the pages."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, FilePayload, Page, expect

from app.cli import demo
from app.core.db import session
from app.core.time import now
from app.delivery.verdicts import SOONEST
from app.workspaces.models import Brand, Workspace
from tests.browser.conftest import Look, Site, watched
from tests.browser.steps import Place, add, furnished, ready
from tests.browser.test_access import sign_in
from tests.delivery.post import until
from tests.delivery.sink import Ledger, sink
from tests.factories.auth import api_key, signed_in
from tests.factories.tracking import CHROME

PEOPLE = (
    "Customer ID,E-mail,First name,City\n"
    + "".join(f"N-{n},p{n}@northlight.example,Ada{n},{('Oslo', 'Rome')[n % 2]}\n" for n in range(24))
    + "N-90,gone@northlight.example,Finn,Oslo\nN-91,,Nora,Oslo\n"
)
"""Thirteen in Oslo whom one may write to, one of them with an address that is no more; one has none at all."""
WORDS = """Hello {{{{ customer.first_name | default("there") }}}},

[See the layers]({site}/auth/login?of=layers)

{{{{ brand.postal_address }}}} [Unsubscribe]({{{{ unsubscribe_url }}}})
"""


@dataclass(frozen=True)
class Shop:
    """A workspace that really sends: who owns it, who works in it, a key for its shop, and the server its mail goes to."""

    owner: Place
    marketer: list[dict[str, str]]
    key: dict[str, str]
    got: Ledger
    port: int


@pytest.fixture
def shop(site: Site) -> Iterator[Shop]:
    with sink() as (got, port), furnished(site, _brand) as owner:
        place = session().get_one(Workspace, owner.workspace_id)
        client = site.app.test_client()
        signed_in(client, "marketer", place, may_send=True)
        key = api_key(place, scopes=["customers.edit", "campaigns.view"])
        session().commit()
        cookies = [{"name": one.key, "value": one.value, "url": site.url} for one in client._cookies.values()]
        yield Shop(owner, cookies, key, got, port)


def _brand(workspace_id: int) -> None:
    mine = sa.update(Brand).where(Brand.workspace_id == workspace_id)
    session().execute(mine.values(name="Northlight Outdoor", postal_address="214 Pier Street, Portland"))


def test_from_a_file_to_the_money(chromium: Browser, site: Site, shop: Shop, look: Look) -> None:
    with watched(chromium, site) as context:
        context.add_cookies(shop.owner.cookies)
        add_the_server(context.new_page(), shop)
        context.clear_cookies()
        context.add_cookies(shop.marketer)
        page = context.new_page()
        import_people(page)
        build_a_segment(page)
        write_a_template(page, site)
        campaign = launch(page, look)
        watch(page)
        report_orders(chromium, site, shop, read_and_click(chromium, shop))
        see_the_money(page, campaign)


def add_the_server(page: Page, shop: Shop) -> None:
    ready(page, "/settings/senders/new")
    page.get_by_label("Name", exact=True).first.fill("Main server")
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(shop.port))
    page.get_by_label("Encryption", exact=True).select_option(label="None")
    page.get_by_label("Without encryption is meant").check()
    page.get_by_label("Address").fill("hello@northlight.example")
    page.get_by_label("Messages a second").fill("3")
    page.get_by_role("button", name="Add the sender").click()
    page.get_by_label("Send a letter to").fill("ines@northlight.example")
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#sender-state")).to_have_text("Ready")
    assert shop.got.recipients() == ["ines@northlight.example"]


def import_people(page: Page) -> None:
    """From the first page's button, with consent for all of them."""
    ready(page, "/")
    page.get_by_role("link", name="Import customers").click()
    file: FilePayload = {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
    ready(page).locator("input[type=file]").set_input_files(file)
    page.wait_for_url(re.compile(r"/customers/imports/\d+/columns"))
    ready(page).get_by_label("Everybody in it agreed").check()
    page.get_by_role("button", name="Dry run").click()
    page.wait_for_url("**/check")
    page.get_by_role("button", name=re.compile("^Import ")).click()
    expect(page.get_by_text("26 customers created")).to_be_visible(timeout=20_000)


def build_a_segment(page: Page) -> None:
    ready(page, "/segments/new").get_by_label("Name").fill("Oslo")
    add(page, "city")
    page.get_by_role("combobox", name="City").fill("Oslo")
    expect(page.locator("[data-count]")).to_have_text("14")
    page.keyboard.press("Control+s")
    page.wait_for_url(re.compile(r"/segments/\d+$"))


def write_a_template(page: Page, site: Site) -> None:
    ready(page, "/templates/new").get_by_role("link", name="Letter in Markdown").click()
    ready(page).get_by_label("Name").fill("Layers")
    page.get_by_label("Subject").fill("Layers for {{ customer.first_name }}")
    page.get_by_label("Words, in Markdown").fill(WORDS.format(site=site.url))
    page.get_by_label("As", exact=True).fill("Ada2")
    page.get_by_label("As", exact=True).press("Tab")
    expect(page.frame_locator("[data-frame]").get_by_text("Hello Ada2,")).to_be_visible()
    expect(page.locator("#answer")).to_contain_text("Layers for Ada2")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/templates/\d+$"))


def launch(page: Page, look: Look) -> int:
    """Build the campaign, read the check, and send. Return its id."""
    ready(page, "/campaigns/new").get_by_label("Name").fill("Layers for cold mornings")
    page.get_by_label("Template").select_option(label="Layers")
    page.get_by_label("Cost").fill("20")
    page.get_by_label("Goal").fill("120")
    page.get_by_role("button", name="Next: audience").click()
    page.get_by_label("Choose a segment…").select_option(label="Oslo · 14")
    expect(page.get_by_role("button", name="Take Oslo out")).to_be_visible()
    expect(page.get_by_text("Will receive it now")).to_be_visible()
    page.get_by_role("button", name="Next: schedule").click()
    page.wait_for_url("**/edit?step=schedule")
    look(ready(page), "job-schedule")
    page.get_by_role("button", name="Next: check").click()
    expect(page.locator("main")).to_contain_text("Will receive it13")
    page.get_by_role("button", name="Send to 13").click()
    question = page.locator("#fl-confirm")
    expect(question).to_contain_text("1 other is left out: 1 without an address.")
    question.get_by_role("button", name="Send to 13").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+$"))
    return int(page.url.rpartition("/")[2])


def watch(page: Page) -> None:
    """See it go, without touching the page, until it says by itself that it is done and who did not get it."""
    expect(page.locator("#progress .fl-kpi")).to_have_text(re.compile(r"^[1-9]\d? of 13 sent$"), timeout=20_000)
    expect(page.get_by_role("heading", name="2 people did not get it")).to_be_visible(timeout=20_000)
    ready(page).get_by_role("row", name=re.compile("The address does not work")).get_by_role("link", name="Look at them").click()
    expect(page.locator("main tbody tr")).to_contain_text("550 5.1.1 User unknown")


def read_and_click(chromium: Browser, shop: Shop) -> list[str]:
    """Open two of the mails as the server got them, and follow their link. Return who did."""
    mails = shop.got.taken[1:]
    assert sorted(mail.recipient for mail in mails) == sorted(f"p{n}@northlight.example" for n in range(0, 24, 2))
    until(lambda: at_leisure(shop.owner.workspace_id))
    reader = chromium.new_context(user_agent=CHROME)
    for taken in mails[:2]:
        mail = email.message_from_bytes(taken.data.replace(b"\r\n..", b"\r\n."), policy=email.policy.default)
        name = mail["To"].addresses[0].username.replace("p", "Ada")
        assert mail["Subject"] == f"Layers for {name}"
        html = mail.get_body(("html",))
        assert html is not None
        page = reader.new_page()
        with page.expect_response(re.compile("/o/")) as pixel:
            page.set_content(html.get_content())
        assert pixel.value.status == 200
        expect(page.get_by_text(f"Hello {name},")).to_be_visible()
        page.get_by_role("link", name="See the layers").click()
        page.wait_for_url(re.compile(r"/auth/login\?of=layers&.*utm_campaign=layers-for-cold-mornings"))
    reader.close()
    return [taken.recipient for taken in mails[:2]]


def at_leisure(workspace_id: int) -> bool:
    """Tell whether every message has been there long enough for a person to read it: what is opened sooner, a machine opened."""
    young = "select count(*) from messages where workspace_id = :w and (state in (1, 2) or sent_at > now() - make_interval(secs => :s))"
    return rows(young, w=workspace_id, s=SOONEST) == [(0,)]


def report_orders(chromium: Browser, site: Site, shop: Shop, buyers: list[str]) -> None:
    """As the shop does it: by API, with a key. Waits until they are credited."""
    caller = chromium.new_context(base_url=site.url, extra_http_headers=shop.key)
    for address, amount in zip(buyers, (8_640, 4_860), strict=True):
        order = {"external_id": f"S-{amount}", "customer": {"email": address}, "amount": amount, "currency": "USD"}
        assert caller.request.post("/api/v1/orders", data=order).status == 201
    caller.close()
    until(lambda: rows("select count(*) from conversions where workspace_id = :w", w=shop.owner.workspace_id) == [(2,)])


def see_the_money(page: Page, campaign: int) -> None:
    """On the campaign's page and on the overview, whose looks other tests check."""
    for path in (f"/campaigns/{campaign}", "/overview"):
        figures = ready(page, path).locator(".fl-kpi")
        expect(figures.filter(has_text="Revenue").first).to_contain_text("$135")
        expect(figures.filter(has_text="Return on cost").first).to_contain_text("575 %")
        expect(page.locator("main")).to_contain_text("16.7 %")
    row = page.get_by_role("row", name=re.compile("Layers for cold mornings"))
    expect(row).to_contain_text("$135")


def test_the_demo_has_a_campaign_that_only_waits_to_be_sent(chromium: Browser, site: Site, look: Look) -> None:
    with site.app.app_context():
        place = demo.fill(now())
        session().commit()
        with watched(chromium, site, agent=CHROME) as context:
            page = context.new_page()
            sign_in(page, demo.NAME, demo.PASSWORD)
            look(ready(page), "demo-first")
            page.get_by_role("link", name="Send your first campaign").click()
            ready(page).get_by_role("link", name="Check and send").click()
            page.get_by_role("button", name=re.compile(r"^Send to \d+$")).click()
            page.locator("#fl-confirm").get_by_role("button", name=re.compile("^Send to")).click()
            page.wait_for_url(re.compile(r"/campaigns/\d+$"))
            campaign = page.url
            expect(page.get_by_role("heading", name="85 people did not get it")).to_be_visible(timeout=60_000)
            until(lambda: at_leisure(place))
            readers = [read_caught(page, nth) for nth in range(2)]
            until(lambda: rows("select count(*) from messages where workspace_id = :w and clicked_at is not null", w=place) == [(2,)])
            for address in readers:
                row = ready(page, f"{campaign}/recipients?search={address}").locator("main tbody tr")
                expect(row.locator("td.n")).to_have_text(["1", *[re.compile(":")] * 3, "–"])


def read_caught(page: Page, nth: int) -> str:
    """Open one of the caught mails and follow its link; return whose it is."""
    ready(page, "/mail")
    with page.expect_response(re.compile("/o/")) as pixel:
        page.locator("main tbody a").nth(nth).click()
    assert pixel.value.status == 200
    with page.context.expect_event("response", lambda answer: "/c/" in answer.url) as click:
        page.frame_locator("iframe.fl-framed").get_by_role("link", name="See what is new").click()
    assert click.value.status == 302
    assert click.value.headers["location"].startswith("https://www.example.com/new?utm_")
    return page.locator(".fl-lede").inner_text().removeprefix("To ").partition(",")[0]


def rows(query: str, **says: object) -> list[tuple[Any, ...]]:
    """Ask the database."""
    found = [tuple(row) for row in session().execute(sa.text(query), says)]
    session().rollback()
    return found
