"""Customers over the API: made, listed, changed, deleted, exported."""

import csv
import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.db import any_workspace, session
from app.customers.models import ConsentLog, Customer, CustomerStats, Suppression
from app.events.models import Outbox
from tests.factories.auth import Browser, api_key, signed_in
from tests.factories.customers import a_consent, a_customer, a_field, a_suppression, customers, stats
from tests.factories.workspaces import workspace


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def send(browser: Browser, body: dict[str, Any], path: str = "/api/v1/customers", method: str = "POST") -> tuple[int, dict[str, Any]]:
    answer = browser.call(method, path, json=body)
    return answer.status_code, answer.get_json() if answer.data else {}


def news(workspace_id: int) -> list[tuple[str, dict[str, Any]]]:
    rows = session().execute(sa.select(Outbox.name, Outbox.payload).where(Outbox.workspace_id == workspace_id).order_by(Outbox.seq))
    return [(row.name, row.payload) for row in rows]


ADAEZE = {
    "email": " Adaeze.Okonkwo@LagoonMail.example ",
    "first_name": "Adaeze",
    "last_name": "Okonkwo 🏔️",
    "phone": "(503) 555-0142",
    "country": "United States",
    "birthday": "8 June 1988",
    "stage": "Evangelist",
    "tags": ["vip", "trail", "vip"],
    "fields": {"shoe_size": "8.5", "interests": ["Ski"], "spent": "1,734.90", "joined": "2023-03-12T10:00:00+02:00"},
    "consent": [{"state": "subscribed", "source": "checkout form", "wording": "Yes, send me news.", "address": "203.0.113.9"}],
}
KEPT = {
    "email": "adaeze.okonkwo@lagoonmail.example",
    "first_name": "Adaeze",
    "last_name": "Okonkwo 🏔️",
    "phone": "+15035550142",
    "country": "US",
    "birthday": "1988-06-08",
    "stage": "evangelist",
    "tags": ["vip", "trail"],
    "fields": {"shoe_size": 8.5, "interests": ["Ski"], "spent": 173490, "joined": "2023-03-12T08:00:00Z"},
    "consent": {"email": "subscribed"},
    "origin": "api",
    "version": 1,
}
COMPUTED = {"id", "created_at", "updated_at", "stats"}
BLANK = {"external_id", "company", "job_title", "region", "city", "postcode", "language", "zone", "gender", "suppressed"}


@pytest.fixture
def own_fields(browser: Browser) -> None:
    a_field(browser.workspace_id, "shoe_size", "number")
    a_field(browser.workspace_id, "interests", "list", choices=["Trail", "Ski"])
    a_field(browser.workspace_id, "spent", "money")
    a_field(browser.workspace_id, "joined", "datetime")


def test_a_customer_is_made_with_everything(browser: Browser, own_fields: None) -> None:
    status, made = send(browser, ADAEZE)
    assert status == 201
    assert {name: value for name, value in made.items() if name not in COMPUTED} == KEPT | dict.fromkeys(BLANK)
    assert {name: value for name, value in made["stats"].items() if name != "last_activity_at"} == {
        "orders_count": 0,
        "lifetime_value": 0,
        "first_order_at": None,
        "last_order_at": None,
        "engagement": None,
    }
    assert browser.call("GET", f"/api/v1/customers/{made['id']}").get_json() == made


def test_consent_comes_with_how_it_was_given(browser: Browser, own_fields: None) -> None:
    made = send(browser, ADAEZE)[1]
    log = session().scalars(sa.select(ConsentLog).where(ConsentLog.workspace_id == browser.workspace_id)).one()
    assert (log.customer_id, log.state, log.basis, log.source) == (made["id"], "subscribed", "consent", "checkout form")
    assert (log.wording, log.address, log.by) == ("Yes, send me news.", "203.0.113.9", "Ada Okonkwo")
    assert news(browser.workspace_id) == [
        ("CustomerCreated", {"customer_id": made["id"], "origin": "api"}),
        ("ConsentChanged", {"customer_id": made["id"], "channel": "email", "topic_id": 0, "state": "subscribed"}),
    ]


