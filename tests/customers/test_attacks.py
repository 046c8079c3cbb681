"""Attacks on customers through their API: other workspaces, poison that cannot be read back, text that is code elsewhere."""

import json
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.db import session
from app.customers.models import KeptCount, SavedView
from app.workspaces.models import Workspace
from tests.factories.auth import Browser, api_key, member, signed_in
from tests.factories.customers import a_customer


def made(browser: Browser, **fields: Any) -> int:
    answer = browser.call("POST", "/api/v1/customers", {"email": "ada@northlight.example"} | fields)
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


FAR = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"]


@pytest.mark.parametrize("at", FAR)
def test_no_time_poisons_a_page(client: FlaskClient, at: str) -> None:
    browser = signed_in(client)
    ident = made(browser)
    consent = {"state": "subscribed", "occurred_at": at}
    order = {"customer": {"id": ident}, "external_id": "1", "amount": 100, "ordered_at": at}
    tries = [
        browser.call("POST", "/api/v1/customers", {"email": "bob@northlight.example", "consent": [consent]}),
        browser.call("POST", f"/api/v1/customers/{ident}/consent", consent),
        browser.call("POST", "/api/v1/orders", order),
        browser.call("POST", "/api/v1/orders/bulk", {"orders": [order]}),
        browser.call("POST", "/api/v1/events", {"customer": {"id": ident}, "event": "met", "occurred_at": at}),
    ]
    assert [answer.status_code for answer in tries] == [422] * len(tries)
    for path in ("/api/v1/customers", f"/api/v1/customers/{ident}/timeline", f"/api/v1/customers/{ident}/consent", "/api/v1/orders"):
        assert browser.get(path).status_code == 200


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" * 400 + ".0"])
def test_no_number_without_end_gets_into_data(client: FlaskClient, number: str) -> None:
    browser = signed_in(client)
    ident = made(browser)
    body = f'{{"customer": {{"id": {ident}}}, "event": "met", "data": {{"x": {number}}}}}'
    assert browser.call("POST", "/api/v1/events", data=body, content_type="application/json").status_code == 422


def test_deep_data_is_refused(client: FlaskClient) -> None:
    browser = signed_in(client)
    ident = made(browser)
    for depth in (400, 900, 990):
        data = '{"a":' * depth + "1" + "}" * depth
        body = f'{{"customer": {{"id": {ident}}}, "event": "met", "data": {data}}}'
        assert browser.call("POST", "/api/v1/events", data=body, content_type="application/json").status_code in {200, 422}


def test_what_belongs_to_another_workspace_is_not_there(client: FlaskClient) -> None:
    theirs = member()
    them = session().get_one(Workspace, theirs.workspace_id)
    who = a_customer(them.id).id
    order = client.post(
        "/api/v1/orders", json={"customer": {"id": who}, "external_id": "1", "amount": 1}, headers=api_key(membership=theirs)
    ).json["id"]
    browser = signed_in(client)
    tries = [
        browser.get(f"/api/v1/customers/{who}"),
        browser.get(f"/api/v1/customers/{who}/timeline"),
        browser.get(f"/api/v1/customers/{who}/consent"),
        browser.get(f"/api/v1/orders/{order}"),
        browser.call("PATCH", f"/api/v1/customers/{who}", {"first_name": "Eve"}),
        browser.call("DELETE", f"/api/v1/customers/{who}"),
        browser.call("POST", f"/api/v1/customers/{who}/tags", {"add": ["x"]}),
        browser.call("POST", f"/api/v1/customers/{who}/consent", {"state": "subscribed"}),
        browser.call("POST", "/api/v1/orders", {"customer": {"id": who}, "external_id": "1", "amount": 1}),
    ]
    assert [answer.status_code for answer in tries] == [404] * len(tries)
    assert browser.get("/api/v1/orders", query_string={"customer_id": who}).json["items"] == []
    assert browser.call("POST", "/api/v1/events", {"customer": {"id": who}, "event": "met"}).status_code == 422


@pytest.mark.parametrize("role", ["client"])
def test_a_client_sees_no_customer(client: FlaskClient, role: str) -> None:
    browser = signed_in(client, role)  # type: ignore[arg-type]
    who = a_customer(browser.workspace_id).id
    paths = ("", "/export", f"/{who}", f"/{who}/timeline", f"/{who}/consent", "/fields")
    assert [browser.get(f"/api/v1/customers{path}").status_code for path in paths] == [403] * len(paths)
    assert browser.get("/api/v1/orders").status_code == 403
    assert browser.get("/api/v1/suppressions").status_code == 403


def test_a_client_learns_nothing_about_anybody_by_counting(client: FlaskClient) -> None:
    browser = signed_in(client, "client")
    a_customer(browser.workspace_id, email="ada@northlight.example")
    guess = {"operator": "AND", "rules": [{"field": "email", "op": "starts_with", "value": "a"}]}
    assert browser.call("POST", "/api/v1/segments/preview", {"criteria": guess}).status_code == 403


