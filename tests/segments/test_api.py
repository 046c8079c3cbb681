"""Segments over HTTP."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.db import db
from tests.factories.auth import api_key, member
from tests.factories.customers import a_customer, a_workspace, customers
from tests.factories.segments import every, field, member_of, negated

US = field("country", "eq", "US")


class Caller:
    """Calls the API of one workspace with a key."""

    def __init__(self, client: FlaskClient, role: Any = "owner") -> None:
        self.client = client
        self.place = a_workspace().id
        place = db.session.get_one(type(a_workspace()), self.place)
        self.headers = api_key(membership=member(place, role))

    def __call__(self, method: str, path: str, json: Any = None, status: int = 200) -> Any:
        answer = self.client.open(f"/api/v1{path}", method=method, json=json, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json if answer.text else None


@pytest.fixture
def call(client: FlaskClient) -> Caller:
    return Caller(client)


def test_the_whole_life_of_a_segment(call: Caller) -> None:
    people = customers(call.place, 3, country="US")
    made = call("POST", "/segments", {"name": "Americans", "criteria": every(US)}, 201)
    assert (made["name"], made["kind"], made["count"], made["criteria"], made["version"]) == ("Americans", "dynamic", 3, every(US), 1)
    assert call("GET", f"/segments/{made['id']}") == made
    assert call("GET", "/segments") == {"items": [made], "next": None}
    people[0].country = "DE"
    assert call("POST", f"/segments/{made['id']}/refresh") == {"count": 2, "entered": 0, "left": 1}
    assert call("POST", f"/segments/{made['id']}/refresh") == {"count": 2, "entered": 0, "left": 0}
    changed = call("PATCH", f"/segments/{made['id']}", {"criteria": every(negated(US)), "version": 1})
    assert (changed["count"], changed["version"]) == (1, 2)
    assert [row["id"] for row in call("GET", f"/segments/{made['id']}/customers")["items"]] == [people[0].id]
    call("DELETE", f"/segments/{made['id']}", status=204)
    call("GET", f"/segments/{made['id']}", status=404)


def test_a_preview_counts_without_keeping(call: Caller) -> None:
    customers(call.place, 2, country="US")
    a_customer(call.place, country="DE")
    found = call("POST", "/segments/preview", {"criteria": every(US)})
    assert {name: found[name] for name in ("count", "total", "parts")} == {"count": 2, "total": 3, "parts": None}
    assert isinstance(found["took_ms"], int)
    parts = call("POST", "/segments/preview?parts=1", {"criteria": every(negated(US))})["parts"]
    assert parts == {
        "": {"count": 1, "takes": None},
        "rules[0]": {"count": 1, "takes": None},
        "rules[0].rules[0]": {"count": 2, "takes": None},
    }
    assert call("GET", "/segments")["items"] == []


@pytest.mark.parametrize(
    ("criteria", "path"),
    [
        (None, ""),
        ([], ""),
        ("AND", ""),
        ({}, "operator"),
        (field("country", "eq", "US"), "operator"),
        (every(), "rules"),
        (every(US, US, field("country", "gt", 3)), "rules[2].op"),
        (every(US, US, field("fields.points", "gt", 3)), "rules[2].field"),
        (every(US, US, field("stats.orders_count", "gt", "x")), "rules[2].value"),
        (every(US, {"activity": "opened", "op": "at_least", "times": 10**30}), "rules[1].times"),
        (every(field("city", "eq", "😀" * 501)), "rules[0].value"),
        (every({"op": "eq"}), "rules[0]"),
    ],
)
def test_a_bad_tree_is_refused_with_the_path(call: Caller, criteria: Any, path: str) -> None:
    for where, body in (("/segments/preview", {"criteria": criteria}), ("/segments", {"name": "x", "criteria": criteria})):
        if criteria is None and where == "/segments":
            path = "criteria"
        assert list(call("POST", where, body, 422)["errors"]) == [path]


@pytest.mark.parametrize("raw", ["1e999", "NaN", '"\\u0000"', '"\\ud800"', "[" * 5000 + "]" * 5000, "9" * 5000, "-1e400"])
def test_hostile_values_are_refused_and_never_break_anything(call: Caller, raw: str) -> None:
    body = '{"criteria":{"operator":"AND","rules":[{"field":"stats.orders_count","op":"eq","value":RAW}]}}'.replace("RAW", raw)
    answer = call.client.post("/api/v1/segments/preview", data=body, content_type="application/json", headers=call.headers)
    assert answer.status_code == 422


def test_members_come_in_pages(call: Caller) -> None:
    people = [found.id for found in customers(call.place, 5, country="US")]
    made = call("POST", "/segments", {"name": "Americans", "criteria": every(US)}, 201)
    first = call("GET", f"/segments/{made['id']}/customers?limit=3")
    rest = call("GET", f"/segments/{made['id']}/customers?limit=3&cursor={first['next']}")
    assert [row["id"] for row in first["items"] + rest["items"]] == people
    assert rest["next"] is None
    call("GET", f"/segments/{made['id']}/customers?cursor=nonsense", status=422)


def test_segments_come_in_pages_by_name_and_by_search(call: Caller) -> None:
    for name in ("beta", "Alpha", "gamma", "alphabet"):
        call("POST", "/segments", {"name": name, "criteria": every(US)}, 201)
    first = call("GET", "/segments?limit=3")
    rest = call("GET", f"/segments?limit=3&cursor={first['next']}")
    assert [row["name"] for row in first["items"] + rest["items"]] == ["Alpha", "alphabet", "beta", "gamma"]
    assert [row["name"] for row in call("GET", "/segments?search=ALPHA")["items"]] == ["Alpha", "alphabet"]


def test_a_static_list_is_changed_by_ids(call: Caller) -> None:
    person = a_customer(call.place).id
    made = call("POST", "/segments", {"name": "By hand", "kind": "static"}, 201)
    assert call("POST", f"/segments/{made['id']}/customers", {"add": [person]}) == {"count": 1, "entered": 1, "left": 0}
    assert call("POST", f"/segments/{made['id']}/customers", {"remove": [person]}) == {"count": 0, "entered": 0, "left": 1}
    assert list(call("POST", f"/segments/{made['id']}/customers", {"add": [person + 999]}, 422)["errors"]) == ["add[0]"]


def test_what_may_be_named(call: Caller) -> None:
    words = call("GET", "/segments/fields")
    fields = {row["field"]: row for row in words["fields"]}
    assert fields["tags"]["operators"][:3] == ["any_of", "all_of", "none_of"]
    assert fields["consent.email"]["choices"] == ["subscribed", "pending", "unsubscribed"]
    assert {"activity": "bought", "label": "ordered"} in words["activities"]


def test_a_used_segment_is_not_deleted(call: Caller) -> None:
    first = call("POST", "/segments", {"name": "First", "criteria": every(US)}, 201)
    call("POST", "/segments", {"name": "Second", "criteria": every(member_of(first["id"]))}, 201)
    assert "“Second”" in call("DELETE", f"/segments/{first['id']}", status=409)["detail"]


def test_strangers_find_nothing(call: Caller, client: FlaskClient) -> None:
    made = call("POST", "/segments", {"name": "Mine", "criteria": every(US)}, 201)
    stranger = Caller(client)
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Yours"}),
        ("DELETE", "", None),
        ("POST", "/refresh", None),
        ("GET", "/customers", None),
        ("POST", "/customers", {"add": []}),
    ):
        stranger(method, f"/segments/{made['id']}{path}", body, 404)
    stranger("GET", f"/segments/{2**63}", status=404)


def test_who_may_only_look(client: FlaskClient) -> None:
    caller = Caller(client, "client")
    caller("GET", "/segments")
    caller("POST", "/segments/preview", {"criteria": every(US)}, 403)
    caller("POST", "/segments", {"name": "x", "criteria": every(US)}, 403)


def test_the_same_number_of_queries_for_one_and_for_three(call: Caller) -> None:
    counts = []
    for names in (["a"], ["b", "c"]):
        for name in names:
            call("POST", "/segments", {"name": name, "criteria": every(US)}, 201)
        seen: list[str] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a, seen=seen: seen.append(a[2]))
        try:
            call("GET", "/segments")
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1] > 1
