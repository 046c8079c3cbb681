"""Pages of analytics, and their JSON."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.analytics.schemas import PeriodQuery
from app.analytics.service import reports, segments
from app.core.db import db
from app.core.time import now
from app.customers.models import Customer
from app.delivery.queries.figures import NAMES
from tests.analytics import raw
from tests.factories.analytics import a_draft, a_list, a_sender, a_sent_campaign, a_year
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_customer
from tests.factories.workspaces import workspace

PAGES = ("/overview", "/overview/roi", "/overview/funnel", "/overview/segments")
ANSWERS = ("overview", "roi", "funnel", "segments")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def text(answer: Any) -> str:
    """Return the words of a page, without its tags."""
    body = re.sub(r"<(script|style).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("\u202f", " ")


def test_home_is_the_overview_and_a_new_workspace_is_taught_the_next_step(browser: Browser) -> None:
    assert browser.get("/").location == "/overview"
    page = browser.get("/overview")
    assert (page.status_code, "Begin with your customers" in text(page)) == (200, True)
    assert re.search(r'<a class="btn btn-primary" href="/customers/import"', page.text)
    a_customer(browser.workspace_id)
    page = browser.get("/overview")
    assert "Write to someone" in text(page)
    assert re.search(r'<a class="btn btn-primary" href="/campaigns/new"', page.text)
    a_draft(browser.workspace_id)
    assert "Send your first campaign" not in text(browser.get("/overview"))


def test_a_sandbox_with_a_draft_begins_with_sending_it(client: FlaskClient) -> None:
    browser = signed_in(client, workspace=workspace(sandbox=True))
    draft = a_draft(browser.workspace_id, name="Winter sale")
    page = browser.get("/overview")
    assert re.search(rf'<a class="btn btn-primary" href="/campaigns/{draft.id}"[^>]*>.*?Send your first campaign', page.text)
    assert "“Winter sale” is ready." in text(page)


def test_the_overview_shows_the_figures_of_the_rows(browser: Browser) -> None:
    at = browser.workspace_id
    campaigns = a_year(at, campaigns=3, people=40)
    people = [row.id for row in raw.rows(Customer, at)]
    a_list(at, "Trail runners", people)
    segments.compute(at)
    found = reports.report(at, PeriodQuery(), with_people=True)
    words = text(browser.get("/overview"))
    made = found.now.figures
    dollars = f"${made.revenue / 100:,.0f}"
    assert f"{made.sent:,}" in words
    assert f"Total {made.delivered:,}" in words
    assert dollars in words
    assert f"{made.opened:,} people" in words
    assert f"Trail runners {len(people)} people" in words
    assert {row.name for row in campaigns if f"{row.name} " in words} == {part.name for part in found.campaigns}
    assert not [share for share in re.findall(r"(\d+(?:\.\d)?) % of", words) if float(share) > 100]
    for path in PAGES[1:]:
        assert browser.get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES[:3], *(f"/api/v1/analytics/{name}" for name in ANSWERS[:3])])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period=1d", "period"),
        ("compare=x", "compare"),
        ("from=2026-02-30&to=2026-03-01", "from"),
        ("from=2026-03-02&to=2026-03-01", "from"),
        ("to=2026-03-01", "from"),
        ("from=2026-03-01&to=9999-01-01", "to"),
        ("from=0001-01-01&to=0001-01-02", "from"),
        ("unknown=1", "unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(browser: Browser, path: str, query: str, field: str) -> None:
    answer = browser.get(f"{path}?{query}")
    assert answer.status_code == 422
    if path.startswith("/api"):
        assert list(answer.json["errors"]) == [field]
    else:
        assert "Shown are the last 28 days." in text(answer) or "Begin with your customers" in text(answer)


@pytest.mark.parametrize("path", ["/overview/segments", "/api/v1/analytics/segments"])
def test_segments_are_of_28_or_90_days(browser: Browser, path: str) -> None:
    assert [browser.get(f"{path}?days={days}").status_code for days in (28, 90, 30, "x")] == [200, 200, 422, 422]


def test_chosen_days_are_kept_in_the_address_and_named(browser: Browser) -> None:
    a_year(browser.workspace_id, campaigns=1, people=10, within=timedelta(days=3))
    page = browser.get("/overview?from=2026-01-02&to=2026-01-31&compare=year")
    assert page.status_code == 200
    assert "2 Jan" in text(page)
    assert "compared with the same days a year before" in text(page)
    assert 'href="/overview/funnel?from=2026-01-02&amp;to=2026-01-31&amp;compare=year"' in page.text
    assert "Nothing was sent in these days" in text(browser.get("/overview/funnel?from=2026-01-02&to=2026-01-31"))
    months = browser.get("/overview?period=12m&compare=none")
    assert "Revenue and cost by month" in text(months)
    assert "Revenue before" not in text(months)


def test_a_campaign_that_is_late_and_a_sender_in_trouble_stand_on_top(browser: Browser) -> None:
    sender = a_sender(browser.workspace_id, problem="mail.northlight.example refuses our password (535 5.7.8).", problem_at=now())
    assert "refuses our password" not in text(browser.get("/overview")), "nothing waits for it"
    waits = a_draft(browser.workspace_id, sender_id=sender.id, state="scheduled", scheduled_at=now() + timedelta(hours=2))
    page = browser.get("/overview")
    assert "refuses our password" in text(page)
    assert f'href="/settings/senders/{sender.id}"' in page.text
    waits.state, sender.is_default = "cancelled", True
    db.session.flush()
    assert "refuses our password" in text(browser.get("/overview"))
    late = a_draft(browser.workspace_id, name="Autumn", state="scheduled", overdue=True, scheduled_at=now() - timedelta(hours=2))
    page = browser.get("/overview")
    assert "“Autumn” was due at" in text(page)
    assert "refuses our password" not in text(page)
    assert f'href="/campaigns/{late.id}"' in page.text


def test_the_file_has_every_campaign_with_money_and_says_when_it_is_simulated(client: FlaskClient) -> None:
    browser = signed_in(client, workspace=workspace(sandbox=True))
    at = browser.workspace_id
    a_sent_campaign(at, name="=cmd()", cost=12_345)
    a_year(at, campaigns=2, people=30, within=timedelta(days=20))
    answer = browser.get("/overview/roi.csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert re.search(r'filename="simulated-roi-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"])
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    found = reports.report(at, PeriodQuery())
    assert sum(round(float(row["revenue"]) * 100) for row in rows) == found.now.figures.revenue
    assert sum(round(float(row["cost"]) * 100) for row in rows) == found.now.cost
    first = next(row for row in rows if row["cost"] == "123.45")
    assert (first["campaign"], first["return_on_cost"], first["simulated"]) == ("'=cmd()", "-1.0000", "true")
    assert browser.get("/overview/roi.csv?period=x").status_code == 422


def test_json_says_what_the_report_says(browser: Browser) -> None:
    at = browser.workspace_id
    a_year(at, campaigns=3, people=40)
    a_list(at, "All", [row.id for row in raw.rows(Customer, at)])
    segments.compute(at)
    found = reports.report(at, PeriodQuery(), with_people=True)
    said = browser.get("/api/v1/analytics/overview").json
    made = found.now.figures
    assert said["period"] == {"from": found.now.days.first.isoformat(), "to": found.now.days.last.isoformat()}
    assert (said["now"]["sent"], said["now"]["opened"]["part"], said["now"]["converted"]["part"]) == (made.sent, made.opened, made.ordered)
    assert (said["now"]["revenue"], said["now"]["cost"], said["now"]["roi"]) == (made.revenue, found.now.cost, found.now.roi)
    assert (said["now"]["customers"], said["now"]["new_customers"]) == (40, found.now.new_customers)
    for name in ("sent", "revenue", "orders", "cost", "new_customers"):
        assert sum(day[name] for day in said["days"]) == said["now"][name], name
    for name in ("sent", "delivered", "revenue", "orders", "cost"):
        assert sum(row[name] for row in said["campaigns"]) == said["now"][name], name
    money = browser.get("/api/v1/analytics/roi").json
    assert (money["roi"], money["revenue"], money["cost_per_order"]) == (found.now.roi, made.revenue, found.now.cost / made.orders)
    steps = browser.get("/api/v1/analytics/funnel").json["steps"]
    assert [step["people"] for step in steps] == [made.sent, made.delivered, made.opened, made.clicked, made.ordered]
    assert (steps[0]["of_step_before"], steps[1]["of_step_before"]["whole"]) == (None, made.sent)
    kept = browser.get("/api/v1/analytics/segments?days=90").json
    assert [(row["name"], row["members"]) for row in kept["segments"]] == [("All", 40)]
    assert browser.get("/api/v1/analytics/overview?compare=none").json["before"] is None
    assert len(NAMES) == 18


def test_pages_take_the_same_number_of_queries_for_one_campaign_and_for_three(browser: Browser) -> None:
    counts: list[dict[str, int]] = []
    for more in (1, 2):
        a_year(browser.workspace_id, campaigns=more, people=12, seed=more, within=timedelta(days=20))
        people = [row.id for row in raw.rows(Customer, browser.workspace_id)]
        a_list(browser.workspace_id, f"List {more}", people)
        segments.compute(browser.workspace_id)
        counts.append({path: queries(browser, path) for path in (*PAGES, *(f"/api/v1/analytics/{name}" for name in ANSWERS))})
    assert counts[0] == counts[1]
    assert max(counts[0].values()) <= 25


def queries(browser: Browser, path: str) -> int:
    browser.get(path)
    seen: list[str] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]))
    try:
        assert browser.get(path).status_code == 200
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    db.session.expire_all()
    return len(seen)


def test_a_client_sees_figures_and_no_way_to_change_anything(client: FlaskClient) -> None:
    browser = signed_in(client, "client")
    a_year(browser.workspace_id, campaigns=1, people=10, within=timedelta(days=3))
    page = browser.get("/overview")
    assert page.status_code == 200
    assert "/campaigns/new" not in page.text
    assert 'href="/customers"' not in page.text
