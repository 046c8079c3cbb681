from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.cli.demo import fill
from app.cli.demo_people import people
from app.customers.models import Activity, Customer, CustomerStats, Order
from app.delivery.queries.senders import list_senders
from app.segments.models import Segment
from app.workspaces.models import Workspace

MOMENT = datetime(2026, 11, 21, 10, 50, tzinfo=UTC)


def test_the_same_people_each_time() -> None:
    assert list(people(MOMENT, 50)) == list(people(MOMENT, 60))[:50]


def test_nobody_acts_before_they_came_or_after_now() -> None:
    for person in people(MOMENT, 300):
        acts = [act["occurred_at"] for act in person.activities] + [order["ordered_at"] for order in person.orders]
        assert all(person.values["created_at"] <= at <= MOMENT for at in acts)


def test_addresses_can_be_real() -> None:
    emails = [person.values["email"] for person in people(MOMENT, 500) if person.values["email"]]
    assert len(set(emails)) == len(emails)
    assert all(email.isascii() and email.endswith(".example") and email.count("@") == 1 for email in emails)


def test_fills_a_sandbox(session: Any) -> None:
    place = fill(MOMENT)
    assert session.get_one(Workspace, place).sandbox is True
    assert [row.kind for row in list_senders(place)] == ["sandbox"]
    assert session.scalar(sa.select(sa.func.count()).where(Customer.workspace_id == place)) == 2_000
    value, orders = session.execute(
        sa.select(sa.func.sum(CustomerStats.lifetime_value), sa.func.sum(CustomerStats.orders_count)).where(
            CustomerStats.workspace_id == place
        )
    ).one()
    assert value == session.scalar(sa.select(sa.func.sum(Order.amount)).where(Order.workspace_id == place))
    assert orders == session.scalar(sa.select(sa.func.count()).where(Order.workspace_id == place, Order.amount > 0))
    bought = session.scalar(sa.select(sa.func.count()).where(Activity.workspace_id == place, Activity.kind == 4))
    assert bought == orders
    members = dict(session.execute(sa.select(Segment.name, Segment.members).where(Segment.workspace_id == place)).all())
    assert len(members) == 4
    assert all(members.values())


def test_only_on_the_embedded_database(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = app.test_cli_runner()
    monkeypatch.setitem(app.config, "EMBEDDED", None)
    refused = runner.invoke(args=["demo"])
    assert (refused.exit_code, "embedded database" in refused.output) == (1, True)
