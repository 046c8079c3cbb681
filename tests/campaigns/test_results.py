"""What came of a campaign: its JSON and its tab."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.campaigns.models import Campaign
from app.campaigns.queries.results import of_campaign, usual
from app.core.time import now
from app.customers.models import Customer
from app.delivery.models import MailingHour
from app.delivery.queries.figures import Figures
from app.delivery.service import domains
from tests.analytics import raw
from tests.factories.analytics import a_draft, a_sent_campaign, a_year
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_workspace


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def drawn(browser: Browser, campaign: Campaign, query: str = "") -> str:
    """Return the words of the page of a campaign that was sent."""
    page = browser.get(f"/campaigns/{campaign.id}{query}")
    assert page.status_code == 200
    body = re.sub(r"<(script|style).*?</\1>", " ", page.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("\u202f", " ")


def hours(campaign: Campaign, **values: int) -> None:
    """Give a campaign figures in the hour of its launch."""
    assert campaign.launched_at is not None
    at = campaign.launched_at.replace(minute=0, second=0, microsecond=0)
    raw.session().add(MailingHour(workspace_id=campaign.workspace_id, mailing_id=campaign.mailing_id, hour=at, **values))
    raw.session().flush()


def test_the_api_says_what_came_of_it(browser: Browser) -> None:
    campaign = a_year(browser.workspace_id, campaigns=2, people=40)[0]
    assert campaign.mailing_id is not None
    domains.compute(browser.workspace_id, campaign.mailing_id)
    found = of_campaign(browser.workspace_id, campaign)
    said = browser.get(f"/api/v1/campaigns/{campaign.id}/results").json
    made = found.figures
    assert (said["sent"], said["delivered"], said["revenue"], said["orders"]) == (made.sent, made.delivered, made.revenue, made.orders)
    assert said["rates"]["opened"] == {
        "part": made.opened, "whole": made.delivered, "value": made.open_rate.value, "low": made.open_rate.low, "high": made.open_rate.high,
    }  # fmt: skip
    assert said["hits"]["opened"] == made.hits_opened
    assert said["usual"]["campaigns"] == 1
    assert (
        sum(miss["people"] for miss in said["missed"])
        == found.reach.not_got
        == said["recipients"]
        - said["waiting"]
        - sum(1 for row in raw.rows(raw.Message, browser.workspace_id) if row.mailing_id == campaign.mailing_id and row.state == 3)
    )
    assert sum(link["revenue"] for link in said["links"]) == made.revenue
    assert sum(row["sent"] for row in said["domains"]) == made.sent
    assert sum(said["hours"]["opens"]) + said["hours"]["opens_later"] == made.opened
    assert said["roi"] == ((made.revenue - campaign.cost) / campaign.cost if campaign.cost else None)


def test_a_draft_has_no_results_and_a_stranger_none_at_all(browser: Browser) -> None:
    draft = a_draft(browser.workspace_id)
    said = browser.get(f"/api/v1/campaigns/{draft.id}/results").json
    assert (said["sent"], said["rates"]["opened"]["value"], said["missed"], said["links"]) == (0, None, [], [])
    theirs = a_sent_campaign(a_workspace().id)
    assert browser.get(f"/api/v1/campaigns/{theirs.id}/results").status_code == 404


def test_the_usual_is_the_mean_of_the_ten_before(session: Session) -> None:
    at = a_workspace().id
    for week in range(13):
        one = a_sent_campaign(at, launched_at=now() - timedelta(weeks=week))
        hours(one, sent=100 * (week + 1), opened=10 * (week + 1) if week % 2 else 30 * (week + 1), revenue=1_000 * week)
        if week == 0:
            newest = one
        if week == 11:
            oldest_but_one = one
    found = of_campaign(at, newest).usual
    assert (found.campaigns, found.opened, found.revenue) == (10, pytest.approx(0.2), 5_500)
    assert of_campaign(at, oldest_but_one).usual.campaigns == 1
    assert usual([]).opened is None
    assert usual([Figures(sent=10, opened=1), Figures(sent=1000, opened=500)]).opened == pytest.approx(0.3)


def test_the_tab_shows_money_rates_and_reasons(browser: Browser) -> None:
    at = browser.workspace_id
    before, campaign = a_sent_campaign(at, launched_at=now() - timedelta(days=9)), a_sent_campaign(at, cost=10_000, goal=40_000)
    hours(before, sent=200, opened=50, clicked=20, revenue=10_000)
    people = {"sent": 500, "bounced": 10, "refused": 5, "opened": 200, "clicked": 49, "ordered": 7, "unsubscribed": 1}
    opens = {"opens": 200, "hits_opened": 260, "hits_opened_machine": 90, "hits_opened_unsure": 7}
    hours(campaign, **people, **opens, clicks=49, hits_clicked=55, hits_clicked_machine=31, orders=8, revenue=30_000)
    text = drawn(browser, campaign)
    assert "$300 ↑ 200 % your usual is $100" in text
    assert "200 % cost $100" in text
    assert "75.0 % $300 of $400" in text
    assert "Of 490 delivered. Bars run from 0 to twice your usual. 90 machine opens and 31 machine clicks are left out." in text
    assert "40.8 % 200 of 490" in text
    assert "36.6 % – 45.2 %" in text
    assert "2.97 %" not in text
    assert "3.0 % 15 of 505" in text
    raws = drawn(browser, campaign, "?who=hits")
    assert "Opens of 200 people 357 260 72.8 % 7 1.96 % 90 25.2 %" in raws
    assert "Clicks of 49 people 86 55 64.0 % 0 0 % 31 36.0 %" in raws


def test_the_tab_of_a_first_campaign_and_of_nothing(browser: Browser) -> None:
    campaign = a_sent_campaign(browser.workspace_id)
    text = drawn(browser, campaign)
    assert "your first: nothing to compare with" in text
    assert "no cost was entered" in text
    assert "Nobody has opened it yet." in text
    assert "Nothing was sent yet." in text
    assert "None" not in text
    assert re.search(r"\bnan\b", text) is None


def test_who_did_not_get_it_is_said_with_a_reason_each(browser: Browser) -> None:
    at = browser.workspace_id
    campaign = a_year(at, campaigns=1, people=120)[0]
    text = drawn(browser, campaign)
    found = of_campaign(at, campaign)
    assert f"{found.reach.not_got} people did not get it" in text
    assert "Everyone, by state" in text
    assert len(raw.rows(Customer, at)) == 120
