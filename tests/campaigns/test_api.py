"""Campaigns as JSON."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.campaigns.service import launch as launching
from app.core.db import get
from app.core.time import now
from app.delivery.models import MessageState, SenderKind
from app.workspaces.models import Workspace
from tests.campaigns.test_running import end
from tests.factories.auth import api_key
from tests.factories.campaigns import BY, a_campaign, a_greeting, a_list, frozen, sending, subscribers
from tests.factories.customers import a_customer
from tests.factories.delivery import a_sender
from tests.factories.workspaces import workspace
from tests.support import counted

NO_ADDRESS = [{"field": "brand", "reason": "The brand has no postal address. Many countries ask for one in every mail."}]


class Caller:
    """Calls the API with a key."""

    def __init__(self, client: FlaskClient, place: Workspace, role: Any = "owner") -> None:
        self.client, self.place, self.headers = client, place, api_key(place, role)

    def __call__(self, method: str, path: str, json: Any = None, status: int = 200) -> Any:
        answer = self.client.open(f"/api/v1{path}", method=method, json=json, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json if answer.text else None


@pytest.fixture
def call(client: FlaskClient) -> Caller:
    return Caller(client, workspace())


def test_a_campaign_is_made_changed_checked_and_scheduled(call: Caller) -> None:
    place = call.place
    people = subscribers(place.id, 3)
    given = {
        "name": "Autumn layers",
        "template_id": a_greeting(place.id).id,
        "sender_id": a_sender(place.id, kind=SenderKind.SANDBOX, per_second=10).id,
        "segments": [a_list(place.id, [*people, a_customer(place.id)]).id],
        "cost": 64_000,
        "goal": 3_500_000,
        "utm": {"source": "us"},
    }
    made = call("POST", "/campaigns", given, 201)
    assert {name: made[name] for name in ("state", "version", "customers", "messages", "audience")} == {
        "state": "draft",
        "version": 1,
        "customers": 0,
        "messages": {},
        "audience": None,
    }
    assert {name: made[name] for name in given} == given
    at = f"/campaigns/{made['id']}"
    assert call("GET", at) == made
    assert call("GET", "/campaigns") == {"items": [made], "next": None}
    assert call("PATCH", at, {"cost": 65_000, "version": 1})["version"] == 2
    call("PATCH", at, {"cost": 1, "version": 1}, 409)
    found = call("GET", f"{at}/check")
    assert found == {
        "ready": True,
        "problems": [],
        "notes": NO_ADDRESS,
        "counted": True,
        "matched": 4,
        "duplicates": 0,
        "left_out": 0,
        "no_address": 0,
        "no_consent": 1,
        "unsubscribed": 0,
        "suppressed": 0,
        "will_receive": 3,
        "seconds": 0.3,
    }
    call("POST", f"{at}/schedule", {"at": "2020-01-01T00:00:00Z"}, 422)
    assert call("POST", f"{at}/schedule", {"at": (now() + timedelta(days=1)).isoformat()})["state"] == "scheduled"
    assert call("POST", f"{at}/unschedule")["state"] == "draft"


def test_a_campaign_is_launched_once_and_goes_to_its_end(call: Caller, session: Session) -> None:
    place = call.place
    people = [*subscribers(place.id, 3), a_customer(place.id)]
    made = a_campaign(place.id, name="Autumn layers", segments=[a_list(place.id, people).id])
    at = f"/campaigns/{made.id}"
    assert call("POST", f"{at}/launch")["state"] == "launching"
    again = call("POST", f"{at}/launch", status=409)
    assert "A campaign is launched once" in again["detail"]
    row = frozen(get(Campaign, place.id, made.id))
    assert call("POST", f"{at}/pause")["state"] == "paused"
    assert call("POST", f"{at}/resume")["state"] == "sending"
    end(session, row, (MessageState.SENT, None), (MessageState.FAILED, "554 no"))
    assert call("POST", f"{at}/retry", {"states": ["failed"]}) == {"count": 1}
    call("POST", f"{at}/retry", {"states": ["bounced"]}, 422)
    now_is = call("GET", at)
    assert now_is["messages"] == {"all": 4, "pending": 2, "sent": 1, "failed": 0, "skipped": 1, "in_doubt": 0, "bounced": 0}
    assert now_is["audience"]["will_receive"] == 3
    assert call("POST", f"{at}/complete")["state"] == "sent"
    call("POST", f"{at}/cancel", status=409)
    copy = call("POST", f"{at}/duplicate", status=201)
    call("DELETE", f"/campaigns/{copy['id']}", status=204)
    call("DELETE", at, status=409)
    assert [row["id"] for row in call("GET", "/campaigns?state=sent&search=autumn")["items"]] == [made.id]
    assert call("GET", "/campaigns?state=active")["items"] == []


def test_a_test_send(call: Caller) -> None:
    row = a_campaign(call.place.id)
    at = f"/campaigns/{row.id}/test"
    assert call("POST", at, {"to": ["ada@northlight.example"]}) == {"count": 1}
    call("POST", at, {"to": []}, 422)
    call("POST", at, {"to": ["a@b.example"] * 6}, 422)
    call("POST", at, {"to": ["ada@northlight.example"], "customer_id": a_customer(workspace().id).id}, 404)


def test_the_ledger_shows_addresses_only_to_those_who_may_see_customers(call: Caller, client: FlaskClient, session: Session) -> None:
    row = sending(call.place.id, 2)
    end(session, row, (MessageState.FAILED, "554 5.7.1 <ada@northlight.example> refused"))
    at = f"/campaigns/{row.id}/messages"
    page = call("GET", f"{at}?limit=1&state=failed")
    assert [(m["state"], m["reason"], m["kind"], m["address"] is None) for m in page["items"]] == [
        ("failed", "554 5.7.1 <ada@northlight.example> refused", "bulk", False)
    ]
    assert len(call("GET", f"{at}?limit=1")["items"]) == 1
    rest = call("GET", f"{at}?limit=1&cursor={call('GET', f'{at}?limit=1')['next']}")
    assert ([m["state"] for m in rest["items"]], rest["next"]) == (["pending"], None)
    assert call("GET", f"{at}?search=person")["items"]
    call("GET", f"{at}?state=nonsense", status=422)
    call("GET", f"{at}?cursor=nonsense", status=422)
    blind = Caller(client, call.place, "client")
    seen = blind("GET", at)["items"]
    assert [(m["address"], m["customer_id"]) for m in seen] == [(None, None)] * 2
    assert "ada@" not in str(seen)
    blind("GET", f"{at}?search=person", status=403)
    found = [len(blind("GET", f"{at}?reason={guess}")["items"]) for guess in ("554 5.7.1", "554 5.7.1 <ada@northlight.example>")]
    assert found == [1, 0]
    for act in ("launch", "pause", "resume", "cancel", "complete"):
        blind("POST", f"/campaigns/{row.id}/{act}", status=403)


def test_who_may_not_send_launches_nothing(client: FlaskClient) -> None:
    writer = Caller(client, workspace(), "marketer")
    row = a_campaign(writer.place.id)
    writer("PATCH", f"/campaigns/{row.id}", {"name": "Winter"})
    writer("POST", f"/campaigns/{row.id}/test", {"to": ["stranger@northlight.example"]}, 422)
    launching.schedule(row.workspace_id, row.id, now() + timedelta(days=1), BY)
    assert writer("PATCH", f"/campaigns/{row.id}", {"cost": 5})["state"] == "scheduled"
    assert writer("PATCH", f"/campaigns/{row.id}", {"template_id": a_greeting(row.workspace_id).id})["state"] == "draft"
    writer("POST", f"/campaigns/{row.id}/launch", status=403)
    writer("POST", f"/campaigns/{row.id}/schedule", {"at": "2999-01-01T00:00:00Z"}, 403)


def test_a_list_of_three_takes_as_many_queries_as_one_of_one(call: Caller) -> None:
    sending(call.place.id, 1)
    call("GET", "/campaigns")  # notes that the key was used
    with counted() as one:
        call("GET", "/campaigns")
    for _ in range(2):
        sending(call.place.id, 1)
    with counted() as three:
        assert len(call("GET", "/campaigns")["items"]) == 3
    assert len(three) == len(one)
    assert call("GET", "/campaigns?limit=2")["next"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": "x", "cost": -1}, "cost"),
        ({"name": "x", "cost": "10"}, None),
        ({"name": "x", "goal": 10**16}, "goal"),
        ({"name": "x", "template_id": 1}, "template_id"),
        ({"name": "x", "template_id": 2**63}, "template_id"),
        ({"name": "x", "segments": [1]}, "segments[0]"),
        ({"name": "x", "segments": list(range(1, 60))}, "segments"),
        ({"name": "x", "utm": {"other": "x"}}, "utm.other"),
        ({"name": "x", "state": "sent"}, "state"),
    ],
)
def test_a_body_that_does_not_fit_names_the_field(call: Caller, body: dict[str, Any], path: str | None) -> None:
    if path is None:
        assert call("POST", "/campaigns", body, 201)["cost"] == 10
    else:
        assert set(call("POST", "/campaigns", body, 422)["errors"]) == {path}
