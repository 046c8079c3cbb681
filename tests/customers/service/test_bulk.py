"""Acts on the ticked, and in steps on everybody a list finds."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.actor import Actor
from app.customers.models import Consent, Customer, Suppression
from app.customers.schemas.customers import Selection
from app.customers.service import bulk
from app.events.models import Outbox
from tests.factories.customers import a_consent, a_customer, customers
from tests.factories.workspaces import workspace

BY = Actor("Ada", 1)


@pytest.fixture
def here(session: Session) -> int:
    return workspace().id


def tags(session: Session, workspace_id: int) -> list[list[str]]:
    session.expire_all()
    return list(session.scalars(sa.select(Customer.tags).where(Customer.workspace_id == workspace_id).order_by(Customer.id)))


def run(workspace_id: int, kind: str, values: dict[str, Any], query: str) -> Any:
    act = bulk.act_on(workspace_id, kind, values, Selection(everyone=True, query=query), BY)
    while bulk.step(workspace_id, act.id):
        pass
    return act


def test_the_ticked_are_done_at_once(session: Session, here: int) -> None:
    one = a_customer(here, tags=["b", "a"])
    two = a_customer(here, tags=["c"])
    three = a_customer(here)
    stranger = a_customer(workspace().id)
    ids = [one.id, two.id, stranger.id]
    assert bulk.act_on(here, "tag", {"add": ["c", "d"], "remove": ["a"]}, Selection(ids=ids), BY) == 2
    assert tags(session, here) == [["b", "c", "d"], ["c", "d"], []]
    assert tags(session, stranger.workspace_id) == [[]]
    assert bulk.act_on(here, "tag", {"add": ["c"], "remove": ["a"]}, Selection(ids=ids), BY) == 0
    assert (three.version, session.get_one(Customer, one.id).version) == (1, 2)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_everybody_a_list_finds_is_done_once(session: Session, here: int, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setitem(bulk._STEP, "tag", size)
    customers(here, 3, country="US", tags=["old"])
    customers(here, 2, country="NO", tags=["old"])
    act = run(here, "tag", {"add": [], "remove": ["old"]}, "tag=old&country=US")
    assert tags(session, here) == [[], [], [], ["old"], ["old"]]
    assert (act.state, act.done, act.looked_at) == ("done", 3, 3)
    told = session.scalars(sa.select(Outbox.payload).where(Outbox.workspace_id == here, Outbox.name == "CustomersChanged")).all()
    assert told == [{"cause": "tag", "created": 0, "updated": 3, "deleted": 0}]


def test_who_comes_after_the_act_was_asked_for_is_left_alone(session: Session, here: int) -> None:
    a_customer(here)
    act = bulk.act_on(here, "stage", {"stage": "lead"}, Selection(everyone=True), BY)
    a_customer(here)
    while bulk.step(here, act.id):
        pass
    stages = session.scalars(sa.select(Customer.stage).where(Customer.workspace_id == here).order_by(Customer.id)).all()
    assert stages == ["lead", "subscriber"]


def test_a_stopped_act_does_no_more(session: Session, here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bulk._STEP, "stage", 1)
    customers(here, 3)
    act = bulk.act_on(here, "stage", {"stage": "lead"}, Selection(everyone=True), BY)
    assert bulk.step(here, act.id)
    bulk.stop(here, act.id, BY)
    assert not bulk.step(here, act.id)
    assert (act.state, act.done) == ("stopped", 1)


def test_consent_of_many_is_logged_for_each(session: Session, here: int) -> None:
    one, two, three = customers(here, 3)
    a_consent(one, "subscribed")
    a_consent(two, "unsubscribed")
    act = run(here, "consent", {"state": "subscribed", "source": "trade fair", "wording": "Signed a list."}, "")
    assert act.done == 2
    rows = session.execute(
        sa.select(Consent.customer_id, Consent.state, Consent.basis).where(Consent.workspace_id == here).order_by(Consent.customer_id)
    )
    assert [tuple(row) for row in rows] == [(row.id, "subscribed", "consent") for row in (one, two, three)]


def test_deleting_many_keeps_the_unwilling_suppressed(session: Session, here: int) -> None:
    one, _two = customers(here, 2, country="US")
    kept = a_customer(here, country="NO")
    a_consent(one, "unsubscribed")
    address = one.email
    assert run(here, "delete", {"keep_suppressed": True}, "country=US").done == 2
    assert session.scalars(sa.select(Customer.id).where(Customer.workspace_id == here)).all() == [kept.id]
    assert session.scalars(sa.select(Suppression.email).where(Suppression.workspace_id == here)).all() == [address]
