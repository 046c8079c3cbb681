"""A file of customers in a browser: sent, its columns corrected, tried, imported while one looks, its refused rows read, taken back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from app.core.db import session
from tests.browser.conftest import Look, Site
from tests.factories.auth import signed_in
from tests.factories.customers import a_customer, a_field

HILLSTROM = Path(__file__).resolve().parents[3] / "shared" / "data" / "hillstrom_customers.csv"
FIRST = ("Adaeze", "Björn", "Daniel", "Farid", "Mei", "Olga", "Ruth", "Sam")
LAST = ("Okonkwo", "Halvorsen", "Reyes", "Nazari", "Tanaka", "Petrova", "Adler", "Whitfield")


@dataclass(frozen=True)
class Place:
    cookies: list[dict[str, str]]
    workspace_id: int


@pytest.fixture(scope="module")
def place(site: Site) -> Iterator[Place]:
    """A workspace with a few customers and a field, and the cookies of its owner."""
    client = site.app.test_client()
    with site.app.app_context():
        browser = signed_in(client)
        a_field(browser.workspace_id, "plan", label="Plan")
        for n in range(12):
            a_customer(browser.workspace_id, email=f"p{n}@northlight.example", first_name=None, city="Oslo")
        session().commit()
        cookies = [{"name": one.key, "value": one.value, "url": site.url} for one in client._cookies.values()]
        yield Place(cookies, browser.workspace_id)


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Page:
    context.add_cookies(place.cookies)
    return context.new_page()


def ready(page: Page, path: str = "") -> Page:
    if path:
        page.goto(path)
    page.wait_for_function("document.documentElement.dataset.ready === ''")
    return page


def a_file(rows: int = 3_000) -> FilePayload:
    """Return a file as a shop exports one, with mistakes in it."""
    lines = ["Customer ID,E-mail,First name,Surname,Postal code,Last visit,Money spent,Plan,VIP"]
    for n in range(rows):
        mail = {7: f"p{n}@@northlight.example", 40: "", 11: f"p{n - 1}@northlight.example"}.get(n % 500, f"p{n}@northlight.example")
        spent = '"1.204,50"' if n % 700 == 19 else f"{n * 1.37:.2f}"
        lines.append(
            f"N-{n if n % 500 != 40 else ''},{mail},{FIRST[n % 8]},{LAST[n % 7]},{97000 + n % 900},{1 + n % 28}/11/2026,{spent},pro,{n % 2}"
        )
    return {"name": "northlight_people.csv", "mimeType": "text/csv", "buffer": ("\n".join(lines) + "\n").encode()}


def test_a_file_is_imported_and_taken_back(page: Page, look: Look) -> None:
    ready(page, "/customers")
    page.get_by_role("link", name="Import", exact=True).click()
    ready(page)
    look(page, "import-1-file")
    page.locator("input[type=file]").set_input_files(a_file())
    page.wait_for_url(re.compile(r"/customers/imports/\d+/columns"))
    ready(page)
    page.get_by_label("Where VIP goes").select_option("")
    page.get_by_label("Where Plan goes").select_option(label="New field")
    page.get_by_label("Name of the new field for Plan").fill("Tariff")
    look(page, "import-2-columns")
    page.get_by_role("button", name="Dry run").click()
    page.wait_for_url("**/check")
    expect(page.locator("main")).to_contain_text("The first 2,000 of about 3,000 rows were tried")
    look(page, "import-3-dry-run")
    page.get_by_role("button", name="Import about 3,000 rows").click()
    expect(page.get_by_text("customers created, 10 updated")).to_be_visible(timeout=20_000)
    ready(page)
    look(page, "import-5-done")
    page.get_by_role("link", name=re.compile("Address not valid")).click()
    expect(page.locator("main tbody tr").first).to_contain_text("p7@@northlight.example")
    look(page, "import-refused")
    page.go_back()
    page.get_by_role("link", name="See these customers").click()
    expect(page.locator(".fl-chip").first).to_contain_text("Import")
    page.go_back()
    page.get_by_role("button", name="Undo…").click()
    page.get_by_role("button", name=re.compile("^Take back [0-9,]+$")).click()
    expect(page.get_by_text("customers removed again, 10 set back.")).to_be_visible(timeout=20_000)
    page.goto("/customers/imports")
    look(page, "imports")
