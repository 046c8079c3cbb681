"""Events from outside: recorded once, refused by path, seen in the timeline."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.db import session
from app.core.time import now
from app.customers.models import Activity, ActivityKind, ActivitySource, Customer, CustomerStats, Kind
from app.customers.models.activities import FIRST_OWN
from app.customers.service import activities as service
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_consent, a_customer
from tests.factories.workspaces import workspace

AT = "2026-03-01T10:00:00Z"


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


@pytest.fixture
def ada(browser: Browser) -> Customer:
    return a_customer(browser.workspace_id, email="ada@x.example", external_id="SH-1")


def event(**says: Any) -> dict[str, Any]:
    return {"customer": {"email": "ada@x.example"}, "event": "booked_demo"} | says


def send(browser: Browser, body: Any) -> tuple[int, dict[str, Any]]:
    answer = browser.call("POST", "/api/v1/events", json=body)
    return answer.status_code, answer.get_json()


def recorded(workspace_id: int) -> list[Activity]:
    return list(session().scalars(sa.select(Activity).where(Activity.workspace_id == workspace_id).order_by(Activity.occurred_at)))


def test_an_event_becomes_an_activity(browser: Browser, ada: Customer) -> None:
    status, answer = send(browser, event(occurred_at=AT, source="pricing page", data={"plan": "pro", "seats": 3}))
    assert (status, answer) == (200, {"recorded": 1, "repeated": 0, "refused": 0, "errors": {}})
    (act,) = recorded(browser.workspace_id)
    assert (act.customer_id, act.kind, act.occurred_at, act.data) == (
        ada.id,
        FIRST_OWN,
        datetime(2026, 3, 1, 10, tzinfo=UTC),
        {"plan": "pro", "seats": 3},
    )
    kind = session().scalars(sa.select(ActivityKind).where(ActivityKind.workspace_id == browser.workspace_id)).one()
    source = session().scalars(sa.select(ActivitySource).where(ActivitySource.workspace_id == browser.workspace_id)).one()
    assert (kind.id, kind.name, source.id, source.kind, source.name) == (FIRST_OWN, "booked_demo", act.source_id, "event", "pricing page")
    seen = session().scalar(sa.select(CustomerStats.last_activity_at).where(CustomerStats.workspace_id == browser.workspace_id))
    assert seen == act.occurred_at
    send(browser, event(event="visited", source=source.id, occurred_at="2026-02-01T10:00:00Z"))
    assert [act.kind for act in recorded(browser.workspace_id)] == [Kind.VISITED, FIRST_OWN]
    assert seen == session().scalar(sa.select(CustomerStats.last_activity_at).where(CustomerStats.workspace_id == browser.workspace_id))


def test_an_event_with_an_id_is_recorded_once(browser: Browser, ada: Customer) -> None:
    assert send(browser, event(id="e-1", occurred_at=AT))[1]["recorded"] == 1
    assert send(browser, event(id="e-1", occurred_at="2026-03-01T11:00:00+01:00"))[1] == {
        "recorded": 0,
        "repeated": 1,
        "refused": 0,
        "errors": {},
    }
    assert send(browser, {"events": [event(id="e-2", occurred_at=AT), event(id="e-2", occurred_at=AT)]})[1]["recorded"] == 1
    assert len(recorded(browser.workspace_id)) == 2


@pytest.mark.parametrize(
    ("says", "errors"),
    [
        ({"customer": {"email": "nobody@x.example"}}, {"customer": "There is no such customer."}),
        ({"event": "opened"}, {"event": "“opened” is recorded by Fairlead itself. Choose a name of your own."}),
        ({"event": "bought"}, {"event": "“bought” is recorded by Fairlead itself. Purchases come by POST /api/v1/orders."}),
        ({"event": "clicked_machine"}, {"event": "“clicked_machine” is recorded by Fairlead itself. Choose a name of your own."}),
        ({"id": "x"}, {"": "An event with an id needs occurred_at: a repeat is known by both."}),
        ({"occurred_at": "2026-03-01T10:00:00"}, {"": "occurred_at needs a zone, such as 2026-11-21T10:50:00Z."}),
        ({"occurred_at": "2099-03-01T10:00:00Z"}, {"occurred_at": "This lies in the future, or before 1970."}),
        ({"source": 999}, {"source": "There is no such source."}),
        ({"data": {"x": "y" * 9000}}, {"data": "At most 8,000 characters as JSON."}),
        ({"data": []}, {"data": "This must be an object."}),
    ],
)
def test_what_does_not_fit_is_named(browser: Browser, ada: Customer, says: dict[str, Any], errors: dict[str, str]) -> None:
    status, answer = send(browser, event(**says))
    assert (status, answer["errors"]) == (422, errors)
    assert recorded(browser.workspace_id) == []


def test_a_batch_takes_what_fits(browser: Browser, ada: Customer) -> None:
    batch = [event(), event(customer={"id": ada.id}), event(customer={"external_id": "no"}), event(event="Loud"), "x", event(event="sent")]
    status, answer = send(browser, batch)
    assert (status, answer["recorded"], answer["refused"]) == (200, 2, 4)
    assert sorted(answer["errors"]) == ["events[2].customer", "events[3].event", "events[4]", "events[5].event"]


def test_missing_people_are_made_where_that_is_wanted(browser: Browser) -> None:
    batch = [event(customer={"email": f"u{i % 3}@x.example"}) for i in range(9)]
    assert send(browser, {"events": batch, "create_missing": True})[1]["recorded"] == 9
    rows = session().scalars(sa.select(Customer.email).where(Customer.workspace_id == browser.workspace_id)).all()
    assert sorted(rows) == ["u0@x.example", "u1@x.example", "u2@x.example"]
    assert send(browser, event(customer={"email": "one@x.example"}, create_missing=True))[1]["recorded"] == 1


def test_kinds_of_events_are_not_endless(browser: Browser, ada: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_KINDS", 2)
    status, answer = send(browser, [event(event=f"kind_{i}") for i in range(2)])
    assert (status, answer["recorded"]) == (200, 2)
    status, answer = send(browser, [event(event="kind_0"), event(event="kind_2")])
    assert (status, answer["recorded"], list(answer["errors"])) == (200, 1, ["events[1].event"])


def test_a_batch_of_a_thousand_is_the_most(browser: Browser, ada: Customer) -> None:
    assert send(browser, {"events": [event()] * 1001})[0] == 422
    assert send(browser, {"events": [event(occurred_at=AT)] * 1000})[1]["recorded"] == 1000


def test_activities_of_people_who_are_not_here_are_dropped(browser: Browser, ada: Customer) -> None:
    other = a_customer(workspace().id)
    acts = [service.Act(who, Kind.VISITED, now(), service.named_id(1, who)) for who in (ada.id, other.id, 10**12)]
    assert service.record_activities(browser.workspace_id, acts) == 1


def test_what_machines_do_is_not_the_person_being_seen(browser: Browser, ada: Customer) -> None:
    acts = [service.Act(ada.id, kind, now(), service.named_id(1, kind)) for kind in (Kind.OPENED_MACHINE, Kind.SENT, Kind.DELIVERED)]
    assert service.record_activities(browser.workspace_id, acts) == 3
    assert session().scalar(sa.select(CustomerStats.last_activity_at).where(CustomerStats.workspace_id == browser.workspace_id)) is None


def timeline(browser: Browser, customer_id: int, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = browser.call("GET", f"/api/v1/customers/{customer_id}/timeline?{query}{cursor}").get_json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_one_timeline_tells_everything(browser: Browser) -> None:
    made = browser.call("POST", "/api/v1/customers", json={"email": "ada@x.example", "consent": [{"state": "subscribed"}]}).get_json()
    who = {"email": "ada@x.example"}
    browser.call("PATCH", f"/api/v1/customers/{made['id']}", json={"city": "Oslo"})
    line = {"name": "Tee", "quantity": 2, "unit_amount": 5000}
    browser.call("POST", "/api/v1/orders", json={"customer": who, "external_id": "1", "lines": [line], "ordered_at": AT})
    send(browser, event(occurred_at=AT.replace("03", "04", 1)))
    source = service.register_source(browser.workspace_id, "campaign", "Autumn layers", "/campaigns/1")
    acts = [(Kind.OPENED_MACHINE, 1), (Kind.SENT, 2)]
    service.record_activities(
        browser.workspace_id, [service.Act(made["id"], k, now() - timedelta(hours=h), service.named_id(1, k), source) for k, h in acts]
    )
    told = [(at["what"], at["title"], at["source"]) for at in timeline(browser, made["id"])]
    assert told[:2] in (
        [("change", "City set to Oslo, was –", None), ("consent", "Consent to E-mail given", None)],
        [("change", "City set to Oslo, was –", None), ("change", "Came in", None)],
    )
    assert told[3:] == [
        ("activity", "Opened, by a machine", "Autumn layers"),
        ("activity", "Was sent", "Autumn layers"),
        ("activity", "Booked demo", None),
        ("order", "Ordered 1, 2 items, $100.00", None),
    ]
    assert [at["title"] for at in timeline(browser, made["id"], "kind=shop")] == ["Ordered 1, 2 items, $100.00"]
    assert [at["title"] for at in timeline(browser, made["id"], "kind=mail&machines=false")] == ["Consent to E-mail given", "Was sent"]
    assert len(timeline(browser, made["id"], "limit=1")) == len(told)


def test_a_timeline_reaches_back_for_years(browser: Browser, ada: Customer) -> None:
    moments = [now() - timedelta(days=days) for days in (1, 30, 70, 300, 500, 2000, 9000)]
    service.record_activities(browser.workspace_id, [service.Act(ada.id, Kind.VISITED, at, service.named_id(1, at)) for at in moments])
    assert len(timeline(browser, ada.id)) == 7
    assert len(timeline(browser, ada.id, "limit=2")) == 7


def test_consent_shows_how_it_came_about(browser: Browser, ada: Customer) -> None:
    a_consent(ada, "subscribed", channel="post")
    path = f"/api/v1/customers/{ada.id}/consent"
    topic = browser.call("POST", "/api/v1/topics", json={"name": "Newsletter"}).get_json()
    assert browser.call("POST", "/api/v1/topics", json={"name": "newsletter"}).status_code == 422
    body = {"state": "subscribed", "topic_id": topic["id"], "source": "form", "wording": "Yes.", "occurred_at": AT}
    browser.call("POST", path, json=body)
    shown = browser.call("POST", path, json=body | {"state": "unsubscribed", "occurred_at": "2026-02-01T00:00:00Z"}).get_json()
    assert [(at["channel"], at["topic"], at["state"]) for at in shown["standings"]] == [
        ("email", None, None),
        ("email", "Newsletter", "subscribed"),
        ("sms", None, None),
        ("post", None, "subscribed"),
    ]
    assert [(at["state"], at["basis"], at["wording"]) for at in shown["history"]] == [
        ("subscribed", "consent", "Yes."),
        ("unsubscribed", None, "Yes."),
    ]
