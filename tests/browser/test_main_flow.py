"""What a newcomer does first, whole: signs in, imports a real file with one column corrected, builds a nested segment, sees the count."""

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from app.core.db import session
from tests.browser.conftest import Look, Site
from tests.browser.steps import add, ready, rule
from tests.factories.auth import PASSWORD, member, user
from tests.support import HILLSTROM, needs_hillstrom

ADDRESS = "grace@northlight.example"


@pytest.fixture
def newcomer(site: Site) -> None:
    """The owner of an empty workspace."""
    with site.app.app_context():
        member(person=user("Grace Adebayo", email=ADDRESS))
        session().commit()


def expected() -> int:
    """Count over the file what the segment asks: $200 or more, and bought on the web, or a newcomer who is not from a rural area."""
    with HILLSTROM.open(newline="", encoding="utf-8") as file:
        return sum(
            float(row["history_usd"]) >= 200
            and (row["channel"] == "Web" or (row["newbie"] == "1" and row["zip_area"] != "Rural"))
            for row in csv.DictReader(file)
        )  # fmt: skip


@needs_hillstrom
def test_from_signing_in_to_a_counted_segment(page: Page, look: Look, newcomer: None) -> None:
    page.goto("/auth/login")
    page.get_by_label("E-mail or user name").fill(ADDRESS)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/auth/login)"))
    page.goto("/customers")
    look(ready(page), "main-1-empty")

    page.goto("/customers/import")
    ready(page).locator("input[type=file]").set_input_files(HILLSTROM)
    page.wait_for_url(re.compile(r"/customers/imports/\d+/columns"))
    ready(page).get_by_label("Name of the new field for newbie").fill("New here")
    page.get_by_role("button", name="Dry run").click()
    page.wait_for_url("**/check")
    page.get_by_role("button", name=re.compile("^Import ")).click()
    expect(page.get_by_text("64,000 customers created")).to_be_visible(timeout=120_000)
    look(ready(page), "main-2-imported")

    page.goto("/segments/new")
    ready(page).get_by_label("Name").fill("Worth a second look")
    add(page, "history usd")
    page.get_by_role("textbox", name="History usd").fill("200")
    add(page, "channel", kind="Group")
    rule(page, "Channel").get_by_label("Channel", exact=True).fill("Web")
    add(page, "new here", kind="Group")
    rule(page, "New here").get_by_role("textbox").fill("1")
    add(page, "zip area")
    rule(page, "Zip area").get_by_label("Comparison").select_option(label="is not")
    rule(page, "Zip area").get_by_label("Zip area", exact=True).fill("Rural")
    page.locator(".fl-group .fl-group .fl-group select").first.select_option(label="All")
    expect(page.locator("[data-count]")).to_have_text(f"{expected():,}", timeout=20_000)
    look(page, "main-3-segment")
    page.keyboard.press("Control+s")
    page.wait_for_url(re.compile(r"/segments/\d+$"))
    expect(page.locator(".fl-kpis .v").first).to_have_text(f"{expected():,}")
    look(ready(page), "main-4-saved")
