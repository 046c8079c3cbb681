"""The made-up people: a plan that is the same each time, at rates one meets in life, and nothing done twice or outside a sandbox."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask_sqlalchemy.session import Session
from hypothesis import given
from hypothesis import strategies as st

from app.customers.models import Activity, Kind, Order
from app.delivery import simulation
from app.delivery.hits import decode, encode
from app.delivery.models import Mailing, MailingHour, MailingLink, Message, MessageState
from app.delivery.service import simulation as service
from app.delivery.simulation import Act, What, event_id, plan
from app.delivery.verdicts import Agent, kind_of
from tests.factories.customers import a_consent, customers
from tests.factories.delivery import a_mailing, a_message
from tests.factories.workspaces import workspace

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
WAKES = st.floats(simulation.FIRST_WAKE, simulation.LAST_WAKE)


def by_people(acts: list[Act], what: What) -> list[Act]:
    return [act for act in acts if act.what is what and kind_of(act.agent) in (Agent.BROWSER, Agent.IMAGE_PROXY)]


@given(message_id=st.integers(1, 2**63 - 1), wake=WAKES, links=st.lists(st.integers(0, 99), unique=True, max_size=5))
def test_a_plan_is_sane_and_the_same_each_time(message_id: int, wake: float, links: list[int]) -> None:
    acts = plan(message_id, wake, links)
    assert acts == plan(message_id, wake, links)
    assert all(0 < act.after <= wake for act in acts)
    assert {act.link for act in acts} - {None} <= set(links)
    opens, clicks = by_people(acts, What.OPEN), by_people(acts, What.CLICK)
    orders = [act for act in acts if act.what is What.ORDER]
    assert all(act.after > 2 for act in opens + clicks)
    assert not clicks or opens[0].after < clicks[0].after
    assert not orders or clicks[-1].after < orders[0].after
    assert len(clicks) < 2 or clicks[1].after - clicks[0].after > 2
    assert all(act.amount >= 100 for act in orders)
    assert len({event_id(message_id, n) for n in range(len(acts))}) == len(acts)


def test_the_rates_are_those_one_meets() -> None:
    many = 30_000
    woken = [plan(n, 300.0, (0, 1, 2)) for n in range(int(many * simulation.SHARE))]
    people = Counter(what for acts in woken for what in What if by_people(acts, what))
    machines = sum(any(act.what is What.OPEN and act not in by_people(acts, What.OPEN) for act in acts) for acts in woken)
    orders = sum(act.what is What.ORDER for acts in woken for act in acts)
    left = sum(act.what is What.UNSUBSCRIBE for acts in woken for act in acts)
    assert people[What.OPEN] / many == pytest.approx(0.35, abs=0.01)
    assert people[What.CLICK] / many == pytest.approx(0.08, abs=0.005)
    assert machines / many == pytest.approx(0.15, abs=0.01)
    assert orders / people[What.CLICK] == pytest.approx(0.07, abs=0.015)
    assert left / many == pytest.approx(0.002, abs=0.001)
    assert all(kind_of(agent) is Agent.CRAWLER for agent in simulation.SCANNERS)


def test_hits_stand_the_form_of_the_stream() -> None:
    row: Any = type("Row", (), {"id": 7, "sent_at": START})
    for number, act in enumerate(plan(3, 60, (0,)) + plan(11, 60, (0,)) + [Act(What.CLICK, 5, "x", "192.0.2.1", 2)]):
        hit = service._hit(row, number, act)
        assert decode(encode(hit).decode()) == [hit]


def a_sandbox(people: int, *, sandbox: bool = True, simulate: bool = True) -> Mailing:
    """Return a mailing of 2 links that was sent to so many customers at START."""
    place = workspace(sandbox=sandbox)
    mailing = a_mailing(place.id, simulate=simulate, opened_at=START, source_id=None)
    session = sa.inspect(mailing).session
    assert session is not None
    session.add_all(
        MailingLink(workspace_id=place.id, mailing_id=mailing.id, position=n, url=f"https://northlight.example/{n}", label="x")
        for n in (0, 1)
    )
    for number, customer in enumerate(customers(place.id, people)):
        a_consent(customer)
        # What is done follows from the ids: with these, each run of the test sees the same.
        a_message(mailing, customer.id, id=10**12 + mailing.simulate * 1000 + number, state=MessageState.SENT, sent_at=START)
    return mailing


def done(session: Session, mailing: Mailing) -> tuple[Counter[str], int, int]:
    """Return activities by kind, orders, and first clicks in the figures."""
    kinds = session.scalars(sa.select(Activity.kind).where(Activity.workspace_id == mailing.workspace_id))
    orders = session.scalar(sa.select(sa.func.count()).select_from(Order).where(Order.workspace_id == mailing.workspace_id)) or 0
    clicks = session.scalar(sa.select(sa.func.sum(MailingHour.clicks)).where(MailingHour.workspace_id == mailing.workspace_id)) or 0
    return Counter(Kind(kind).name for kind in kinds), orders, int(clicks)


def run_to(clock: time_machine.Traveller, seconds: float) -> int:
    """Carry out what is due up to then; return how many steps it took."""
    clock.move_to(START + timedelta(seconds=seconds))
    steps = 0
    while service.step():
        steps += 1
    return steps


def test_what_was_planned_comes_bit_by_bit_and_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "ORDERED", 0.5)
    monkeypatch.setattr(simulation, "UNSUBSCRIBED", 0.3)
    monkeypatch.setattr(service, "BATCH", 7)
    with time_machine.travel(START, tick=False) as clock:
        mailing = a_sandbox(120)
        assert run_to(clock, 3) == 0
        run_to(clock, 200)
        some = done(session, mailing)
        assert run_to(clock, 3600) > 3
        everything = done(session, mailing)
        assert 0 < some[0].total() < everything[0].total()
        session.execute(sa.text("delete from delivery_cursors"))
        run_to(clock, 3605)
        assert done(session, mailing) == everything
    kinds, orders, clicks = everything
    assert (kinds["BOUGHT"], orders > 0) == (orders, True)
    flagged = sa.select(sa.func.count(Message.opened_at), sa.func.count(Message.clicked_at), sa.func.count(Message.unsubscribed_at))
    opened, clicked, left = session.execute(flagged.where(Message.workspace_id == mailing.workspace_id)).one()
    assert (clicks, left) == (clicked, kinds["UNSUBSCRIBED"])
    assert opened > clicked > orders > 0
    assert left > 0
    assert kinds["OPENED_MACHINE"] + kinds["OPENED_UNSURE"] > 0


def test_nothing_is_made_up_about_real_people_or_unasked(session: Session) -> None:
    with time_machine.travel(START, tick=False) as clock:
        real, unasked = a_sandbox(20, sandbox=False), a_sandbox(20, simulate=False)
        assert run_to(clock, 3600) == 0
        assert [done(session, mailing)[0].total() for mailing in (real, unasked)] == [0, 0]


def test_a_mailing_that_is_over_is_left_alone_after_an_hour(session: Session) -> None:
    with time_machine.travel(START, tick=False) as clock:
        mailing = a_sandbox(5)
        mailing.finished_at = START + timedelta(seconds=1)
        session.flush()
        assert run_to(clock, 3000) == 1
        assert run_to(clock, 3700) == 1
        assert run_to(clock, 9000) == 0
