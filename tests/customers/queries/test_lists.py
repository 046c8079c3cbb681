"""Lists of customers: search, filters, order, pages in both directions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.db import encode_cursor
from app.core.errors import Invalid
from app.core.time import now
from app.customers import fields
from app.customers.coerce import Place
from app.customers.models import Customer
from app.customers.models.imports import Act, ImportUndo
from app.customers.queries import lists
from app.customers.queries.find import find
from app.customers.queries.lists import CustomerPage, page
from app.customers.queries.place import place
from app.customers.schemas.lists import CustomerFilter, from_query, to_query
from tests.factories.customers import a_consent, a_customer, a_field, a_suppression, customers, stats
from tests.factories.workspaces import workspace

Find = Callable[..., list[str | None]]


@pytest.fixture
def here(session: Session) -> int:
    return workspace(zone="Europe/Berlin").id


def look(workspace_id: int, query: str = "", limit: int = 50, **place_in_list: Any) -> CustomerPage:
    given = from_query(query)
    wanted = find(workspace_id, given, fields.custom(workspace_id), place(workspace_id))
    return page(wanted, given.sort, limit, **place_in_list)


def names(workspace_id: int, query: str) -> list[str | None]:
    return sorted(row.customer.first_name or "" for row in look(workspace_id, query).rows)


@pytest.fixture
def people(here: int) -> int:
    """Make a few people who differ in what can be asked for."""
    moment = now()
    a = a_customer(
        here, first_name="Adaeze", last_name="Okonkwo", email="adaeze@lagoon.example", company="Okonkwo Trail Club", country="US"
    )
    b = a_customer(here, first_name="Björn", last_name="Halvorsen", email="b.halvorsen@fjord.example", phone="+4740612345", tags=["ski"])
    c = a_customer(here, first_name="春香", last_name="田中", email=None, external_id="SH-2210984", tags=["ski", "vip"], stage="lead")
    d = a_customer(
        here, first_name="Zoë 🦊", last_name="100%_sure", email="z@x.example", attributes={"plan": "pro", "size": 8.5, "likes": ["a"]}
    )
    stats(a, orders_count=2, lifetime_value=30000, last_activity_at=moment)
    stats(b, orders_count=1, lifetime_value=19999, last_activity_at=moment - timedelta(days=40))
    a_consent(a)
    a_consent(b, "unsubscribed")
    a_consent(c, "pending")
    a_consent(d, "subscribed", channel="sms")
    a_suppression(here, "b.halvorsen@fjord.example")
    a_field(here, "plan")
    a_field(here, "size", "number")
    a_field(here, "likes", "list")
    a_customer(workspace().id, first_name="Adaeze", tags=["ski"])
    return here


def with_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the list look for who fits far down in the order, up to a bound where more fit than a page has."""
    for name, value in (("MOST_COUNTED", -1), ("WALKED", 0), ("SAMPLED", 100)):
        monkeypatch.setattr(lists, name, value)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Adaeze", "Björn", "Zoë 🦊", "春香"]),
        ("q=a", ["Adaeze"]),
        ("q=AD", ["Adaeze"]),
        ("q=ok", ["Adaeze"]),
        ("q=onk", ["Adaeze"]),
        ("q=trail club", ["Adaeze"]),
        ("q=club adaeze", ["Adaeze"]),
        ("q=club bj", []),
        ("q=halv b", ["Björn"]),
        ("q=bj ha", ["Björn"]),
        ("q=%2B4740", ["Björn"]),
        ("q=0047 406", ["Björn"]),
        ("q=47 40", ["Björn"]),
        ("q=040 61-23/45", ["Björn"]),
        ("q=halv 612345", ["Björn"]),
        ("q=612345 ok", []),
        ("q=6123", []),
        ("q=0000", []),
        ("q=2210984", ["春香"]),
        ("q=sh-22", ["春香"]),
        ("q=春", ["春香"]),
        ("q=田中", ["春香"]),
        ("q=ZOË", ["Zoë 🦊"]),
        ("q=zoë 🦊", ["Zoë 🦊"]),
        ("q=100%25_s", ["Zoë 🦊"]),
        ("q=100_", []),
        ("q=%25", []),
        ("q=_", []),
        ("q=%5C", []),
        ("q=@lagoon.example", ["Adaeze"]),
        ("country=us", ["Adaeze"]),
        ("stage=lead", ["春香"]),
        ("tag=ski", ["Björn", "春香"]),
        ("tag=vip&tag=nobody", ["春香"]),
        ("tag=ski&stage=lead", ["春香"]),
        ("consent=subscribed", ["Adaeze"]),
        ("consent=none", ["Zoë 🦊"]),
        ("consent=none&consent=pending", ["Zoë 🦊", "春香"]),
        ("suppressed=true", ["Björn"]),
        ("suppressed=false", ["Adaeze", "Zoë 🦊", "春香"]),
        ("has_order=true", ["Adaeze", "Björn"]),
        ("has_order=false", ["Zoë 🦊", "春香"]),
        ("value_at_least=20000", ["Adaeze"]),
        ("seen_within=30", ["Adaeze"]),
        ("seen_within=60", ["Adaeze", "Björn"]),
        ("fields.plan=pro", ["Zoë 🦊"]),
        ("fields.size=8.5", ["Zoë 🦊"]),
        ("fields.likes=a", ["Zoë 🦊"]),
        ("fields.plan=free", []),
    ],
)
def test_each_filter_finds_whom_it_says(people: int, query: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(people, query) == expected
    with_a_bound(monkeypatch)
    assert names(people, query) == expected
    assert {row.customer.first_name for row in look(people, query, 1).rows} <= set(expected)


@pytest.mark.parametrize(
    "query", ["fields.nothing=1", "fields.size=big", "sort=age", "stage=boss", "created_since=yesterday", "country=Norway"]
)
def test_a_filter_that_makes_no_sense_is_refused(people: int, query: str) -> None:
    with pytest.raises(Invalid):
        look(people, query)


def test_days_are_those_of_the_workspace(here: int) -> None:
    late = a_customer(here, first_name="Late", created_at=datetime(2026, 3, 1, 22, 59, tzinfo=UTC))  # 23:59 in Berlin
    a_customer(here, first_name="Next", created_at=datetime(2026, 3, 1, 23, 0, tzinfo=UTC))
    assert names(here, "created_until=2026-03-01") == ["Late"]
    assert names(here, "created_since=2026-03-02") == ["Next"]
    assert names(here, "created_since=2026-03-01&created_until=2026-03-01") == [late.first_name]


def test_an_import_leads_to_whom_it_touched(session: Session, here: int) -> None:
    made, changed, same = customers(here, 3)
    for row, act in ((made, Act.CREATED), (changed, Act.UPDATED), (same, Act.UNCHANGED)):
        session.add(ImportUndo(workspace_id=here, import_id=5, subject_id=row.id, line=2, act=act))
    session.flush()
    assert [row.customer.id for row in look(here, "import_id=5&sort=created").rows] == [made.id, changed.id]


@pytest.fixture(
    params=[(lists.MOST_COUNTED, 0, 0), (0, lists.WALKED, 0), (0, 2, 0), (0, 2, 100)],
    ids=["few", "many", "far down", "far down with a bound"],
)
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the list gather who fits, walk the order's index, or walk it in vain and gather all, or those up to a bound."""
    for name, value in zip(("MOST_COUNTED", "WALKED", "SAMPLED"), request.param, strict=True):
        monkeypatch.setattr(lists, name, value)


@pytest.mark.parametrize("sort", ["created", "-created", "name", "-name", "value", "-value", "seen", "-seen"])
@pytest.mark.parametrize("query", ["", "&country=US"])
def test_pages_on_and_back_show_everybody_once(session: Session, here: int, sort: str, query: str, either_way: None) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for i in range(23):
        row = a_customer(
            here, country="US", first_name=f"N{i % 5}", last_name="Same" if i % 3 else None, created_at=moment + timedelta(days=i % 4)
        )
        if i % 3:
            stats(row, lifetime_value=(i % 4) * 100, last_activity_at=moment + timedelta(hours=i % 7) if i % 2 else None)
    query = f"sort={sort}{query}"
    seen: list[list[int]] = []
    cursor, pages = None, []
    while True:
        found = look(here, query, 5, cursor=cursor)
        seen.append([row.customer.id for row in found.rows])
        pages.append(found)
        cursor = found.next
        if not cursor:
            break
    assert [len(ids) for ids in seen] == [5, 5, 5, 5, 3]
    flat = [ident for ids in seen for ident in ids]
    assert flat == [row.customer.id for row in look(here, query, 200).rows]
    assert sorted(flat) == sorted(session.scalars(sa.select(Customer.id).where(Customer.workspace_id == here)))
    assert [found.first for found in pages] == [1, 6, 11, 16, 21]
    back, at = pages[-1].back, []
    while back:
        found = look(here, query, 5, cursor=back)
        at.append(found.first)
        assert [row.customer.id for row in found.rows] == seen[3 - len(at) + 1]
        assert found.next is not None
        back = found.back
    assert at == [16, 11, 6, 1]


def test_a_bound_spares_reading_all_who_fit(session: Session, here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    customers(here, 30, country="US")
    with_a_bound(monkeypatch)
    asked: list[str] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a: asked.append(a[2]))
    try:
        assert len(look(here, "country=US", 5).rows) == 5
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    looked_for = [statement for statement in asked if "customers.country IN" in statement]
    assert "TABLESAMPLE" in asked[asked.index(looked_for[-1]) - 3]
    assert "customers.created_at >= " in looked_for[-1]
    assert session.scalar(sa.text("show cpu_tuple_cost")) == "0.01"


def test_never_seen_is_before_any_time(here: int) -> None:
    never, long_ago, just = customers(here, 3)
    stats(long_ago, last_activity_at=now() - timedelta(days=900))
    stats(just, last_activity_at=now())
    assert [row.customer.id for row in look(here, "sort=-seen").rows] == [just.id, long_ago.id, never.id]


def test_a_total_says_where_it_stopped(here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    customers(here, 4, country="US")
    monkeypatch.setattr(lists, "MOST_COUNTED", 3)
    found = look(here, "country=US", 2)
    assert (found.total, found.over) == (4, True)
    monkeypatch.setattr(lists, "MOST_COUNTED", 4)
    found = look(here, "country=US", 2)
    assert (found.total, found.over, len(found.rows)) == (4, False, 2)
    assert (look(here, "country=NO").total, look(here).total) == (0, None)


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMiwzXQ", "WyJ4IiwxLDFd", "🦊", encode_cursor([None, 1, 1])])
def test_a_cursor_of_another_list_is_refused(here: int, cursor: str) -> None:
    with pytest.raises(Invalid):
        look(here, "sort=-created", cursor=cursor)


filters = st.builds(
    CustomerFilter,
    q=st.none()
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20).map(str.strip).map(lambda s: s or None),
    country=st.lists(st.sampled_from(["US", "NO"]), max_size=2),
    tag=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00 "), min_size=1, max_size=9).map(str.strip).filter(bool), max_size=2
    ),
    has_order=st.none() | st.booleans(),
    value_at_least=st.none() | st.integers(-(10**15), 10**15),
    sort=st.sampled_from(["created", "-value"]),
)


@given(filters)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_address_reads_back_as_the_same_filters(wanted: CustomerFilter) -> None:
    assert from_query(to_query(wanted)) == wanted


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_search_breaks_the_list(session: Session, words: str) -> None:
    found = find(1, CustomerFilter(q=words or None), {}, Place())
    page(found, "-created", 5)
