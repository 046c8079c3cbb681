"""Trying out a tree: counts of the whole and of its parts, who fits, and why."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.core.errors import Invalid, NotFound, Unavailable
from app.core.time import now
from app.segments.queries import counting
from app.segments.service import previews
from app.segments.service.previews import Part
from tests.factories.customers import a_consent, a_customer, a_workspace, customers
from tests.factories.segments import a_segment, acts, did, either, every, field, member_of, negated

US, VIP = field("country", "eq", "US"), field("tags", "contains", "vip")


@pytest.fixture
def place(session: Session) -> int:
    place = a_workspace().id
    customers(place, 3, country="US")
    customers(place, 2, country="US", tags=["vip"])
    customers(place, 4, country="DE", tags=["vip"])
    customers(a_workspace().id, 2, country="US")
    return place


def test_how_many_of_how_many(place: int) -> None:
    found = previews.preview(place, every(US))
    assert (found.count, found.total, found.parts) == (5, 9, None)
    assert 0 <= found.took_ms < 10_000


def test_every_part_is_counted_by_itself_and_a_not_says_what_it_takes(place: int) -> None:
    found = previews.preview(place, every(US, negated(either(VIP, field("country", "eq", "FR")))), parts=True)
    assert found.parts == {
        "": Part(3),
        "rules[0]": Part(5),
        "rules[1]": Part(3, 2),
        "rules[1].rules[0]": Part(6),
        "rules[1].rules[0].rules[0]": Part(6),
        "rules[1].rules[0].rules[1]": Part(0),
    }


@pytest.mark.committed
def test_the_total_is_kept_while_nobody_came_or_went(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    place = a_workspace().id
    person = a_customer(place)
    session.commit()
    assert counting.total(place) == 1
    person.country = "US"
    session.commit()
    kept: list[Any] = []
    monkeypatch.setattr(counting, "_remember", lambda *what: kept.append(what))
    assert (counting.total(place), kept) == (1, [])
    a_customer(place)
    session.commit()
    assert (counting.total(place), len(kept)) == (2, 1)


def test_a_tree_that_takes_too_long_is_answered_in_words(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "LIMIT", 0.001)
    monkeypatch.setattr(counting, "prepare", lambda: None)
    sleepy = "select pg_sleep(1)"
    monkeypatch.setattr(counting, "count", lambda *_: counting.session().execute(counting.sa.text(sleepy)))
    with pytest.raises(Unavailable) as refused:
        previews.preview(place, every(US))
    assert refused.value.reason == previews.TOO_LONG


def test_parts_for_which_there_is_no_time_are_left_open(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "PARTS_LIMIT", 0)
    found = previews.preview(place, every(US, VIP), parts=True)
    assert found.parts == {"": Part(2), "rules[0]": Part(None), "rules[1]": Part(None)}


def test_a_segment_that_is_still_being_filled_cannot_be_counted_with(place: int, session: Session) -> None:
    other = a_segment(place, US, "Americans")
    other.filled_at = None
    session.flush()
    with pytest.raises(Unavailable) as refused:
        previews.preview(place, every(member_of(other.id)))
    assert refused.value.reason == "The members of “Americans” are still being found. Try again in a moment."


def test_ten_who_fit_and_ten_others(place: int) -> None:
    tried = previews.read(place, every(US))
    assert [row.customer.country for row in previews.sample(place, tried, 3)] == ["US"] * 3
    everybody = {row.customer.id for row in previews.sample(place, tried, 10)}
    assert len(everybody) == 5
    assert {row.customer.id for seed in range(1, 30) for row in previews.sample(place, tried, 1, seed)} == everybody
    assert all({row.customer.id for row in previews.sample(place, tried, 10, seed)} == everybody for seed in range(5))


def test_who_may_be_written_to(place: int) -> None:
    tried = previews.read(place, every(US))
    first, second, *_ = (row.customer for row in previews.sample(place, tried, 5))
    a_consent(first)
    a_consent(second, "unsubscribed")
    assert previews.mailable(tried) == 1


def test_why_somebody_is_out(place: int) -> None:
    person = a_customer(place, country="US", first_name="Farid", attributes={})
    acts(person, "bought", [now() - timedelta(days=98)])
    tried = previews.read(place, every(US, did("bought", "at_least", 1, within_days=90), negated(VIP)))
    row, verdict = previews.why(place, tried, person.id)
    assert (row.first_name, verdict.fits) == ("Farid", False)
    assert [(part.fits, part.found) for part in verdict.parts] == [(True, "US"), (False, 0), (True, None)]


def test_why_is_asked_only_about_customers_of_this_workspace(place: int) -> None:
    stranger = a_customer(a_workspace().id)
    with pytest.raises(NotFound):
        previews.why(place, previews.read(place, every(US)), stranger.id)


def test_faults_have_the_path_within_the_tree(place: int) -> None:
    with pytest.raises(Invalid) as refused:
        previews.preview(place, every(US, field("city", "gt", 3)))
    assert list(refused.value.errors) == ["rules[1].op"]


def test_the_rarest_rule_is_looked_up_first_only_where_few_are_expected(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = previews.read(place, every(US, did("bought", "at_least", 1), field("stats.orders_count", "gt", 3)))
    assert counting.rarest(previews.read(place, every(did("bought", "at_least", 1))).node, tried.scope) is None
    monkeypatch.setattr(counting, "FEW", 0)
    assert counting.rarest(tried.node, tried.scope) is None
    monkeypatch.setattr(counting, "FEW", 10**9)
    assert counting.rarest(tried.node, tried.scope) in {"rules[1]", "rules[2]"}
    assert "ANY (array(" in str(counting.fitting(tried.node, tried.scope)).replace("array((", "array(")
    assert previews.preview(place, every(US, did("bought", "at_least", 1))).count == 0