def test_a_file_without_consent_makes_people_without_consent(browser: Browser) -> None:
    assert send(browser, {"external_id": "SH-1"})[1]["consent"] == {}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"email": "A customer needs an address, a phone or an external id."}),
        ({"email": "ada@northlight"}, {"email": "The part after @ needs an ending, such as northlight.example."}),
        ({"email": "a@b.example", "country": "Atlantis"}, {"country": "Not a country known here; two letters such as US always are."}),
        ({"email": "a@b.example", "colour": "red"}, {"colour": "There is no such field."}),
        ({"email": "a@b.example", "fields": {"nothing": 1}}, {"fields.nothing": "There is no such field."}),
        ({"email": "a@b.example", "fields": {"size": "x"}}, {"fields.size": "Not a number."}),
        ({"email": "a@b.example", "fields": {"size": True}}, {"fields.size": "This must be a number."}),
        ({"email": "a@b.example", "tags": ["a,b"]}, {"tags": "“a,b”: a tag has no comma and no bar."}),
        (
            {"email": "a@b.example", "consent": [{"state": "maybe"}]},
            {"consent[0].state": "This must be 'subscribed', 'pending' or 'unsubscribed'."},
        ),
        ({"email": "a@b.example", "consent": [{"state": "pending", "topic_id": 7}]}, {"topic_id": "There is no such topic."}),
    ],
)
def test_what_does_not_fit_is_named(browser: Browser, body: dict[str, Any], errors: dict[str, str]) -> None:
    a_field(browser.workspace_id, "size", "number")
    status, answer = send(browser, body)
    assert (status, answer["errors"]) == (422, errors)
    assert session().scalar(sa.select(sa.func.count()).select_from(Customer).where(Customer.workspace_id == browser.workspace_id)) == 0


def test_an_address_belongs_to_one(browser: Browser) -> None:
    ada = a_customer(browser.workspace_id, first_name="Ada", last_name="Okonkwo", email="ada@x.example", external_id="1")
    status, answer = send(browser, {"email": "ADA@x.example"})
    assert (status, answer["errors"]) == (422, {"email": f"Ada Okonkwo (customer {ada.id}) has this address."})
    other = a_customer(browser.workspace_id)
    status, answer = send(browser, {"external_id": "1"}, f"/api/v1/customers/{other.id}", "PATCH")
    assert (status, answer["errors"]) == (422, {"external_id": f"Ada Okonkwo (customer {ada.id}) has this external id."})


def test_a_change_changes_only_what_is_given(browser: Browser) -> None:
    a_field(browser.workspace_id, "size", "number")
    one = a_customer(browser.workspace_id, email="a@x.example", city="Oslo", attributes={"size": 8, "old": "stays"}, tags=["a"])
    path = f"/api/v1/customers/{one.id}"
    status, after = send(browser, {"city": None, "fields": {"size": None}, "tags": ["a", "b"]}, path, "PATCH")
    assert status == 200
    assert (after["city"], after["fields"], after["tags"], after["email"], after["version"]) == (
        None,
        {"old": "stays"},
        ["a", "b"],
        "a@x.example",
        2,
    )
    assert send(browser, {"tags": ["a", "b"]}, path, "PATCH")[1]["version"] == 2
    assert news(browser.workspace_id) == [
        ("CustomerUpdated", {"customer_id": one.id, "fields": ["city", "tags", "fields.size"]}),
        ("CustomerTagged", {"customer_id": one.id, "added": ["b"], "removed": []}),
    ]


def test_the_second_of_two_who_read_the_same_version_is_told(browser: Browser) -> None:
    one = a_customer(browser.workspace_id)
    path = f"/api/v1/customers/{one.id}"
    assert send(browser, {"city": "Oslo", "version": 1}, path, "PATCH")[0] == 200
    status, answer = send(browser, {"city": "Rome", "version": 1}, path, "PATCH")
    assert (status, answer["detail"].split(".")[0]) == (409, "Somebody changed this customer since you read it")


def test_tags_come_and_go(browser: Browser) -> None:
    one = a_customer(browser.workspace_id, tags=["a", "b"])
    status, after = send(browser, {"add": ["c", "a"], "remove": ["b"]}, f"/api/v1/customers/{one.id}/tags")
    assert (status, after["tags"]) == (200, ["a", "c"])


