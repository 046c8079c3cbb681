"""A file of customers in a browser: sent, its columns corrected, tried, imported while one looks, its refused rows read, taken back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests.browser.conftest import Look, Site
from tests.browser.steps import Place, furnished, ready
from tests.factories.customers import a_customer, a_field

FIRST = ("Adaeze", "Björn", "Daniel", "Farid", "Mei", "Olga", "Ruth", "Sam")
LAST = ("Okonkwo", "Halvorsen", "Reyes", "Nazari", "Tanaka", "Petrova", "Adler", "Whitfield")


@pytest.fixture(scope="module")
def place(site: Site) -> Iterator[Place]:
    """A workspace with a few customers and a field."""
    with furnished(site, _people) as made:
        yield made


def _people(workspace_id: int) -> None:
    a_field(workspace_id, "plan", label="Plan")
    for n in range(12):
        a_customer(workspace_id, email=f"p{n}@northlight.example", first_name=None, city="Oslo")


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Page:
    context.add_cookies(place.cookies)
    return context.new_page()


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


ORDERS = """Order,Customer e-mail,Ordered at,Item,Quantity,Unit price,Currency
A-1,p1@northlight.example,2026-11-02 10:15,Trail shoe,1,"1,204.50",USD
A-1,p1@northlight.example,2026-11-02 10:15,Socks,3,9.90,USD
A-2,new@northlight.example,2026-11-03 08:00,Cap,1,25.00,USD
R-2,new@northlight.example,2026-11-05 08:00,Cap,-1,25.00,USD
A-3,p2@northlight.example,2026-11-03 08:00,Cap,one,25.00,USD
"""


def test_orders_are_imported_and_taken_back(page: Page, place: Place, look: Look) -> None:
    ready(page, "/customers/import")
    page.get_by_label("Orders", exact=True).check()
    expect(page.get_by_text("The number of the order.")).to_be_visible()
    page.locator("input[type=file]").set_input_files({"name": "orders.csv", "mimeType": "text/csv", "buffer": ORDERS.encode()})
    page.wait_for_url(re.compile(r"/customers/imports/\d+/columns"))
    look(ready(page), "orders-2-columns")
    page.get_by_role("button", name="Dry run").click()
    page.wait_for_url("**/check")
    look(ready(page), "orders-3-dry-run")
    page.get_by_role("button", name=re.compile("^Import ")).click()
    expect(page.get_by_text("3 orders added. 1 customer came with them, without consent.")).to_be_visible(timeout=20_000)
    look(ready(page), "orders-5-done")
    page.goto("/customers?q=p1@northlight.example")
    expect(page.locator("main tbody tr")).to_contain_text("$1,234.20")
    page.goto("/customers/imports")
    page.get_by_role("link", name="orders.csv").click()
    page.get_by_role("button", name="Undo…").click()
    page.get_by_role("button", name=re.compile("^Take back")).click()
    expect(page.get_by_text("orders, and customers made for them, removed again")).to_be_visible(timeout=20_000)
    page.goto("/customers?q=new@northlight.example")
    expect(page.get_by_text("Nobody fits")).to_be_visible()


DROP = """text => {
    const data = new DataTransfer();
    data.items.add(new File([text], 'dropped.csv', { type: 'text/csv' }));
    return data;
}"""


def test_a_file_is_dropped(page: Page) -> None:
    ready(page, "/customers/import")
    data = page.evaluate_handle(DROP, "email\ndropped@northlight.example\n")
    page.dispatch_event("[data-drop]", "dragenter", {"dataTransfer": data})
    expect(page.locator("[data-drop].over")).to_be_visible()
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": data})
    page.wait_for_url(re.compile(r"/customers/imports/\d+/columns"))
    expect(page.locator("main")).to_contain_text("dropped.csv")


def test_sending_is_stopped_and_begun_again(page: Page) -> None:
    ready(page, "/customers/import")
    page.route("**/customers/import", lambda _: None)  # never answered
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(a_file(10))
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Choose a CSV file")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_hidden()
    page.unroute("**/customers/import")
    chooser.set_input_files(a_file(10))
    page.wait_for_url(re.compile(r"/customers/imports/\d+/columns"))
