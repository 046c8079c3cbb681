"""Orders credited to clicks: what is computed step by step is what looking at everything says."""

import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.actor import Actor
from app.customers.models import Activity, Customer, Kind, Order
from app.customers.service.activities import Act, named_id, record_activities
from app.customers.service.order_acts import forget_orders
from app.customers.service.orders import note_orders, recompute_orders
from app.delivery.handlers import credit_all
from app.delivery.models import Conversion, DeliveryCursor, Mailing, Message, MessageKind
from app.delivery.service import credit
from app.delivery.service import hits as hit_service
from app.events.models import Outbox
from app.jobs.models import JobRun
from app.segments.queries.news import horizon
from app.workspaces import service as workspaces
from app.workspaces.events import ConversionWindowChanged
from app.workspaces.schemas import WorkspaceSettings
from tests.factories.auth import signed_in
from tests.factories.customers import a_customer, an_order
from tests.factories.imports import imported
from tests.factories.tracking import BOT, a_hit, a_mailing, a_message, counted_raw, hit, kept_figures
from tests.factories.workspaces import workspace

NOON = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=40)
DAY = timedelta(days=1)


def bought(customer: Customer, at: datetime, value: int = 1_000, **values: Any) -> Order:
    """Make an order with its trace, as the product does."""
    row = an_order(customer.workspace_id, customer_id=customer.id, amount=value, value=value, ordered_at=at, **values)
    note_orders(customer.workspace_id, [(row, 0)])
    recompute_orders(customer.workspace_id, [customer.id])
    return row


def conversions(session: Session, place: int) -> list[tuple[Any, ...]]:
    query = sa.select(Conversion).where(Conversion.workspace_id == place).order_by(Conversion.ordered_at, Conversion.order_id)
    rows = session.scalars(query.execution_options(populate_existing=True))
    return [(row.order_id, row.message_id, row.link, row.clicked_at, row.value, row.refund) for row in rows]


@pytest.fixture
def sent(session: Session) -> tuple[Customer, Mailing, Message]:
    place = workspace().id
    whom, mailing = a_customer(place), a_mailing(place)
    return whom, mailing, a_message(mailing, whom, sent=NOON - timedelta(hours=1))


def test_an_order_is_credited_to_the_last_click_of_a_person_within_the_window(
    session: Session, sent: tuple[Customer, Mailing, Message]
) -> None:
    whom, _, message = sent
    later = a_message(a_mailing(whom.workspace_id), whom, sent=NOON + timedelta(hours=1))
    first, last = hit(message, 2, at=NOON), hit(later, 1, at=NOON + 2 * DAY)
    hit(message, 0, at=NOON + 3 * DAY, agent=BOT)
    hit(message, None, at=NOON + 3 * DAY)
    orders = [bought(whom, NOON + days * DAY) for days in (-1, 0, 1, 2.5, 9, 9.001)]
    assert credit.credit(whom.workspace_id, [whom.id]) == 4
    clicks = [NOON, NOON + 2 * DAY]
    assert conversions(session, whom.workspace_id) == [
        (orders[1].id, message.id, 2, clicks[0], 1_000, False), (orders[2].id, message.id, 2, clicks[0], 1_000, False),
        (orders[3].id, later.id, 1, clicks[1], 1_000, False), (orders[4].id, later.id, 1, clicks[1], 1_000, False),
    ]  # fmt: skip
    session.refresh(message)
    session.refresh(later)
    assert (message.ordered_at, later.ordered_at) == (NOON, NOON + 2.5 * DAY)
    assert kept_figures() == counted_raw()
    assert credit.credit(whom.workspace_id, [whom.id]) == 0
    assert first.event_id != last.event_id


def test_a_late_hit_moves_credit(session: Session, sent: tuple[Customer, Mailing, Message]) -> None:
    whom, _, message = sent
    later = a_message(a_mailing(whom.workspace_id), whom, sent=NOON)
    hit(message, 0, at=NOON + DAY)
    order = bought(whom, NOON + 3 * DAY)
    credit.credit(whom.workspace_id, [whom.id])
    hit(later, 3, at=NOON + 2 * DAY)
    assert credit.credit(whom.workspace_id, [whom.id]) == 1
    assert conversions(session, whom.workspace_id) == [(order.id, later.id, 3, NOON + 2 * DAY, 1_000, False)]
    session.refresh(message)
    assert message.ordered_at is None
    assert kept_figures() == counted_raw()


