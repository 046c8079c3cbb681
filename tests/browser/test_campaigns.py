"""Campaigns in a browser: from the name to the launch, on its way, and afterwards."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.campaigns.service import launch, running
from app.core.db import session
from app.core.time import now
from app.delivery.models import MessageState, SenderKind, Skip
from app.delivery.service import stopping
from tests.browser.conftest import Look, Site
from tests.browser.steps import Place, furnished, ready
from tests.campaigns.test_running import end
from tests.factories.campaigns import BY, a_campaign, a_greeting, a_list, sending, subscribers
from tests.factories.customers import a_customer, a_topic
from tests.factories.delivery import a_sender

ENDS = [
    *[(MessageState.SENT, None)] * 18,
    *[(MessageState.BOUNCED, "550 5.1.1 User unknown")] * 3,
    *[(MessageState.FAILED, "421 4.7.0 Try again later")] * 2,
    (MessageState.IN_DOUBT, None),
]


@pytest.fixture(scope="module")
def place(site: Site) -> Iterator[Place]:
    """A workspace with campaigns in every state."""
    with furnished(site, _campaigns) as made:
        yield made


def _campaigns(workspace_id: int) -> None:
    slow = a_sender(workspace_id, "Sandbox", SenderKind.SANDBOX, per_second=5, from_name="Northlight Outdoor", is_default=True)
    readers = a_list(
        workspace_id, [*subscribers(workspace_id, 30), *(a_customer(workspace_id) for _ in range(4))], "Newsletter, all topics"
    )
    a_list(workspace_id, subscribers(workspace_id, 12), "Trail runners")
    a_topic(workspace_id, "News")
    template = a_greeting(workspace_id)
    says = {"segments": [readers.id], "sender_id": slow.id, "template_id": template.id}
    a_campaign(workspace_id, name="Trail shoes restock", **says)
    paused = sending(workspace_id, name="Autumn layers, first look", **says)
    end(session(), paused, *ENDS)
    running.pause(workspace_id, paused.id, BY)
    ended = sending(workspace_id, name="Early access: winter sale", cost=64_000, goal=3_500_000, **says)
    end(session(), ended, *ENDS)
    running.complete(workspace_id, ended.id, BY)
    while stopping.step(workspace_id, ended.mailing_id or 0, Skip.ENDED):
        pass
    late = a_campaign(workspace_id, name="How to wax a jacket", **says)
    launch.schedule(workspace_id, late.id, now() + timedelta(hours=1), BY)
    late.scheduled_at, late.overdue = now() - timedelta(hours=2), True


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Page:
    context.add_cookies(place.cookies)
    return context.new_page()


def test_a_campaign_is_built_and_sent(page: Page, look: Look) -> None:
    ready(page, "/campaigns")
    look(page, "campaigns")
    page.get_by_role("link", name="New campaign").click()
    page.get_by_label("Name").fill("Layers for cold mornings")
    page.get_by_label("Template").select_option(index=1)
    page.get_by_label("Cost").fill("640")
    page.get_by_role("button", name="Next: audience").click()
    page.get_by_label("Choose a segment…").select_option(label="Newsletter, all topics · 34")
    expect(page.get_by_text("30", exact=True).first).to_be_visible()
    page.get_by_label("Leave a segment out…").select_option(label="Trail runners · 12")
    expect(page.get_by_role("button", name="Take Trail runners out")).to_be_visible()
    expect(page.get_by_text("Will receive it now")).to_be_visible()
    look(page, "campaign-audience")
    page.get_by_role("link", name="Content", exact=True).click()
    expect(page.frame_locator("iframe").get_by_text("Hello First")).to_be_visible()
    page.get_by_label("Goal").fill("35000")
    page.get_by_label("Name").focus()
    expect(page.get_by_text("Saved just now.")).to_be_visible()
    look(page, "campaign-content")
    page.get_by_role("link", name="Schedule", exact=True).click()
    page.get_by_role("button", name="Next: check").click()
    expect(page.get_by_role("button", name="Send to 30")).to_be_visible()
    look(page, "campaign-check")
    page.get_by_role("button", name="Send to 30").click()
    question = page.locator("#fl-confirm")
    expect(question).to_contain_text("4 others are left out: 4 without consent. It takes about 6 s.")
    question.get_by_role("button", name="Send to 30").click()
    expect(page.get_by_text(re.compile("of 30 sent|people have a row")).first).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


def test_on_its_way_and_afterwards(page: Page, look: Look, site: Site) -> None:
    ready(page, "/campaigns?q=autumn")
    page.get_by_role("link", name="Autumn layers, first look").click()
    expect(page.get_by_text("18 of 30 sent")).to_be_visible()
    look(page, "campaign-paused")
    page.get_by_role("link", name=re.compile("Recipients")).click()
    look(page, "campaign-recipients")
    page.get_by_role("link", name="Content", exact=True).click()
    expect(page.frame_locator("iframe").get_by_text("Hello First")).to_be_visible()
    page.get_by_role("link", name="Log").click()
    ready(page, "/campaigns?q=early")
    page.get_by_role("link", name="Early access: winter sale").click()
    expect(page.get_by_role("heading", name="16 people did not get it")).to_be_visible()
    look(page, "campaign-sent")
    page.get_by_role("button", name="Send to the rest (6)").click()
    page.locator("#fl-confirm").get_by_role("button", name="Send to 6").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    ready(page, "/campaigns?q=wax")
    page.get_by_role("link", name="How to wax a jacket").click()
    expect(page.get_by_text("Fairlead was not running")).to_be_visible()
    look(page, "campaign-overdue")
