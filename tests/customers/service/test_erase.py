"""Nothing about a deleted customer is left in any table."""

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.actor import Actor
from app.core.db import db
from app.core.time import now
from app.customers.models import Kind
from app.customers.schemas.customers import ConsentGiven, CustomerIn
from app.customers.schemas.orders import LineIn, OrderIn, Who
from app.customers.service import customers
from app.customers.service.activities import Act, named_id, record_activities
from app.customers.service.consent import set_consent
from app.customers.service.erase import delete_many
from app.customers.service.orders import record_orders
from tests.factories.workspaces import workspace

BY = Actor("Ada", 1)
KEPT = {"customer_changes"}
"""Notes of changes hold ids only, and are forgotten after a week."""


def a_full_customer(here: int, name: str) -> int:
    row = customers.create(here, CustomerIn(email=f"{name}@x.example"), BY)
    set_consent(here, [row.id], ConsentGiven(state="subscribed", source="form"), BY)
    line = LineIn(name="Tee", unit_amount=100)
    (outcome,) = record_orders(here, [OrderIn(customer=Who(id=row.id), external_id=name, lines=[line])], BY)
    assert outcome.new
    assert record_activities(here, [Act(row.id, Kind.VISITED, now(), named_id(here, name))]) == 1
    return row.id


@pytest.mark.parametrize("how_many", [1, 2])
def test_deletion_leaves_nothing_behind(session: Session, how_many: int) -> None:
    here = workspace().id
    gone = [a_full_customer(here, f"gone{i}") for i in range(how_many)]
    stays = a_full_customer(here, "stays")
    assert delete_many(here, gone, BY) == how_many
    tables = [table for table in db.metadata.sorted_tables if "customer_id" in table.c]
    assert {"activities", "orders", "consents", "consent_log", "customer_stats"} <= {table.name for table in tables}
    for table in tables:
        left = session.connection().scalars(sa.select(table.c.customer_id).where(table.c.customer_id.in_(gone))).all()
        assert left == [] or table.name in KEPT, table.name
    assert session.scalar(sa.text("select count(*) from order_lines")) == 1
    assert session.scalars(sa.text("select id from customers where workspace_id = :w").bindparams(w=here)).all() == [stays]
