"""The reports and the results of a campaign in a browser: drawn, readable, led from one to the next."""

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from app.analytics.service import segments
from app.campaigns.models import Campaign
from app.core.db import session
from app.core.time import now
from app.customers.models import Customer
from app.delivery.service import domains
from tests.browser.conftest import Look, Site
from tests.browser.steps import Place, furnished, ready
from tests.factories.analytics import a_list, a_year

NAMES = ("Early access: winter sale", "Trail shoes restock", "How to wax a jacket", "Autumn layers, first look", "Win back, 12 months")


@pytest.fixture(scope="module")
def place(site: Site) -> Iterator[Place]:
    """A workspace with five campaigns and what came of them."""
    with furnished(site, _year) as made:
        yield made


def _year(workspace_id: int) -> None:
    made = a_year(workspace_id, campaigns=5, people=160, seed=5, within=timedelta(days=50))
    people = list(session().scalars(sa.select(Customer.id).where(Customer.workspace_id == workspace_id)))
    for campaign, name in zip(made, NAMES, strict=True):
        campaign.name, campaign.goal = name, 300_000
        assert campaign.mailing_id is not None
        domains.compute(workspace_id, campaign.mailing_id)
    for name, count in (("High value, last 90 days", 40), ("Trail runners", 110), ("Everybody", 160), ("New", 6)):
        a_list(workspace_id, name, random.Random(3).sample(people, count))
    segments.compute(workspace_id)


@pytest.fixture
def page(context: BrowserContext, place: Place) -> Page:
    context.add_cookies(place.cookies)
    return context.new_page()


def test_reports_are_drawn_and_lead_to_each_other(page: Page, look: Look) -> None:
    ready(page, "/")
    expect(page).to_have_url("/overview")
    expect(page.locator("#money svg")).to_be_visible()
    look(page, "overview")
    page.get_by_label("Period", exact=True).select_option("12m")
    expect(page.get_by_role("heading", name="Revenue and cost by month")).to_be_visible()
    page.get_by_role("button", name="Choose days").click()
    last = now().date()
    page.get_by_label("From", exact=True).fill((last - timedelta(days=20)).isoformat())
    page.get_by_label("To", exact=True).fill(last.isoformat())
    page.get_by_role("button", name="Show these days").click()
    expect(page.get_by_role("heading", name="Revenue and cost by day")).to_be_visible()
    for name in ("Return", "Funnel", "Segments"):
        page.get_by_label("Reports").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(name[:7])
        if name == "Funnel":
            look(page, "funnel")


def test_the_results_of_a_campaign_are_drawn(page: Page, place: Place, look: Look) -> None:
    newest = sa.select(Campaign.id).where(Campaign.workspace_id == place.workspace_id).order_by(Campaign.launched_at.desc())
    ready(page, f"/campaigns/{session().scalars(newest).first()}")
    expect(page.locator("#hours svg")).to_be_visible()
    look(page, "campaign-results")
    page.get_by_role("link", name="All hits").click()
    expect(page.get_by_role("heading", name="All hits")).to_be_visible()
