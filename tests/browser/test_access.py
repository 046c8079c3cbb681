"""Signing in and the settings, as a person meets them: by mouse and keyboard, in both themes, on a phone."""

import re

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.auth.models import Membership
from app.core.db import session
from app.workspaces.models import Workspace
from tests.browser.conftest import Look, Site
from tests.factories.auth import PASSWORD, invitation, member, user

PAGES = (
    "/account",
    "/account/email",
    "/account/password",
    "/settings",
    "/settings/workspace",
    "/settings/brands",
    "/settings/brands/new",
    "/settings/members",
    "/settings/members/invite",
    "/settings/roles",
    "/settings/api-keys",
    "/settings/api-keys/new",
    "/settings/audit",
    "/workspaces/new",
)


@pytest.fixture
def ada(site: Site) -> tuple[str, int, int]:
    """An owner with a colleague and an invitation: address, ids of workspace and colleague."""
    with site.app.app_context():
        number = session().query(Workspace).count()
        mine: Membership = member(person=user(email=f"owner{number}@northlight.example"))
        place = session().get_one(Workspace, mine.workspace_id)
        colleague = member(place, "analyst", person=user("Noor van den Berg-Haverkamp", email=f"noor{number}@northlight.example"))
        invitation(place.id, "a.rather.long.address.of.somebody@northlight.example")
        session().commit()
        return f"owner{number}@northlight.example", place.id, colleague.id


def sign_in(page: Page, address: str, password: str = PASSWORD) -> None:
    page.goto("/auth/login")
    page.get_by_label("E-mail or user name").fill(address)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/auth/login)"))


def test_the_way_in_is_clean(page: Page, look: Look) -> None:
    for path in ("/auth/login", "/auth/forgot"):
        page.goto(path)
        look(page, path.strip("/").replace("/", "-"))


def test_a_refused_form_shows_where(chromium: Browser, site: Site, look: Look) -> None:
    page = chromium.new_page(base_url=site.url)  # its console tells of the 422, which is meant
    page.goto("/auth/login")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#f-login")).to_be_focused()  # the first field that does not fit
    look(page, "auth-login-wrong")
    page.close()


def test_every_page_is_clean(page: Page, look: Look, ada: tuple[str, int, int]) -> None:
    sign_in(page, ada[0])
    for path in PAGES:
        page.goto(path)
        look(page, path.strip("/").replace("/", "-"))


def test_one_time_codes_from_switching_on_to_signing_in(context: BrowserContext, look: Look, ada: tuple[str, int, int]) -> None:
    page = context.new_page()
    sign_in(page, ada[0])
    page.goto("/account")
    page.get_by_role("link", name="Switch on").click()
    expect(page.get_by_label("Six digits")).to_be_visible()
    look(page, "account-codes")
    secret = (page.locator("code.fl-secret").text_content() or "").replace(" ", "")
    page.get_by_label("Six digits").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator(".fl-codes li")).to_have_count(10)
    look(page, "account-recovery-codes")
    recovery = page.locator(".fl-codes li").first.text_content() or ""
    context.clear_cookies()
    sign_in(page, ada[0])
    expect(page.get_by_role("heading", name="One-time code")).to_be_visible()
    look(page, "auth-code")
    page.get_by_role("textbox", name="Code").fill(recovery)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*/auth/)"))
    page.goto("/account")
    expect(page.get_by_text("9 of 10 recovery codes left")).to_be_visible()


def test_somebody_is_invited_and_joins(context: BrowserContext, look: Look, ada: tuple[str, int, int]) -> None:
    page = context.new_page()
    sign_in(page, ada[0])
    page.goto("/settings/members")
    page.keyboard.press("n")
    page.get_by_label("E-mail").fill("grace@summit.example")
    page.get_by_label("Analyst").check()
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("code.fl-secret")).to_be_visible()
    look(page, "settings-members-invited")
    link = page.locator("code.fl-secret").text_content() or ""
    context.clear_cookies()
    page.goto(link)
    look(page, "invitation")
    page.get_by_label("Your name").fill("Grace Hopper")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    page.goto("/account")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.locator(".fl-main")).to_contain_text("analyst")


def test_a_members_role_is_changed_and_stands_in_the_log(page: Page, look: Look, ada: tuple[str, int, int]) -> None:
    sign_in(page, ada[0])
    page.goto(f"/settings/members/{ada[2]}")
    look(page, "settings-member")
    page.get_by_label("Marketer").check()
    page.get_by_label("May send to customers").check()
    page.get_by_role("button", name="Save").click()
    page.goto("/settings/audit")
    page.get_by_label("What", exact=True).select_option("member.updated")
    row = page.locator("table.fl-audit tbody tr").first
    expect(row).to_contain_text("analyst")
    expect(row).to_contain_text("marketer")
    look(page, "settings-audit-filtered")


def test_a_key_is_made_shown_once_and_revoked(page: Page, look: Look, ada: tuple[str, int, int]) -> None:
    sign_in(page, ada[0])
    page.goto("/settings/api-keys/new")
    page.get_by_label("Name").fill("Shop")
    page.get_by_label("See segments and their counts").check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("code.fl-secret")).to_contain_text(re.compile(r"^fl_[\w-]{43}$"))
    look(page, "settings-api-key-made")
    page.goto("/settings/api-keys")
    look(page, "settings-api-keys-one")
    page.get_by_role("button", name="Revoke").click()
    page.locator("#fl-confirm").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Revoked").first).to_be_visible()


def test_a_logo_is_uploaded_and_shown(page: Page, look: Look, ada: tuple[str, int, int]) -> None:
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
    sign_in(page, ada[0])
    page.goto("/settings/brands")
    page.locator("a.t").first.click()
    page.get_by_label("Picture").set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": pixel})
    page.get_by_role("button", name="Keep the logo").click()
    expect(page.locator("img.fl-logo")).to_have_js_property("naturalWidth", 1)
    look(page, "settings-brand")


def test_another_workspace_is_one_choice_away(page: Page, ada: tuple[str, int, int]) -> None:
    sign_in(page, ada[0])
    page.goto("/workspaces/new")
    page.get_by_label("Name").fill("Second")
    page.get_by_role("button", name="Make the workspace").click()
    expect(page.locator(".fl-ws")).to_contain_text("Second")
    page.locator(".fl-ws").click()
    page.locator("#fl-workspaces button").filter(has_text="Northlight").first.click()
    expect(page.locator(".fl-ws")).to_contain_text("Northlight")
