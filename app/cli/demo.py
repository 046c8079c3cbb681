"""`flask demo`: a sandbox workspace full of made-up people, so that a newcomer sees every page alive."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext

from app.auth import service as auth
from app.auth.models import User
from app.cli.demo_campaign import make_campaign
from app.cli.demo_people import MAILINGS, Person, people
from app.cli.demo_segments import make_segments
from app.core.actor import Actor
from app.core.db import Model, session
from app.core.time import now
from app.customers.models import (
    Activity,
    ActivitySource,
    Consent,
    ConsentLog,
    Customer,
    CustomerField,
    CustomerStats,
    Order,
    OrderLine,
    Suppression,
    Topic,
)
from app.customers.models.activities import Kind
from app.workspaces import service as workspaces
from app.workspaces.schemas import BrandIn, WorkspaceIn

NAME, PASSWORD = "admin", "admin123"
_BATCH = 500
_FIELDS = (
    ("tier", "Tier", "text", ["Basecamp", "Ridge", "Summit"]),
    ("points", "Points", "number", None),
    ("newsletter_since", "Newsletter since", "date", None),
    ("wants_catalogue", "Wants the catalogue", "boolean", None),
)


@click.command("demo")
@with_appcontext
def demo_command() -> None:
    """Fill a demo workspace, once, on the embedded database."""
    if not current_app.config["EMBEDDED"]:
        reason = "The demo and its well-known password belong to the embedded database of `make run` only."
        raise click.ClickException(reason)
    if session().scalar(sa.select(User.id).where(User.username == NAME)) is not None:
        click.echo("The demo is there already.")
        return
    fill(now())
    session().commit()
    click.echo(f"Demo workspace filled. Sign in as {NAME} with the password {PASSWORD}.")


def fill(moment: datetime) -> int:
    """Make the demo user and workspace with everything in it, as of `moment`; return the workspace's id. The caller commits."""
    by = Actor.system("Demo")
    user = auth.create_user("ines.marlow@northlight.example", "Ines Marlow", PASSWORD, by, username=NAME, demo=True)
    data = WorkspaceIn(name="Northlight Outdoor", sandbox=True, currency="USD", zone="America/Los_Angeles")
    workspace_id = auth.create_workspace(data, user.id, by).id
    brand = BrandIn(
        name="Northlight",
        from_name="Northlight Outdoor",
        from_email="hello@northlight.example",
        postal_address="12 Harbour Row, Portland, OR 97209",
    )
    workspaces.create_brand(workspace_id, brand, by)
    for name in ("Newsletter", "Sales", "New arrivals"):
        session().add(Topic(workspace_id=workspace_id, name=name))
    for key, label, kind, choices in _FIELDS:
        session().add(CustomerField(workspace_id=workspace_id, key=key, label=label, type=kind, choices=choices))
    sources = [ActivitySource(workspace_id=workspace_id, kind="campaign", name=name) for name in MAILINGS]
    session().add_all(sources)
    session().flush()
    crowd = list(people(moment))
    source_ids = [source.id for source in sources]
    for start in range(0, len(crowd), _BATCH):
        _keep(workspace_id, crowd[start : start + _BATCH], source_ids)
    _sum_up(workspace_id)
    make_segments(workspace_id, by)
    make_campaign(workspace_id, by)
    return workspace_id


def _keep(workspace_id: int, crowd: list[Person], sources: list[int]) -> None:
    rows = [person.values | {"workspace_id": workspace_id} for person in crowd]
    ids = _insert_numbered(Customer, rows)
    owners = [{"workspace_id": workspace_id, "customer_id": customer_id} for customer_id in ids]
    consents, log, suppressed, activities = [], [], [], []
    for person, own in zip(crowd, owners, strict=True):
        if person.consent:
            said = own | _consent(person)
            consents.append(said | {"channel": "email", "topic_id": 0})
            log.append(said | {"channel": "email", "by": "Demo", "wording": "News and offers by e-mail, about twice a month."})
        if person.suppressed:
            suppressed.append({"workspace_id": workspace_id, "email": person.values["email"], "reason": "bounce"})
        activities += [own | _activity(act, sources) for act in person.activities]
        activities += [own | _purchase(order) for order in person.orders]
    for table, found in ((Consent, consents), (ConsentLog, log), (Suppression, suppressed), (Activity, activities)):
        if found:
            session().execute(sa.insert(_table(table)), found)
    _orders(owners, crowd)