def test_a_refund_follows_its_purchase(session: Session, sent: tuple[Customer, Mailing, Message]) -> None:
    whom, _, message = sent
    hit(message, 0, at=NOON)
    order, other = bought(whom, NOON + DAY, 5_000), bought(whom, NOON - DAY)
    back = bought(whom, NOON + 30 * DAY, -2_000, refund_of=order.external_id)
    bought(whom, NOON + DAY, -500)
    bought(whom, NOON + DAY, -500, refund_of=other.external_id)
    credit.credit(whom.workspace_id, [whom.id])
    assert conversions(session, whom.workspace_id) == [
        (order.id, message.id, 0, NOON, 5_000, False), (back.id, message.id, 0, NOON, -2_000, True)]  # fmt: skip
    figures = kept_figures()
    assert sum(n for (_, _, name), n in figures.items() if name == "revenue") == 3_000
    assert sum(n for (_, _, name), n in figures.items() if name == "orders") == 1
    assert sum(n for (_, _, name), n in figures.items() if name == "ordered") == 1
    assert figures == counted_raw()


def test_clicks_that_others_made_up_earn_nothing(session: Session, sent: tuple[Customer, Mailing, Message]) -> None:
    whom, mailing, message = sent
    elsewhere = a_message(a_mailing(workspace().id))
    test = a_message(mailing, whom, kind=MessageKind.TEST)
    said = [{"message": "nonsense"}, {"message": 10**30}, {"message": elsewhere.id}, {"message": test.id}, {}, None, {"message": 1.5}]
    record_activities(whom.workspace_id, [Act(whom.id, Kind.CLICKED, NOON, uuid4(), None, data) for data in said])
    hit(message, 0, at=NOON)
    record_activities(whom.workspace_id, [Act(whom.id, Kind.CLICKED, NOON + DAY, uuid4(), None, {"message": message.id, "link": "x" * 9})])
    order = bought(whom, NOON + 2 * DAY)
    credit.credit(whom.workspace_id, [whom.id])
    assert conversions(session, whom.workspace_id) == [(order.id, message.id, None, NOON + DAY, 1_000, False)]


def brute_force(orders: Sequence[Order], clicks: Sequence[tuple[datetime, int, int, str]], days: int) -> list[tuple[Any, ...]]:
    """Look at each order and each click in turn."""
    found: dict[str, tuple[Any, ...]] = {}
    for order in orders:
        if order.refund_of is None:
            before = [c for c in clicks if c[0] <= order.ordered_at <= c[0] + timedelta(days=days)]
            if before:
                at, message, link, _ = max(before, key=lambda c: (c[0], c[3]))
                found[order.external_id] = (order.ordered_at, order.id, message, link, at, order.value, False)
    for order in orders:
        if order.refund_of in found:
            _, _, message, link, at, _, _ = found[order.refund_of]
            found[order.external_id] = (order.ordered_at, order.id, message, link, at, order.value, True)
    return [row[1:] for row in sorted(found.values())]


@pytest.mark.parametrize("seed", range(6))
def test_step_by_step_it_is_what_looking_at_everything_says(session: Session, seed: int) -> None:
    dice = random.Random(seed)
    place = workspace().id
    people = [a_customer(place) for _ in range(3)]
    mailings = [a_mailing(place) for _ in range(2)]
    messages = {whom.id: [a_message(mailing, whom, sent=NOON - DAY) for mailing in mailings] for whom in people}
    orders: dict[int, list[Order]] = {whom.id: [] for whom in people}
    clicks: dict[int, list[tuple[datetime, int, int, str]]] = {whom.id: [] for whom in people}
    for _ in range(30):
        whom, act, at = dice.choice(people), dice.randrange(5), NOON + dice.randrange(24 * 15) * timedelta(hours=1)
        if act <= 1:
            message, link = dice.choice(messages[whom.id]), dice.randrange(4)
            made = a_hit(message, link, at=at, address=f"192.0.2.{len(clicks[whom.id])}")
            hit_service.record([made])
            clicks[whom.id].append((at, message.id, link, made.event_id))
        elif act == 2 and (mine := [order for order in orders[whom.id] if order.refund_of is None]):
            orders[whom.id].append(bought(whom, at, -300, refund_of=dice.choice(mine).external_id))
        elif act == 3 and orders[whom.id] and not any(order.refund_of for order in orders[whom.id]):
            gone = orders[whom.id].pop()
            forget_orders(place, [(gone.id, gone.ordered_at)])
            session.delete(gone)
            session.flush()
        else:
            orders[whom.id].append(bought(whom, at, dice.randrange(1, 9_000)))
        credit.credit(place, [whom.id])
        assert kept_figures() == counted_raw()
    expected = [row for whom in people for row in brute_force(orders[whom.id], clicks[whom.id], 7)]
    assert sorted(conversions(session, place)) == sorted(expected)
    assert expected


