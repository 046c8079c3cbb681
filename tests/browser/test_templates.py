"""Templates in a browser: begun from a starter, seen as a customer while they are written, saved, restored."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from app.core.db import session
from app.workspaces.models import Brand
from tests.browser.conftest import Look, Site
from tests.browser.steps import Place, furnished, ready
from tests.factories.content import a_template
from tests.factories.customers import a_customer, a_field


@pytest.fixture(scope="module")
def place(site: Site) -> Iterator[Place]:
    """A workspace with two customers and two templates."""
    with furnished(site, _furnish) as made:
        yield made


def _furnish(workspace_id: int) -> None:
    mine = sa.update(Brand).where(Brand.workspace_id == workspace_id)
    session().execute(mine.values(name="Northlight Outdoor", postal_address="214 Pier Street\nPortland, OR 97209"))
    a_field(workspace_id, "plan", label="Plan")
    a_customer(workspace_id, first_name="Adaeze", last_name="Okonkwo", email="adaeze@northlight.example", company="Pier Works")
    a_customer(workspace_id, first_name=None, last_name=None, email="nobody@northlight.example")
    a_template(workspace_id, name="Spring news", subject="Spring, {{ customer.first_name }}")
    a_template(workspace_id, name="Letter of the month", kind="markdown", body="# Hello {{ customer.first_name }}")


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Page:
    context.add_cookies(place.cookies)
    return context.new_page()


def test_a_template_is_written_from_a_starter_and_seen_as_a_customer(page: Page, look: Look) -> None:
    ready(page, "/templates")
    expect(page.get_by_role("link", name="Spring news")).to_be_visible()
    look(page, "templates")
    page.get_by_role("link", name="New template").click()
    expect(page.frame_locator(".fl-starters iframe").first.get_by_role("heading", level=1)).to_have_text("Layers for cold mornings")
    look(page, "templates-new")
    page.get_by_role("link", name="News").click()
    ready(page)
    mail = page.frame_locator("[data-frame]")
    expect(mail.get_by_text("Hello there,")).to_be_visible()
    page.get_by_label("As", exact=True).fill("Adaeze")
    page.get_by_label("As", exact=True).press("Tab")
    expect(mail.get_by_text("Hello Adaeze,")).to_be_visible()
    expect(page.locator("#answer")).to_contain_text("Adaeze: layers for cold mornings")
    expect(page.locator("#checks")).to_contain_text("Unsubscribe link and postal address are there")
    page.get_by_label("Name").fill("Autumn news")
    page.get_by_label("Preview line").focus()
    page.keyboard.press("End")
    page.get_by_label("Insert a field").select_option(label="Company")
    expect(page.get_by_label("Preview line")).to_have_value(
        """Warm, light, and nothing that itches.{{ customer.company | default("…") }}"""
    )
    expect(page.locator("#answer")).to_contain_text("itches.Pier Works")
    expect(mail.get_by_text("Hello Adaeze,")).to_be_visible()
    look(page, "template-edit")
    page.get_by_role("button", name="Dark", exact=True).last.click()
    page.get_by_role("button", name="Phone").click()
    expect(mail.locator("body")).to_have_css("background-color", "rgb(18, 23, 27)")
    assert page.frames[-1].evaluate("innerWidth") == 375
    page.get_by_role("button", name="Text", exact=True).click()
    expect(mail.get_by_text("See what is new (https://www.example.com/new)")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.get_by_role("heading", name="Autumn news")).to_be_visible()


def test_a_fault_is_named_as_one_writes_and_an_old_version_comes_back(page: Page, look: Look) -> None:
    ready(page, "/templates")
    page.get_by_role("link", name="Spring news").click()
    ready(page)
    expect(page.locator("#checks")).to_contain_text("customer.first_name has no default 1 of 2 customers lack it.")
    subject = page.get_by_label("Subject")
    subject.fill("Spring, {{ customer.frist_name }}")
    expect(page.locator("#answer")).to_contain_text("Line 1: there is no field customer.frist_name. Is it customer.first_name?")
    look(page, "template-fault")
    subject.fill("Spring is here")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_label("Subject")).to_have_value("Spring, {{ customer.first_name }}")
    look(page, "template-versions")
