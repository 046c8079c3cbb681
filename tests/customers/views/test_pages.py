"""Each page of customers answers, with nobody, one and three; and needs no more queries for three than for one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.core.time import now
from app.customers.models import Kind
from app.customers.service import counts
from app.customers.service.activities import Act, named_id, record_activities
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_consent, a_customer, a_field, a_suppression, a_topic, stats
from tests.support import counted

PAGES = [
    "/customers",
    "/customers?q=ada&country=US&stage=lead&tag=vip&consent=none&suppressed=false&has_order=true&value_at_least=100&created_within=7&sort=name",
    "/customers?sort=-value",
    "/customers/new",
    "/customers/fields",
    "/customers/fields/new",
    "/customers/topics",
    "/customers/suppressions",
    "/customers/suppressions/new",
]


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_workspace_has_pages(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 200


def somebody(workspace_id: int, n: int) -> Any:
    row = a_customer(workspace_id, country="US", tags=["vip"], stage="lead", attributes={"plan": "pro"}, city="Oslo", zone="Europe/Oslo")
    stats(row, orders_count=n, lifetime_value=1000 * n, last_activity_at=now(), first_order_at=now(), last_order_at=now())
    a_consent(row)
    a_suppression(workspace_id, f"x{n}@x.example")
    record_activities(workspace_id, [Act(row.id, Kind.VISITED, now(), named_id(workspace_id, row.id))])
    return row


@pytest.mark.parametrize("path", [path for path in PAGES if "/new" not in path] + ["/customers?tag=vip&fields.plan=pro"])
@pytest.mark.parametrize("htmx", [False, True])
def test_a_list_needs_as_many_queries_for_three_as_for_one(
    browser: Browser, path: str, htmx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "FRESH", timedelta(0))
    monkeypatch.setattr(counts, "BUDGET", 60)
    here, headers = browser.workspace_id, {"HX-Request": "true"} if htmx else {}
    a_field(here, "plan")
    somebody(here, 1)
    browser.get(path, headers=headers)
    with counted() as one:
        assert browser.get(path, headers=headers).status_code == 200
    somebody(here, 2)
    somebody(here, 3)
    with counted() as three:
        assert browser.get(path, headers=headers).status_code == 200
    assert len(three) == len(one)
    assert len(one) <= 30


def test_a_profile_shows_it_all(browser: Browser) -> None:
    here = browser.workspace_id
    a_field(here, "plan", label="Plan")
    topic = a_topic(here)
    row = somebody(here, 3)
    a_consent(row, "unsubscribed", topic_id=topic.id)
    text = browser.get(f"/customers/{row.id}").get_data(as_text=True)
    for words in (
        row.full_name,
        "Oslo",
        "there now",
        "$30.00",
        "Visited",
        "E-mail, Newsletter",
        "Withdrawn",
        "Plan",
        "pro",
        "Added by hand",
    ):
        assert words in text, words
    assert "/segments/of/" not in text or browser.get(f"/segments/of/{row.id}", headers={"HX-Request": "true"}).status_code == 200


def test_names_in_any_script_are_text_and_nothing_else(browser: Browser) -> None:
    row = a_customer(browser.workspace_id, first_name="<script>alert(1)</script>", last_name="田中 🦊 عَرَبِيّ", tags=['"><b>bold'])
    for path in (
        "/customers",
        f"/customers/{row.id}",
        f"/customers/{row.id}/edit",
        f"/customers/{row.id}/delete",
        f"/customers/{row.id}/consent",
    ):
        text = browser.get(path).get_data(as_text=True)
        assert "<script>alert(1)" not in text
        assert '"><b>bold' not in text
        assert "田中 🦊 عَرَبِيّ" in text


def test_search_answers_with_the_list_alone(browser: Browser) -> None:
    a_customer(browser.workspace_id, first_name="Adaeze")
    a_customer(browser.workspace_id, first_name="Björn")
    text = browser.get("/customers?q=adae&tag=", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in text
    assert 'id="list"' in text
    assert 'hx-swap-oob="true"' in text
    assert "Adaeze" in text
    assert "Björn" not in text


def test_the_filter_form_leads_to_an_address(browser: Browser) -> None:
    a_field(browser.workspace_id, "plan")
    form = "country=US,+norway&tag=vip,+trail&stage=lead&value=200.50&has_order=true&created_since=2026-01-02&field=plan&equals=pro"
    answer = browser.get(f"/customers/filter?{form}&query=q%3Dada%26sort%3Dname")
    assert answer.status_code == 303
    assert answer.location == (
        "/customers?q=ada&country=US&country=NO&stage=lead&tag=vip&tag=trail&has_order=true"
        "&value_at_least=20050&created_since=2026-01-02&fields.plan=pro&sort=name"
    )
    assert browser.get(answer.location).status_code == 200


@pytest.mark.parametrize("form", ["country=Atlantis", "value=much", "seen_within=x", "field=nothing&equals=1"])
def test_a_filter_that_does_not_fit_is_said_and_changes_nothing(browser: Browser, form: str) -> None:
    answer = browser.get(f"/customers/filter?{form}&query=q%3Dada")
    assert answer.location == "/customers?q=ada"
    assert 'class="fl-toast bad"' in browser.get("/customers").get_data(as_text=True)


def test_a_view_is_kept_opened_and_dropped(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "BUDGET", 60)
    a_customer(browser.workspace_id, country="US")
    assert (
        browser.post("/customers/views", {"name": "Americans", "query": "country=US&sort=name"}).location
        == "/customers?country=US&sort=name"
    )
    text = browser.get("/customers?country=US&sort=name").get_data(as_text=True)
    assert re.search(r'href="/customers\?country=US&amp;sort=name" aria-current="page">Americans<em[^>]*>1</em>', text)
    view_id = int(re.search(r"/customers/views/(\d+)/delete", text)[1])  # type: ignore[index]
    assert browser.get(f"/customers/views/{view_id}").location == "/customers?country=US&sort=name"
    browser.post("/customers/views", {"name": "americans ", "query": ""})
    browser.post(f"/customers/views/{view_id}/delete")
    assert browser.get(f"/customers/views/{view_id}").status_code == 404


def test_an_order_has_a_page(browser: Browser) -> None:
    row = a_customer(browser.workspace_id)
    line = {"name": "Merino tee", "sku": "M-1", "quantity": 2, "unit_amount": 4900}
    body = {"customer": {"id": row.id}, "external_id": "88213", "lines": [line], "currency": "EUR", "rate": 1.1}
    made = browser.call("POST", "/api/v1/orders", json=body).get_json()
    text = browser.get(f"/customers/{row.id}/orders/{made['id']}").get_data(as_text=True)
    for words in ("Order 88213", "€98.00", "$107.80 at 1.1", "Merino tee", "M-1"):
        assert words in text, words
    other = a_customer(browser.workspace_id)
    assert browser.get(f"/customers/{other.id}/orders/{made['id']}").status_code == 404


def test_the_timeline_goes_back_page_by_page(browser: Browser) -> None:
    row = a_customer(browser.workspace_id)
    moment = now()
    acts = [Act(row.id, Kind.VISITED, moment - timedelta(minutes=i), named_id(1, i)) for i in range(70)]
    record_activities(browser.workspace_id, acts)
    seen, path = 0, f"/customers/{row.id}"
    while path:
        text = browser.get(path, headers={"HX-Request": "true"}).get_data(as_text=True)
        seen += text.count("Visited")
        link = re.search(r'hx-get="(/customers/\d+/timeline\?[^"]*cursor=[^"]+)"', text)
        path = link[1].replace("&amp;", "&") if link else ""
    assert seen == 70


def test_the_palette_finds_people(browser: Browser) -> None:
    row = a_customer(browser.workspace_id, first_name="Adaeze", last_name="Okonkwo", email="ada@x.example")
    items = browser.get("/find?q=okon").get_json()["items"]
    assert {
        "group": "Customers",
        "label": "Adaeze Okonkwo",
        "note": "ada@x.example",
        "href": f"/customers/{row.id}",
        "icon": "user",
    } in items