def _table(model: type[Model]) -> sa.Table:
    """Return the table itself: the ORM would make a statement for each pattern of missing values."""
    return cast("sa.Table", model.__table__)


def _insert_numbered(model: type[Model], rows: list[dict[str, Any]]) -> Sequence[int]:
    table = _table(model)
    return session().scalars(sa.insert(table).returning(table.c.id, sort_by_parameter_order=True), rows).all()


def _consent(person: Person) -> dict[str, Any]:
    joined: datetime = person.values["created_at"]
    at = joined if person.consent != "unsubscribed" else joined + timedelta(days=20)
    return {"state": person.consent, "basis": "consent", "source": f"demo: {person.values['origin']}", "occurred_at": at}


def _activity(act: dict[str, Any], sources: list[int]) -> dict[str, Any]:
    source = sources[act["source"]] if act["source"] is not None else None
    return {
        "kind": Kind[act["kind"].upper()],
        "occurred_at": act["occurred_at"],
        "event_id": act["event_id"],
        "source_id": source,
        "data": act["data"],
    }


def _purchase(order: dict[str, Any]) -> dict[str, Any]:
    kind = Kind.BOUGHT if order["amount"] > 0 else Kind.REFUNDED
    data = {"amount": order["amount"], "currency": "USD", "order": order["external_id"]}
    return {
        "kind": kind,
        "occurred_at": order["ordered_at"],
        "event_id": uuid.uuid5(uuid.NAMESPACE_OID, order["external_id"]),
        "source_id": None,
        "data": data,
    }


def _orders(owners: list[dict[str, int]], crowd: list[Person]) -> None:
    """Keep the orders of a batch of people, then their lines."""
    found = [(own, order) for own, person in zip(owners, crowd, strict=True) for order in person.orders]
    names = ("external_id", "amount", "ordered_at", "refund_of")
    rows = [own | {name: order[name] for name in names} | {"currency": "USD", "value": order["amount"]} for own, order in found]
    if not rows:
        return
    ids = _insert_numbered(Order, rows)
    lines = [
        line | {"order_id": order_id, "position": position}
        for order_id, (_, order) in zip(ids, found, strict=True)
        for position, line in enumerate(order["lines"], 1)
    ]
    session().execute(sa.insert(_table(OrderLine)), lines)


def _sum_up(workspace_id: int) -> None:
    """Compute each customer's columns from what was kept."""
    bought = sa.select(
        Order.customer_id,
        sa.func.count().filter(Order.amount > 0).label("orders"),
        sa.func.sum(Order.value).label("value"),
        sa.func.min(Order.ordered_at).filter(Order.amount > 0).label("first"),
        sa.func.max(Order.ordered_at).filter(Order.amount > 0).label("last"),
    ).where(Order.workspace_id == workspace_id)
    by_customer = bought.group_by(Order.customer_id).subquery()
    mine = sa.update(CustomerStats).where(CustomerStats.workspace_id == workspace_id)
    session().execute(
        mine.where(CustomerStats.customer_id == by_customer.c.customer_id).values(
            orders_count=by_customer.c.orders,
            lifetime_value=by_customer.c.value,
            first_order_at=by_customer.c.first,
            last_order_at=by_customer.c.last,
        )
    )
    seen = sa.select(Activity.customer_id, sa.func.max(Activity.occurred_at).label("last")).where(
        Activity.workspace_id == workspace_id, Activity.kind != Kind.SENT
    )
    last = seen.group_by(Activity.customer_id).subquery()
    session().execute(mine.where(CustomerStats.customer_id == last.c.customer_id).values(last_activity_at=last.c.last))
