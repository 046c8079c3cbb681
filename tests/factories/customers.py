"""Customers and what belongs to them, flushed into the test's transaction."""

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.db import db
from app.core.time import now
from app.customers.models import BulkAct, Consent, Customer, CustomerField, CustomerStats, Order, SavedView, Suppression, Topic
from app.customers.schemas.customers import ConsentGiven, CustomerPatch, TagsIn
from app.customers.schemas.fields import FieldPatch
from app.workspaces.models import Workspace

_numbers = itertools.count(1)


def a_workspace(**values: Any) -> Workspace:
    """Make a real workspace in dollars."""
    n = next(_numbers)
    return _keep(Workspace(**{"name": f"Workspace {n}", "slug": f"workspace-{n}", "zone": "UTC"} | values))


def a_customer(workspace_id: int, **values: Any) -> Customer:
    """Make a customer with an address and a name of their own, unless told otherwise."""
    n = next(_numbers)
    given = {"email": f"person{n}@example.com", "first_name": f"First{n}", "last_name": f"Last{n}"}
    return _keep(Customer(workspace_id=workspace_id, **given | values))


def customers(workspace_id: int, count: int, **values: Any) -> list[Customer]:
    """Make several customers."""
    return [a_customer(workspace_id, **values) for _ in range(count)]


def stats(customer: Customer, **values: Any) -> None:
    """Set computed columns of a customer; the row was made by trigger."""
    where = (CustomerStats.workspace_id == customer.workspace_id, CustomerStats.customer_id == customer.id)
    db.session.execute(sa.update(CustomerStats).where(*where).values(**values))


def a_field(
    workspace_id: int, key: str, kind: str = "text", label: str | None = None, choices: Sequence[str] | None = None
) -> CustomerField:
    """Make a custom field."""
    label = label or key.replace("_", " ").capitalize()
    return _keep(CustomerField(workspace_id=workspace_id, key=key, label=label, type=kind, choices=list(choices) if choices else None))


def a_topic(workspace_id: int, name: str = "Newsletter") -> Topic:
    """Make a topic."""
    return _keep(Topic(workspace_id=workspace_id, name=name))


def a_consent(customer: Customer, state: str = "subscribed", moment: datetime | None = None, **values: Any) -> Consent:
    """Give or take a customer's consent to e-mail, without a trace in the log."""
    given = {"channel": "email", "topic_id": 0, "basis": "consent", "source": "test", "occurred_at": moment or now()}
    return _keep(Consent(workspace_id=customer.workspace_id, customer_id=customer.id, state=state, **given | values))


def a_suppression(workspace_id: int, email: str, reason: str = "manual") -> Suppression:
    """Suppress an address."""
    return _keep(Suppression(workspace_id=workspace_id, email=email, reason=reason))


def _keep(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def an_order(workspace_id: int, **values: Any) -> Order:
    """Make an order of a new customer, of ten dollars, unless told otherwise."""
    n = next(_numbers)
    given = {"external_id": f"O{n}", "amount": 1_000, "currency": "USD", "value": 1_000, "ordered_at": now()}
    whose = values.pop("customer_id", None) or a_customer(workspace_id).id
    return _keep(Order(workspace_id=workspace_id, customer_id=whose, **given | values))


def a_view(workspace_id: int, query: str = "country=US") -> SavedView:
    """Keep a view of the list."""
    return _keep(SavedView(workspace_id=workspace_id, name=f"View {next(_numbers)}", query=query))


def an_act(workspace_id: int) -> BulkAct:
    """Ask for a tag on everybody."""
    return _keep(BulkAct(workspace_id=workspace_id, kind="tag", values={"add": ["vip"], "remove": []}, query="", actor={"name": "test"}))


STRANGERS = {
    "act_id": lambda workspace_id: an_act(workspace_id).id,
    "view_id": lambda workspace_id: a_view(workspace_id).id,
    "customer_id": lambda workspace_id: a_customer(workspace_id).id,
    "field_id": lambda workspace_id: a_field(workspace_id, f"field_{next(_numbers)}").id,
    "order_id": lambda workspace_id: an_order(workspace_id).id,
}
EXAMPLES = {
    CustomerPatch: {"first_name": "Ada"},
    TagsIn: {"add": ["vip"]},
    ConsentGiven: {"state": "subscribed"},
    FieldPatch: {"label": "Shoe size"},
}
