"""Making, changing and removing segments; which may name which."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.core import registry
from app.core.db import any_workspace, db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.registry import Use
from app.core.time import now
from app.customers.models import CustomerField
from app.events.models import Outbox
from app.segments.models import Cause, Segment, SegmentCount
from app.segments.queries.segments import in_order, reachable
from app.segments.schemas import MembersIn, SegmentPatch
from app.segments.service import filling, lists, segments
from tests.factories.customers import a_customer, a_field, a_workspace, customers, stats
from tests.factories.segments import SYSTEM, a_segment, acts, did, either, every, field, member_of, members, moves, negated

US, DE = field("country", "eq", "US"), field("country", "eq", "DE")


def patch(segment: Segment, **changes: Any) -> Segment:
    return segments.update(segment.workspace_id, segment.id, SegmentPatch.model_validate(changes), SYSTEM)


def published(session: Session) -> list[tuple[str, dict[str, Any]]]:
    return [(row.name, row.payload) for row in session.scalars(any_workspace(sa.select(Outbox).order_by(Outbox.created_at, Outbox.id)))]


def _since() -> dict[int, Any]:
    return {row.customer_id: row.entered_at for row in db.session.execute(sa.text("select customer_id, entered_at from segment_members"))}


@pytest.fixture
def place(session: Session) -> int:
    return a_workspace().id


def test_a_new_segment_has_its_members_at_once(place: int, session: Session) -> None:
    here = [found.id for found in customers(place, 3, country="US")]
    customers(place, 2, country="DE")
    customers(a_workspace().id, 2, country="US")
    made = a_segment(place, US, "Americans")
    assert (made.members, members(made)) == (3, here)
    assert made.filled_at is not None
    assert moves(made) == []
    assert (made.reads, made.follows_time) == (["country"], False)
    assert session.scalars(sa.select(AuditEntry.action).where(AuditEntry.workspace_id == place)).all() == ["segment.created"]
    assert sorted(name for name, _ in published(session)) == ["SegmentCreated", "SegmentRefreshed"]


def test_the_planner_is_as_it_was_after_a_refresh(session: Session, place: int) -> None:
    """A transaction may refresh many segments: what helps one comparison must not stay for the questions after it."""
    segment = a_segment(place, every(field("country", "eq", "US")))
    for country in ("US", "US", "DE"):
        person = a_customer(place, country=country)
        filling.refresh(place, segment.id)
        assert session.scalar(sa.text("show enable_nestloop")) == "on", person


def test_a_refresh_writes_the_difference_only(place: int) -> None:
    stays, leaves, comes = a_customer(place, country="US"), a_customer(place, country="US"), a_customer(place, country="DE")
    made = a_segment(place, US)
    entered_at = _since()
    leaves.country, comes.country = "DE", "US"
    db.session.flush()
    assert filling.refresh(place, made.id) == filling.Refreshed(2, 1, 1)
    assert members(made) == [stays.id, comes.id]
    assert sorted(moves(made)) == sorted([(leaves.id, False, Cause.CHANGE), (comes.id, True, Cause.CHANGE)])
    again = _since()
    assert again[stays.id] == entered_at[stays.id]
    assert filling.refresh(place, made.id) == filling.Refreshed(2, 0, 0)
    assert len(moves(made)) == 2


def test_the_hour_keeps_the_number_and_the_coming_and_going(place: int, session: Session) -> None:
    person = a_customer(place, country="US")
    made = a_segment(place, US)
    person.country = "DE"
    session.flush()
    filling.refresh(place, made.id)
    row = session.scalars(sa.select(SegmentCount)).one()
    assert (row.members, row.entered, row.left) == (0, 0, 1)


def test_time_moves_people_and_is_named_as_the_cause(place: int) -> None:
    person = a_customer(place)
    acts(person, "opened", [now() - timedelta(days=29, hours=23)])
    made = a_segment(place, did("opened", "at_least", 1, within_days=30))
    assert made.follows_time
    db.session.execute(sa.text("update activities set occurred_at = occurred_at - interval '2 hours'"))
    assert filling.refresh(place, made.id) == filling.Refreshed(0, 0, 1)
    assert moves(made) == [(person.id, False, Cause.TIME)]


def test_ids_of_nobody_in_the_activities_never_become_members(place: int) -> None:
    person, other = a_customer(place), a_customer(place)
    for found in (person, other):
        acts(found, "opened", [now()])
    db.session.execute(sa.text("update activities set customer_id = customer_id + 1000000 where customer_id = :id"), {"id": other.id})
    made = a_segment(place, did("opened", "at_least", 1))
    assert (made.members, members(made)) == (1, [person.id])
    third = a_customer(place)
    acts(third, "opened", [now()])
    db.session.execute(sa.text("update activities set customer_id = customer_id + 1000000 where customer_id = :id"), {"id": third.id})
    assert filling.refresh(place, made.id) == filling.Refreshed(1, 0, 0)


def test_an_edit_of_the_rules_moves_people_and_says_so(place: int) -> None:
    american, german = a_customer(place, country="US"), a_customer(place, country="DE")
    made = a_segment(place, US)
    assert patch(made, criteria=every(DE)).version == 2
    assert members(made) == [german.id]
    assert sorted(moves(made)) == sorted([(american.id, False, Cause.RULES), (german.id, True, Cause.RULES)])


def test_a_new_name_leaves_the_members_alone(place: int, session: Session) -> None:
    a_customer(place, country="US")
    made = a_segment(place, US)
    filled_at = made.filled_at
    patch(made, name="Yanks", description="From over there")
    assert (made.name, made.description, made.filled_at) == ("Yanks", "From over there", filled_at)
    assert ("SegmentUpdated", {"segment_id": made.id, "rules": False}) in published(session)


def test_who_was_slower_is_told(place: int) -> None:
    made = a_segment(place, US)
    patch(made, name="First", version=1)
    with pytest.raises(Conflict):
        patch(made, name="Second", version=1)


def test_names_are_unique_in_a_workspace_whatever_their_capitals(place: int) -> None:
    a_segment(place, US, "Americans")
    other = a_segment(place, US, "Others")
    a_segment(a_workspace().id, US, "Americans")
    with pytest.raises(Invalid) as refused:
        a_segment(place, US, "AMERICANS")
    assert refused.value.errors == {"name": "Another segment has this name."}
    with pytest.raises(Invalid):
        patch(other, name="americans")


def test_rules_with_a_fault_are_refused_with_the_path(place: int) -> None:
    with pytest.raises(Invalid) as refused:
        a_segment(place, every(US, field("fields.nowhere", "eq", 3)))
    assert list(refused.value.errors) == ["rules[1].field"]


@pytest.mark.parametrize("says", [{"kind": "static", "criteria": every(US)}, {"kind": "dynamic", "criteria": None}])
def test_a_kind_that_does_not_fit_its_rules(place: int, says: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        a_segment(place, None, **says)
    assert list(refused.value.errors) == ["criteria"]


def test_a_segment_may_name_another_and_follows_it(place: int) -> None:
    both, one = a_customer(place, country="US", tags=["vip"]), a_customer(place, country="US")
    first = a_segment(place, US)
    second = a_segment(place, every(member_of(first.id), field("tags", "contains", "vip")))
    third = a_segment(place, every(negated(member_of(second.id)), member_of(first.id)))
    assert (members(second), members(third)) == ([both.id], [one.id])


def test_a_segment_of_another_workspace_cannot_be_named(place: int) -> None:
    stranger = a_segment(a_workspace().id, US)
    with pytest.raises(Invalid) as refused:
        a_segment(place, member_of(stranger.id))
    assert refused.value.errors == {"rules[0].segment": "There is no such segment here."}


def test_circles_are_refused_at_the_rule_that_closes_them(place: int) -> None:
    first = a_segment(place, US)
    second = a_segment(place, member_of(first.id))
    third = a_segment(place, member_of(second.id))
    with pytest.raises(Invalid) as refused:
        patch(first, criteria=every(US, either(DE, member_of(third.id, "not_in"))))
    assert refused.value.errors == {"rules[1].rules[1].segment": "That segment names this one, directly or through others."}
    db.session.rollback()


def test_a_segment_cannot_name_itself(place: int) -> None:
    first = a_segment(place, US)
    with pytest.raises(Invalid) as refused:
        patch(first, criteria=every(member_of(first.id)))
    assert refused.value.errors == {"rules[0].segment": "A segment cannot name itself."}


def test_segments_that_are_named_are_filled_first(place: int) -> None:
    person = a_customer(place, country="US")
    first = a_segment(place, DE)
    second = a_segment(place, member_of(first.id))
    first.criteria, first.filled_at = every(US), None
    db.session.flush()
    assert filling.refresh(place, second.id) == filling.Refreshed(1, 1, 0)
    assert members(second) == [person.id]


def test_a_used_segment_cannot_be_deleted_and_says_where(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first = a_segment(place, US, "Americans")
    a_segment(place, member_of(first.id), "Rich Americans")
    monkeypatch.setattr(
        registry, "segment_uses", [*registry.segment_uses, lambda _place, _id: [Use("the campaign “Spring”", "/campaigns/3")]]
    )
    with pytest.raises(Conflict) as refused:
        segments.delete(place, first.id, SYSTEM)
    assert refused.value.reason == ("“Americans” is used by the segment “Rich Americans”, the campaign “Spring”. Take it out there first.")


def test_deleting_takes_members_moves_and_counts_along(place: int, session: Session) -> None:
    a_customer(place, country="US")
    made, other = a_segment(place, US), a_segment(place, US)
    patch(made, criteria=every(DE))
    segments.delete(place, made.id, SYSTEM)
    for table in ("segment_members", "segment_moves", "segment_counts"):
        left = session.execute(sa.text(f"select distinct segment_id from {table}")).scalars().all()  # noqa: S608 (names of ours)
        assert left in ([other.id], [])
    with pytest.raises(NotFound):
        filling.refresh(place, made.id)


def test_a_static_list_is_changed_by_hand(place: int) -> None:
    ada, ben, stranger = a_customer(place), a_customer(place), a_customer(a_workspace().id)
    made = a_segment(place)
    assert lists.change(place, made.id, MembersIn(add=[ada.id, ben.id]), SYSTEM) == filling.Refreshed(2, 2, 0)
    assert lists.change(place, made.id, MembersIn(add=[ada.id], remove=[ben.id]), SYSTEM) == filling.Refreshed(1, 0, 1)
    assert members(made) == [ada.id]
    assert moves(made)[-1] == (ben.id, False, Cause.HAND)
    assert filling.refresh(place, made.id) == filling.Refreshed(1, 0, 0)
    with pytest.raises(Invalid) as refused:
        lists.change(place, made.id, MembersIn(add=[ada.id, stranger.id]), SYSTEM)
    assert refused.value.errors == {"add[1]": "There is no such customer here."}


def test_members_of_a_dynamic_segment_are_not_changed_by_hand(place: int) -> None:
    made = a_segment(place, US)
    with pytest.raises(Conflict):
        lists.change(place, made.id, MembersIn(add=[]), SYSTEM)


def test_an_erased_customer_leaves_no_trace(place: int, session: Session) -> None:
    gone, stays = a_customer(place, country="US"), a_customer(place, country="US")
    made = a_segment(place, US)
    static = a_segment(place)
    lists.change(place, static.id, MembersIn(add=[gone.id, stays.id]), SYSTEM)
    for erase in registry.erase:
        erase(place, [gone.id])
    session.expire_all()
    assert (made.members, members(made), static.members, members(static)) == (1, [stays.id], 1, [stays.id])
    assert [found for found, *_ in moves(static)] == [stays.id]


def test_rules_whose_field_is_gone_are_noted_and_the_members_stay(place: int, session: Session) -> None:
    shoe = a_field(place, "shoe", "number")
    person = a_customer(place, attributes={"shoe": 43})
    made = a_segment(place, field("fields.shoe", "eq", 43), "Big feet")
    session.execute(sa.delete(CustomerField).where(CustomerField.workspace_id == place, CustomerField.id == shoe.id))
    with pytest.raises(Conflict) as refused:
        filling.refresh(place, made.id)
    assert refused.value.reason == ("The rules of “Big feet” do not hold any more: There is no field “fields.shoe” here. (rules[0].field)")
    filling.refresh_or_note(place, made.id)
    assert (made.problem, members(made)) == (refused.value.reason, [person.id])


def test_fields_know_which_segments_read_them(place: int) -> None:
    made = a_segment(place, field("stats.orders_count", "gt", 3), "Buyers")
    assert lists.reading(place, "stats.orders_count") == [Use("the segment “Buyers”", f"/segments/{made.id}")]
    assert lists.reading(place, "country") == []


def test_computed_columns_move_people(place: int) -> None:
    person = a_customer(place)
    made = a_segment(place, every(field("stats.lifetime_value", "gt", 10000), field("created_at", "exists")))
    stats(person, lifetime_value=10001)
    assert filling.refresh(place, made.id) == filling.Refreshed(1, 1, 0)


def test_the_order_of_filling() -> None:
    edges = [(1, 5), (5, 3), (2, 3), (9, 1)]
    assert in_order([1, 2, 3, 5, 9, 4], edges) == [3, 2, 4, 5, 1, 9]
    assert reachable([1], edges) == {1, 5, 3}
