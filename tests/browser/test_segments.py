"""Segments in a browser: built by mouse and by keyboard, counted while they are written, explained, saved, followed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.core.db import session
from app.core.time import now
from tests.browser.conftest import Look, Site
from tests.browser.steps import Place, add, furnished, ready
from tests.factories.customers import a_consent, a_customer, a_field, stats
from tests.factories.segments import a_segment, acts, did, either, every, field, member_of, negated


@pytest.fixture(scope="module")
def place(site: Site) -> Iterator[Place]:
    """A workspace with forty customers."""
    with furnished(site, _people) as made:
        yield made


def _people(workspace_id: int) -> None:
    names = [
        "Adaeze Okonkwo",
        "Björn Halvorsen",
        "Daniel Reyes",
        "Farid Nazari",
        "Mei Tanaka",
        "Olga Petrova",
        "Ruth Adler",
        "Sam Whitfield",
    ]
    a_field(workspace_id, "plan", label="Plan")
    for n in range(40):
        first, last = names[n % 8].split()
        person = a_customer(
            workspace_id,
            first_name=first,
            last_name=last if n < 8 else f"{last} {n}",
            email=f"p{n}@northlight.example",
            country=["US", "DE", "GB", None][n % 4],
            tags=[["vip"], ["trail", "vip"], []][n % 3],
            attributes={"plan": ["pro", "free"][n % 2]},
        )
        stats(person, lifetime_value=n * 1500, orders_count=n % 5)
        acts(person, "opened", [now() - timedelta(days=d) for d in range(1 + n % 6)])
        if n % 2:
            a_consent(person)


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Page:
    context.add_cookies(place.cookies)
    return context.new_page()


def count(page: Page) -> str:
    expect(page.locator("[data-took]")).to_contain_text("Counted in")
    return page.locator("[data-count]").inner_text()


def test_a_nested_segment_is_built_counted_explained_and_saved(page: Page, look: Look) -> None:
    ready(page, "/segments/new")
    look(page, "segment-new")
    page.get_by_label("Name").fill("High value, engaged")
    add(page, "lifetime")
    page.get_by_role("textbox", name="Lifetime value").fill("200")
    expect(page.locator("[data-count]")).to_have_text("26")
    add(page, "opened an e-mail", kind="Group")
    page.get_by_label("Times").fill("3")
    expect(page.locator(".fl-group .fl-group")).to_have_count(1)
    add(page, "tags", nth=0)
    page.locator(".fl-chips input").fill("vip")
    page.keyboard.press("Enter")
    expect(page.locator(".fl-chips .fl-chip")).to_have_text(["vip"])
    expect(page.locator("[data-slot=words]")).to_contain_text("Customers whose lifetime value is at least $200")
    expect(page.locator(".fl-rule output").first).to_have_text("26")
    page.get_by_label("Check one customer").fill("farid nazari")
    page.keyboard.press("Enter")
    expect(page.locator("[data-slot=why]")).to_contain_text("Farid Nazari is out")
    look(page, "segment-building")
    shown = count(page)
    page.keyboard.press("Control+s")
    page.wait_for_url("**/segments/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("High value, engaged")
    expect(page.locator(".fl-kpis .v").first).to_have_text(shown)
    look(page, "segment")


def test_the_builder_works_by_keyboard_alone(page: Page) -> None:
    ready(page, "/segments/new")
    for words in ("country", "city", "company"):
        add(page, words)
    rules = page.locator(".fl-rule b")
    expect(rules).to_have_text(["Country", "City", "Company"])
    page.get_by_role("button", name="Move or take out: Company").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(rules).to_have_text(["Country", "Company", "City"])
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator(".fl-group .fl-group b")).to_have_text(["Company"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator(".fl-group .fl-group b")).to_have_text(["Company", "City"])
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.locator(".fl-group .fl-group b")).to_have_text(["Company"])
    page.keyboard.press("Delete")
    expect(rules).to_have_text(["Country", "Company"])
    page.keyboard.press("Control+z")
    expect(rules).to_have_text(["Country", "Company", "City"])


def test_rules_are_dragged(page: Page) -> None:
    ready(page, "/segments/new")
    for words in ("country", "city", "company"):
        add(page, words)
    page.locator("[data-grip]").nth(2).drag_to(page.locator(".fl-rule").first, target_position={"x": 30, "y": 3})
    expect(page.locator(".fl-rule b")).to_have_text(["Company", "Country", "City"])


def test_a_rule_that_matches_nobody_is_noted_and_taken_out(page: Page) -> None:
    ready(page, "/segments/new")
    add(page, "country")
    page.get_by_role("combobox", name="Country", exact=True).select_option("CA")
    expect(page.locator("[data-note]")).to_contain_text("“Country” matches nobody.")
    page.get_by_role("button", name="Take it out").click()
    expect(page.locator(".fl-rule")).to_have_count(0)
    expect(page.locator("[data-took]")).to_have_text("Add a rule to see who fits.")


def test_an_unfinished_rule_is_not_saved(page: Page) -> None:
    ready(page, "/segments/new")
    page.get_by_label("Name").fill("Half done")
    add(page, "city")
    page.keyboard.press("Control+s")
    expect(page.locator(".fl-rule .fl-err")).to_have_text("Complete this rule, or take it out.")
    assert page.url.endswith("/segments/new")


def test_what_was_saved_is_opened_again_as_it_was(page: Page, place: Place, site: Site) -> None:
    rules = every(
        field("stats.lifetime_value", "between", [20000, 45050]),
        field("fields.plan", "in", ["pro", "free"]),
        either(
            did("opened", "at_least", 2, within_days=30, where=[{"field": "topic", "op": "eq", "value": "News"}]),
            field("tags", "all_of", ["vip"]),
        ),
        negated(either(field("country", "eq", "CA"), field("created_at", "before", "2020-01-01"))),
    )
    other = a_segment(place.workspace_id, field("tags", "contains", "trail"), "Trail runners")
    rules["rules"].append(member_of(other.id, "not_in"))
    made = a_segment(place.workspace_id, rules, "Everything at once")
    session().commit()
    ready(page, f"/segments/{made.id}/edit")
    count(page)
    with page.expect_request("**/api/v1/segments/preview") as asked:
        page.get_by_label("Lifetime value, to").fill("450.50")
    assert asked.value.post_data_json == {"criteria": rules}


def test_the_list_and_a_list_by_hand(page: Page, place: Place, look: Look) -> None:
    ready(page, "/segments")
    look(page, "segments")
    page.get_by_role("link", name="New list").click()
    page.get_by_label("Name").fill("Invited by hand")
    page.get_by_role("button", name="Make the list").click()
    page.get_by_label("Who").fill("p1@northlight.example\np2@northlight.example")
    page.get_by_role("button", name="Add to the list").click()
    expect(page.locator(".fl-kpis .v").first).to_have_text("2")
    look(page, "segment-static")