@pytest.mark.parametrize(
    "value", ["1e999", '"\\u202e"', "[1e999]", '{"a": 1e999}', "1" * 300, '"' + "x" * 100_000 + '"', "[" * 200 + "]" * 200]
)
def test_nonsense_in_rules_is_no_fault(client: FlaskClient, value: str) -> None:
    browser = signed_in(client)
    for rule in ('{"field": "stats.lifetime_value", "op": "gte", "value": %s}', '{"field": "email", "op": "in", "value": %s}',
                 '{"activity": "visited", "op": "at_least", "times": 1, "where": [{"field": "x", "op": "eq", "value": %s}]}'):  # fmt: skip
        tree = '{"operator": "AND", "rules": [' + rule % value + "]}"
        for path, body in (("/preview", f'{{"criteria": {tree}}}'), ("", f'{{"name": "S", "criteria": {tree}}}')):
            answer = browser.call("POST", f"/api/v1/segments{path}", data=body, content_type="application/json")
            assert answer.status_code < 500, (path, rule)


@pytest.mark.parametrize("field", ["id", "workspace_id", "origin", "version", "attributes", "stats", "created_at", "lifetime_value"])
def test_nothing_is_set_that_people_may_not_set(client: FlaskClient, field: str) -> None:
    browser = signed_in(client)
    assert browser.call("POST", "/api/v1/customers", {"email": "ada@northlight.example", field: 1}).status_code == 422


def test_exported_cells_are_no_formulas(client: FlaskClient) -> None:
    browser = signed_in(client)
    evil = ['=HYPERLINK("http://evil")', "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\tx", "\rx"]
    for number, text in enumerate(evil):
        made(browser, email=f"e{number}@northlight.example", company=f"{text}", tags=[f"={number}"])
    answer = browser.get("/api/v1/customers/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    for line in answer.text.splitlines()[1:]:
        for cell in line.split(","):
            assert not cell.strip('"').startswith(("=", "+", "@", "-", "\t", "\r"))


@pytest.mark.parametrize("value", ["%00", "a%00b@x.example", "%F0%9F%92%A9", "..%2f..", "%ED%A0%80", "A" * 5000, "'%20OR%201=1--"])
def test_nonsense_in_addresses_is_no_fault(client: FlaskClient, value: str) -> None:
    browser = signed_in(client)
    assert browser.call("DELETE", f"/api/v1/suppressions/{value}").status_code < 500
    for name in ("q", "cursor", "back", "tag", "country", "sort", "fields.x", "value_at_least", "created_since", "import_id", "limit"):
        assert browser.get(f"/api/v1/customers?{name}={value}").status_code < 500, name
        assert browser.get(f"/api/v1/customers/export?{name}={value}").status_code < 500, name


def test_sql_is_text(client: FlaskClient) -> None:
    browser = signed_in(client)
    made(browser, first_name="'); DROP TABLE customers; --", tags=["{a}", "\\"])
    for text in ("'", "%", "_", "\\", "\\%", "');--", "$$", ":x", "%(x)s", "{0}"):
        assert browser.get("/api/v1/customers", query_string={"q": text}).status_code == 200
        assert browser.get("/api/v1/customers", query_string={"tag": text}).status_code == 200


def test_a_key_for_reading_writes_nothing(client: FlaskClient) -> None:
    row = member()
    key = api_key(membership=row, scopes=["customers.view"])
    who = a_customer(row.workspace_id).id
    tries = [
        client.post("/api/v1/customers", json={"email": "x@northlight.example"}, headers=key),
        client.patch(f"/api/v1/customers/{who}", json={"first_name": "x"}, headers=key),
        client.delete(f"/api/v1/customers/{who}", headers=key),
        client.get("/api/v1/customers/export", headers=key),
        client.post("/api/v1/events", json={"customer": {"id": who}, "event": "met"}, headers=key),
        client.post("/api/v1/suppressions", json={"email": "x@northlight.example"}, headers=key),
        client.post("/api/v1/customers/import", headers=key),
    ]
    assert {answer.status_code for answer in tries} <= {403, 404, 405}
    assert json.dumps(tries[0].json).count("customers.edit") == 1


def test_filters_of_any_length_can_be_acted_on(client: FlaskClient) -> None:
    browser = signed_in(client)
    made(browser, tags=["of-nobody-else"])
    random = Random(1)
    tags = "&".join(f"tag={random.getrandbits(400):0100x}" for _ in range(36))
    answer = browser.post("/customers/bulk/stage", {"everyone": "1", "query": f"tag=of-nobody-else&{tags}"})
    assert (answer.status_code, "1 customer" in answer.text) == (200, True)


def test_the_count_of_a_view_cannot_be_forged(client: FlaskClient) -> None:
    browser = signed_in(client)
    made(browser)
    assert browser.post("/customers/views", {"name": "Few", "query": "tag=of-nobody"}).status_code == 303
    view = session().scalars(sa.select(SavedView).where(SavedView.workspace_id == browser.workspace_id)).one()
    assert browser.post("/customers/bulk/stage", {"everyone": "1", "query": str(view.id)}).status_code == 200
    kept = sa.select(KeptCount.name).where(KeptCount.workspace_id == browser.workspace_id)
    assert session().scalars(kept).all() == ["everyone"]
