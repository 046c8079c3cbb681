"""The audit log: written with the act, kept as it is, found again."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient
from sqlalchemy.exc import ProgrammingError

from app.audit import diff, queries, service
from app.audit.models import AuditEntry
from app.audit.schemas import AuditQuery
from app.core.actor import Actor
from app.core.db import GuardError, any_workspace, session
from app.core.errors import Invalid
from tests.factories.auth import api_key, member, signed_in
from tests.factories.workspaces import workspace

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
ADA = Actor("Ada", 7, None, "203.0.113.9", "r1")


def note(workspace_id: int, action: str = "brand.updated", by: Actor = ADA, number: int = 1, **says: Any) -> None:
    service.record(workspace_id, by, action, (action.split(".", maxsplit=1)[0], number, "Northlight"), **says)


def found(workspace_id: int, **query: Any) -> list[AuditEntry]:
    return list(queries.search(workspace_id, AuditQuery.model_validate(query), "UTC")[0])


def test_who_when_from_where_what_before_and_after(database: None) -> None:
    place = workspace().id
    with time_machine.travel(START, tick=False):
        note(place, before={"day": date(2026, 1, 2), "sum": Decimal("1.50")}, after={"day": None, "names": {"b", "a"}})
    (entry,) = found(place)
    assert (entry.at, entry.actor, entry.user_id, entry.address, entry.request_id) == (START, "Ada", 7, "203.0.113.9", "r1")
    assert (entry.before, entry.after) == ({"day": "2026-01-02", "sum": "1.50"}, {"day": None, "names": ["a", "b"]})


@pytest.mark.parametrize("statement", ["update audit_log set actor = 'x'", "delete from audit_log"])
def test_nothing_is_changed_or_removed(database: None, statement: str) -> None:
    note(workspace().id)
    with pytest.raises(ProgrammingError, match="only ever added to"):
        session().execute(sa.text(statement))


def test_an_act_that_is_undone_leaves_no_trace(database: None) -> None:
    place = workspace().id
    session().commit()
    note(place)
    session().rollback()
    assert found(place) == []


@pytest.mark.committed
def test_a_refused_act_outlives_the_rollback(client: FlaskClient) -> None:
    browser = signed_in(client, "marketer")
    place = browser.workspace_id
    assert browser.post("/settings/workspace", {"name": "Mine"}).status_code == 403
    (entry,) = found(place)
    assert (entry.refused, entry.action, entry.user_id) == (True, "POST /settings/workspace", browser.user_id)
    assert "settings.edit" in (entry.reason or "")


def test_a_workspace_sees_its_own(client: FlaskClient) -> None:
    other = workspace().id
    note(other, "brand.deleted")
    browser = signed_in(client)
    note(browser.workspace_id, "brand.created")
    page = browser.get("/settings/audit").get_data(as_text=True)
    assert "Brand created" in page
    assert "Brand deleted" not in page
    with pytest.raises(GuardError):
        session().execute(sa.select(AuditEntry))


def test_filters(database: None) -> None:
    place = workspace().id
    key, system = Actor("Shop", 7, 3), Actor.system("import 12")
    with time_machine.travel(START, tick=False) as clock:
        note(place, "brand.created")
        clock.shift(timedelta(days=1))
        note(place, "member.joined", key, 2)
        clock.shift(timedelta(days=1))
        note(place, "brand.updated", system, 2)
    names = lambda **query: [entry.action for entry in found(place, **query)]  # noqa: E731 (read often below)
    assert names() == ["brand.updated", "member.joined", "brand.created"]
    assert names(who="user:7") == ["brand.created"]
    assert names(who="key:3") == ["member.joined"]
    assert names(who="system") == ["brand.updated"]
    assert names(action="member.joined") == ["member.joined"]
    assert names(kind="brand") == ["brand.updated", "brand.created"]
    assert names(kind="brand", id=2) == ["brand.updated"]
    assert names(since="2026-11-22") == ["brand.updated", "member.joined"]
    assert names(until="2026-11-22") == ["member.joined", "brand.created"]
    assert names(since="2026-11-22", until="2026-11-22") == ["member.joined"]
    assert names(refused="true") == []
    assert names(refused="false", who="") == names()
    assert queries.actions(place) == ["brand.created", "brand.updated", "member.joined"]
    assert queries.kinds(place) == ["brand", "member"]
    assert queries.people(place) == [(7, "Shop")]


def test_a_day_begins_where_the_workspace_is(database: None) -> None:
    place = workspace().id
    with time_machine.travel(datetime(2026, 11, 21, 23, 30, tzinfo=UTC), tick=False):
        note(place)
    on = lambda day, zone: len(queries.search(place, AuditQuery(since=day, until=day), zone)[0])  # noqa: E731
    assert (on(date(2026, 11, 21), "UTC"), on(date(2026, 11, 22), "UTC")) == (1, 0)
    assert (on(date(2026, 11, 21), "Europe/Berlin"), on(date(2026, 11, 22), "Europe/Berlin")) == (0, 1)


def test_pages_neither_skip_nor_repeat(database: None) -> None:
    place = workspace().id
    with time_machine.travel(START, tick=False):  # all at one moment: the id decides
        for number in range(7):
            note(place, number=number)
    seen, cursor = [], None
    while True:
        page, cursor = queries.search(place, AuditQuery(limit=3, cursor=cursor), "UTC")
        seen += [entry.subject_id for entry in page]
        if cursor is None:
            break
    assert seen == [6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "🦉"])
def test_a_cursor_of_something_else_is_refused(database: None, cursor: str) -> None:
    with pytest.raises(Invalid):
        queries.search(workspace().id, AuditQuery(cursor=cursor), "UTC")


@pytest.mark.parametrize(
    "query",
    ["who=x", "since=yesterday", "since=0001-01-01", "until=9999-12-31", "id=x", "id=99999999999999999999", "refused=perhaps", "a=b"],
)
def test_filters_that_do_not_fit_are_named(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/audit?{query}", headers=api_key())
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [query.partition("=")[0]])
    assert signed_in(client).get(f"/settings/audit?{query}").status_code == 422


def test_by_api(client: FlaskClient) -> None:
    owner = member()
    headers = api_key(membership=owner)
    for number in range(3):
        note(owner.workspace_id, number=number)
    first = client.get("/api/v1/audit?limit=2", headers=headers).get_json()
    assert [item["subject_id"] for item in first["items"]] == [2, 1]
    second = client.get(f"/api/v1/audit?limit=2&cursor={first['next']}", headers=headers).get_json()
    assert ([item["subject_id"] for item in second["items"]], second["next"]) == ([0], None)


def test_the_page_asks_the_same_number_of_questions_for_one_and_for_three(client: FlaskClient) -> None:
    browser = signed_in(client)

    def questions() -> int:
        seen: list[str] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", log := lambda *a: seen.append(a[2]))
        try:
            assert browser.get("/settings/audit").status_code == 200
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", log)
        return len([text for text in seen if text.startswith(("SELECT", "WITH"))])

    note(browser.workspace_id)
    one = questions()
    note(browser.workspace_id, "member.joined", Actor("Bob", 8))
    note(browser.workspace_id, "brand.created", Actor("Eve", 9))
    assert questions() == one


def test_a_filter_by_htmx_brings_the_list_alone(client: FlaskClient) -> None:
    answer = signed_in(client).get("/settings/audit?who=system", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert answer.lstrip().startswith('<div id="list"')
    assert "Nothing fits" in answer


class TestDiff:
    def test_only_what_differs(self) -> None:
        changes = diff.changes({"name": "A", "zone": "UTC", "gone": 1}, {"name": "B", "zone": "UTC", "may_send": True})
        assert [(c.field, c.before, c.after) for c in changes] == [("name", "A", "B"), ("gone", "1", "–"), ("may send", "–", "yes")]

    @pytest.mark.parametrize(
        ("value", "text"),
        [(None, "–"), ("", "–"), ([], "–"), (False, "no"), (0, "0"), (["a", "b"], "a, b"), ({"a": 1}, '{\n "a": 1\n}'), ("<b>", "<b>")],
    )
    def test_values_as_text(self, value: object, text: str) -> None:
        assert diff.show(value) == text

    def test_what_came_and_what_went(self) -> None:
        assert [c.after for c in diff.changes(None, {"name": "A"})] == ["A"]
        assert [c.before for c in diff.changes({"name": "A"}, None)] == ["A"]


def test_markup_in_values_is_text(client: FlaskClient) -> None:
    browser = signed_in(client)
    note(browser.workspace_id, after={"name": "<script>alert(1)</script>"})
    page = browser.get("/settings/audit").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert session().scalar(any_workspace(sa.select(sa.func.count()).select_from(AuditEntry))) == 1


def test_acts_are_said_in_words() -> None:
    said = [diff.act(name) for name in ("api_key.revoked", "user.totp_on", "customers.exported", "POST /settings/workspace")]
    assert said == ["API key revoked", "One-time codes switched on", "Customers exported", "POST /settings/workspace"]
    assert diff.kind("api_key") == "API key"
