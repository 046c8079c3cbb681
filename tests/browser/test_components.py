"""Every part of the design, in both themes and on a phone: axe finds nothing, nothing spills, the policy refuses nothing; and the keys work."""

import re

import pytest
from flask import Flask
from playwright.sync_api import expect

from app.core.db import session
from tests.browser.conftest import NARROW, WIDE, Seat, cookies
from tests.factories.auth import signed_in

pytestmark = pytest.mark.browser
EVERYWHERE = pytest.mark.parametrize("seat", [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")], indirect=True)


@pytest.fixture(scope="module")
def session_cookies(app: Flask, site: str) -> list[dict[str, str]]:
    """The cookies of somebody signed in."""
    client = app.test_client()
    with app.app_context():
        signed_in(client)
        session().commit()
    return cookies(client)


@pytest.fixture
def here(seat: Seat, session_cookies: list[dict[str, str]]) -> Seat:
    """The seat of somebody signed in, on the page of all parts."""
    seat.page.context.add_cookies(session_cookies)
    seat.open("/_components")
    return seat


@EVERYWHERE
def test_axe_finds_nothing_and_the_policy_refuses_nothing(here: Seat) -> None:
    assert here.violations() == []
    assert not here.spills()
    expect(here.page.locator(".fl-chart svg")).to_have_count(3)
    assert here.complaints == []


@EVERYWHERE
def test_what_opens_is_as_clean(here: Seat) -> None:
    page = here.page
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Do the main thing")).to_be_visible()
    assert here.violations() == []
    page.keyboard.press("Escape")
    expect(page.locator("#fl-palette")).to_be_hidden()
    page.get_by_role("button", name="Delete 3 customers…").click()
    expect(page.get_by_role("button", name="Keep them")).to_be_focused()
    assert here.violations() == []
    page.keyboard.press("Escape")
    expect(page.locator("#fl-confirm")).to_be_hidden()
    page.get_by_role("button", name="Bounced").focus()
    expect(page.get_by_text("Addresses that refused for good")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Addresses that refused for good")).to_be_hidden()


@pytest.mark.parametrize("seat", [(320, "light"), (768, "light"), (1024, "light"), (1279, "light")], indirect=True)
def test_no_width_spills(here: Seat) -> None:
    assert not here.spills()


def test_an_act_that_asks_happens_only_when_it_is_named(here: Seat) -> None:
    page, posts = here.page, []
    page.on("request", lambda sent: posts.append(sent.post_data) if sent.method == "POST" else None)
    page.get_by_role("button", name="Send to 48,210").click()
    expect(page.get_by_role("heading", name="Send to 48,210 people now?")).to_be_visible()
    page.get_by_role("button", name="Not yet").click()
    assert posts == []
    page.get_by_role("button", name="Send to 48,210").click()
    with page.expect_request(lambda sent: sent.method == "POST"):
        page.locator("#fl-confirm").get_by_role("button", name="Send to 48,210").click()
    assert len(posts) == 1
    assert "csrf_token=" in posts[0]
    assert "_workspace=" in posts[0]


def test_rows_are_walked_and_ticked_by_keys(here: Seat) -> None:
    page = here.page
    page.locator("body").click(position={"x": 700, "y": 5})
    for key in "jjx":
        page.keyboard.press(key)
    expect(page.get_by_role("link", name=re.compile("Camille"))).to_be_focused()
    bar = page.locator(".fl-bulk")
    expect(bar).to_contain_text("1 selected")
    page.get_by_label("Select all on this page").check()
    expect(bar).to_contain_text("4 selected")
    page.get_by_role("button", name="Take all 4,182").click()
    expect(bar).to_contain_text("All 4,182 selected")
    assert page.locator("#bulk-people input[name=everyone]").is_enabled()
    page.locator("body").click(position={"x": 700, "y": 5})
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("jx")
    expect(bar).to_be_hidden()  # letters belong to the field


def test_a_range_is_ticked_with_shift(here: Seat) -> None:
    page = here.page
    page.get_by_label("Select Adaeze Okonkwo").click()
    page.get_by_label("Select H02917").click(modifiers=["Shift"])
    expect(page.locator(".fl-bulk")).to_contain_text("4 selected")


def test_the_theme_stays_chosen(here: Seat) -> None:
    page = here.page
    page.get_by_role("button", name="Ada Okonkwo").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    here.open("/_components")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_toast_leaves_unless_it_is_read(here: Seat) -> None:
    page = here.page
    page.evaluate("document.dispatchEvent(new CustomEvent('toast', {detail: {text: 'Tag <b>removed</b>.'}}))")
    toast = page.locator(".fl-toast")
    expect(toast).to_have_text("Tag <b>removed</b>.")
    toast.get_by_label("Close").click()
    expect(toast).to_have_count(0)


@pytest.mark.parametrize("seat", [(NARROW, "light")], indirect=True)
def test_the_drawer_holds_the_focus_and_gives_it_back(here: Seat) -> None:
    page = here.page
    page.get_by_role("button", name="Open navigation").click()
    expect(page.locator(".fl-side")).to_be_visible()
    assert here.violations() == []
    assert page.evaluate("document.querySelector('.fl-page').inert")
    page.keyboard.press("Escape")
    expect(page.locator(".fl-side")).to_be_hidden()
    expect(page.get_by_role("button", name="Open navigation")).to_be_focused()