def test_a_deleted_customer_leaves_nothing_but_the_suppression(browser: Browser) -> None:
    one, two = customers(browser.workspace_id, 2)
    a_consent(one, "unsubscribed")
    a_consent(two)
    address, paths = one.email, [f"/api/v1/customers/{row.id}" for row in (one, two)]
    assert [browser.call("DELETE", path).status_code for path in (*paths, paths[0])] == [204, 204, 404]
    listed = session().scalars(sa.select(Suppression.email).where(Suppression.workspace_id == browser.workspace_id)).all()
    assert listed == [address]
    assert [name for name, _ in news(browser.workspace_id)] == ["SuppressionsChanged", "CustomerDeleted", "CustomerDeleted"]


def test_the_list_says_what_a_customer_is(browser: Browser) -> None:
    one = a_customer(browser.workspace_id, email="one@x.example")
    stats(one, lifetime_value=481240, orders_count=31)
    a_consent(one, "pending")
    a_consent(one, "subscribed", channel="sms")
    a_suppression(browser.workspace_id, "one@x.example", "bounce")
    answer = browser.call("GET", "/api/v1/customers").get_json()
    assert answer["next"] is None
    (shown,) = answer["items"]
    assert (shown["stats"]["lifetime_value"], shown["consent"], shown["suppressed"]) == (
        481240,
        {"email": "pending", "sms": "subscribed"},
        "bounce",
    )


def test_a_stranger_sees_nobody(browser: Browser, client: FlaskClient) -> None:
    one = a_customer(workspace().id)
    path = f"/api/v1/customers/{one.id}"
    calls = [
        ("GET", path, None),
        ("PATCH", path, {"city": "X"}),
        ("DELETE", path, None),
        ("POST", f"{path}/tags", {"add": ["x"]}),
        ("GET", f"{path}/timeline", None),
        ("GET", f"{path}/consent", None),
        ("POST", f"{path}/consent", {"state": "subscribed"}),
    ]
    assert [browser.call(method, url, json=body).status_code for method, url, body in calls] == [404] * 7
    assert browser.call("GET", "/api/v1/customers").get_json()["items"] == []


def test_reading_is_not_writing(client: FlaskClient) -> None:
    home = workspace()
    one = a_customer(home.id)
    analyst = api_key(home, "analyst")
    assert client.get(f"/api/v1/customers/{one.id}", headers=analyst).status_code == 200
    assert client.get("/api/v1/customers/export", headers=analyst).status_code == 200
    assert client.patch(f"/api/v1/customers/{one.id}", headers=analyst, json={"city": "X"}).status_code == 403
    assert client.delete(f"/api/v1/customers/{one.id}", headers=analyst).status_code == 403


def test_an_export_is_what_the_list_finds_and_safe_in_a_spreadsheet(browser: Browser) -> None:
    a_field(browser.workspace_id, "spent", "money")
    a_field(browser.workspace_id, "likes", "list")
    one = a_customer(
        browser.workspace_id,
        email="a@x.example",
        first_name='=HYPERLINK("http://evil.example")',
        phone="+15035550142",
        country="US",
        tags=["vip", "@x"],
        attributes={"spent": 1250, "likes": ["a", "b"]},
    )
    stats(one, lifetime_value=481240)
    a_customer(browser.workspace_id, country="NO")
    answer = browser.call("GET", "/api/v1/customers/export?country=US")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.get_data(as_text=True)))
    assert {name: row[name] for name in ("id", "email", "first_name", "phone", "tags", "spent", "likes", "lifetime_value", "stage")} == {
        "id": str(one.id),
        "email": "a@x.example",
        "first_name": '\'=HYPERLINK("http://evil.example")',
        "phone": "+15035550142",
        "tags": "vip|@x",
        "spent": "12.50",
        "likes": "a|b",
        "lifetime_value": "4812.40",
        "stage": "subscriber",
    }


def test_an_export_needs_one_query_more_for_each_two_thousand(browser: Browser) -> None:
    session().execute(
        sa.text("insert into customers (workspace_id, email) select :w, 'u' || i || '@x.example' from generate_series(1, 4500) i"),
        {"w": browser.workspace_id},
    )
    rows = browser.call("GET", "/api/v1/customers/export").get_data(as_text=True).splitlines()
    assert len(rows) == 4501
    assert len({row.split(",")[0] for row in rows}) == 4501


def test_stats_are_of_the_customer_alone(browser: Browser) -> None:
    one, two = customers(browser.workspace_id, 2)
    stats(one, lifetime_value=5)
    rows = session().execute(any_workspace(sa.select(CustomerStats.lifetime_value).where(CustomerStats.customer_id == two.id)))
    assert rows.scalar_one() == 0