def test_the_window_is_the_workspaces_and_a_change_credits_all_anew(client: FlaskClient, session: Session) -> None:
    browser = signed_in(client)
    place = browser.workspace_id
    whom = a_customer(place)
    message = a_message(a_mailing(place), whom, sent=NOON - DAY)
    hit(message, 0, at=NOON)
    orders = [bought(whom, NOON + days * DAY) for days in (1, 20, 80)]
    credit.credit(place, [whom.id])
    assert [row[0] for row in conversions(session, place)] == [orders[0].id]
    form = {"name": "Northlight", "currency": "USD", "zone": "UTC", "locale": "en"}
    for days, count in ((30, 2), (90, 3), (1, 1)):
        assert browser.post("/settings/workspace", form | {"conversion_days": str(days)}).status_code == 303
        credit_all(ConversionWindowChanged(place, days))
        assert credit.credit_again(place) is False
        assert [row[0] for row in conversions(session, place)] == [order.id for order in orders[:count]]
        assert kept_figures() == counted_raw()
    for wrong in ("0", "91", "x", "1.5"):
        answer = browser.post("/settings/workspace", form | {"conversion_days": wrong})
        assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (422, True), wrong
    told = session.scalars(sa.select(Outbox.payload).where(Outbox.workspace_id == place, Outbox.name == "ConversionWindowChanged"))
    assert [payload["days"] for payload in told] == [30, 90, 1]
    assert [run.job for run in session.scalars(sa.select(JobRun).where(JobRun.workspace_id == place))] == ["delivery.credit_again"]
    said = browser.call("PUT", "/api/v1/workspace", json=form | {"conversion_days": 14}).json
    assert said["conversion_days"] == browser.call("PUT", "/api/v1/workspace", json=form).json["conversion_days"] == 14
    assert 'value="14"' in browser.get("/settings/workspace").text


def test_a_save_that_leaves_the_window_alone_tells_nobody(session: Session) -> None:
    place = workspace()
    said = {"name": "Other", "currency": "USD", "zone": "UTC", "locale": "en"}
    workspaces.update(place.id, WorkspaceSettings(**said, conversion_days=7), Actor.system())
    assert session.scalar(sa.select(sa.func.count()).select_from(Outbox).where(Outbox.workspace_id == place.id)) == 0
    assert place.settings == {}


def test_all_customers_are_credited_again_by_steps(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit, "_MOST", 2)
    place = workspace().id
    mailing = a_mailing(place)
    people = [a_customer(place) for _ in range(5)]
    for whom in people:
        hit(a_message(mailing, whom, sent=NOON - DAY), 0, at=NOON)
        bought(whom, NOON + DAY)
    credit.begin_again(place)
    assert [credit.credit_again(place) for _ in range(3)] == [True, True, False]
    assert len(conversions(session, place)) == 5
    assert kept_figures() == counted_raw()


def follow(session: Session) -> int:
    """Follow the news until there is no more; return the steps it took.

    First wait until what was committed is below the horizon: a transaction of another test's database, on the same server, that ends just
    while it is looked for is taken for one of ours.
    """
    mine = int(session.scalar(sa.text("select pg_current_xact_id()::text")) or 0)
    session.commit()
    while int(horizon()) <= mine:
        session.rollback()
        time.sleep(0.01)
    for steps in range(1, 50):
        more = credit.follow()
        session.commit()
        if not more:
            return steps
    raise AssertionError


@pytest.mark.committed
@pytest.mark.parametrize("most", [5_000, 3])
def test_what_is_committed_is_followed_in_any_order_and_steps(session: Session, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(credit, "_MOST", most)
    place = workspace().id
    mailing = a_mailing(place)
    people = [a_customer(place) for _ in range(5)]
    messages = [a_message(mailing, whom, sent=NOON - DAY) for whom in people]
    for message in messages:
        hit(message, 0, at=NOON)
    session.commit()
    follow(session)
    assert conversions(session, place) == []
    orders = [bought(whom, NOON + DAY) for whom in people]
    session.commit()
    bought(people[0], NOON + 2 * DAY)
    session.commit()
    steps = follow(session)
    assert (len(conversions(session, place)), steps > 1) == (6, most == 3)
    gone = orders.pop()
    forget_orders(place, [(gone.id, gone.ordered_at)])
    session.delete(gone)
    recompute_orders(place, [people[-1].id])
    session.commit()
    follow(session)
    assert len(conversions(session, place)) == 5
    assert kept_figures() == counted_raw()
    before = session.get(DeliveryCursor, credit.NAME)
    assert before is not None
    assert int(before.xid) > 0


@pytest.mark.committed
def test_orders_of_a_file_are_credited_too(session: Session) -> None:
    place = workspace().id
    whom = a_customer(place, email="ada@example.com")
    hit(a_message(a_mailing(place), whom, sent=NOON - DAY), 1, at=NOON)
    session.commit()
    at = (NOON + DAY).isoformat()
    file = f"order_id,email,total,ordered_at\nA1,ada@example.com,25.00,{at}\nA2,bob@example.com,9.00,{at}\n"
    imported(place, file, kind="orders")
    session.commit()
    follow(session)
    orders = {row.external_id: row.id for row in session.scalars(sa.select(Order).where(Order.workspace_id == place))}
    assert [(row[0], row[4]) for row in conversions(session, place)] == [(orders["A1"], 2_500)]
    assert kept_figures() == counted_raw()
    assert named_id(place, "order", orders["A1"]) in set(
        session.scalars(sa.select(Activity.event_id).where(Activity.workspace_id == place))
    )
