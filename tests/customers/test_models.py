"""Triggers that note who changed, and indexes that queries must use."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask_migrate import check
from flask_sqlalchemy.session import Session

from app.customers.models import Consent, Customer, CustomerChange, CustomerStats
from app.customers.models.customers import name_key, search_text
from tests.factories.customers import a_consent, a_customer, a_workspace, customers, stats


@pytest.fixture
def workspace_id(session: Session) -> int:
    return a_workspace().id


def noted(session: Session, workspace_id: int) -> list[tuple[int, list[str]]]:
    """Return and forget the notes so far."""
    session.flush()
    query = sa.select(CustomerChange.customer_id, CustomerChange.fields).where(CustomerChange.workspace_id == workspace_id)
    rows = [(row[0], sorted(row[1])) for row in session.execute(query.order_by(CustomerChange.id))]
    session.execute(sa.delete(CustomerChange).where(CustomerChange.workspace_id == workspace_id))
    return rows


def test_a_new_customer_gets_stats_and_a_note(session: Session, workspace_id: int) -> None:
    one = a_customer(workspace_id)
    assert noted(session, workspace_id) == [(one.id, ["*"])]
    row = session.execute(sa.select(CustomerStats).where(CustomerStats.workspace_id == workspace_id)).scalar_one()
    assert (row.customer_id, row.orders_count, row.lifetime_value, row.last_activity_at) == (one.id, 0, 0, None)


def test_an_update_notes_only_what_really_changed(session: Session, workspace_id: int) -> None:
    one, two, three = customers(workspace_id, 3, country="US", attributes={"size": 8, "plan": "pro"})
    noted(session, workspace_id)
    everybody = sa.update(Customer).where(Customer.workspace_id == workspace_id).execution_options(synchronize_session=False)
    session.execute(everybody.values(country="US", version=Customer.version + 1))
    assert noted(session, workspace_id) == []
    session.execute(everybody.where(Customer.id == two.id).values(country=None, attributes={"size": 9, "tier": "gold"}))
    assert noted(session, workspace_id) == [(two.id, ["country", "fields.plan", "fields.size", "fields.tier"])]
    session.execute(everybody.values(tags=["vip"]))
    assert sorted(noted(session, workspace_id)) == [(one.id, ["tags"]), (two.id, ["tags"]), (three.id, ["tags"])]


@pytest.mark.parametrize(
    "column", sorted(set(Customer.__table__.c.keys()) - {"id", "workspace_id", "attributes", "import_id", "version", "updated_at"})
)
def test_every_column_a_rule_may_name_is_noted(session: Session, workspace_id: int, column: str) -> None:
    one = a_customer(workspace_id)
    noted(session, workspace_id)
    kinds: dict[type, Any] = {sa.Date: "1990-01-02", sa.DateTime: "2020-01-01T00:00:00Z", sa.ARRAY: ["x"]}
    value = (
        "lead" if column == "stage" else next((v for kind, v in kinds.items() if isinstance(Customer.__table__.c[column].type, kind)), "x")
    )
    session.execute(sa.text(f"update customers set {column} = :value where id = :id"), {"value": value, "id": one.id})  # noqa: S608
    assert noted(session, workspace_id) == [(one.id, [column])]


def test_stats_and_consents_are_noted(session: Session, workspace_id: int) -> None:
    one = a_customer(workspace_id)
    noted(session, workspace_id)
    stats(one, lifetime_value=100, orders_count=1)
    stats(one, lifetime_value=100)
    assert noted(session, workspace_id) == [(one.id, ["stats.lifetime_value", "stats.orders_count"])]
    consent = a_consent(one)
    assert noted(session, workspace_id) == [(one.id, ["consent.email"])]
    consent.source = "elsewhere"
    assert noted(session, workspace_id) == []
    consent.state = "unsubscribed"
    assert noted(session, workspace_id) == [(one.id, ["consent.email"])]
    session.execute(sa.delete(Consent).where(Consent.workspace_id == workspace_id))
    assert noted(session, workspace_id) == [(one.id, ["consent.email"])]


def plan(session: Session, workspace_id: int, condition: Any, index: str) -> str:
    """Return how PostgreSQL would find customers if `index` were the only one, and reading the whole table out of the question."""

    def explain(_c: Any, _cursor: Any, sql: str, values: Any, _context: Any, _many: Any) -> tuple[str, Any]:
        return "explain " + sql, values

    connection = session.connection()
    for other in connection.scalars(sa.text("select indexname from pg_indexes where tablename = 'customers'")).all():
        if other not in (index, "pk_customers"):
            connection.exec_driver_sql(f"drop index {other}")
    connection.exec_driver_sql("set local enable_seqscan = off")
    sa.event.listen(connection, "before_cursor_execute", explain, retval=True)
    try:
        rows = connection.execute(sa.select(Customer.id).where(Customer.workspace_id == workspace_id, condition)).cursor.fetchall()
    finally:
        sa.event.remove(connection, "before_cursor_execute", explain)
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (search_text().ilike("%okon%"), "ix_customers_search"),
        (search_text().ilike("% ok%"), "ix_customers_search"),
        (name_key().like("ok%"), "ix_customers_name"),
        (sa.func.lower(Customer.email).like("ok%"), "uq_customers_email"),
        (sa.func.lower(Customer.email) == "ok@x.example", "uq_customers_email"),
        (Customer.phone.like("+47%"), "ix_customers_phone"),
        (Customer.phone == "+4740", "ix_customers_phone"),
        (sa.func.reverse(Customer.phone).like("0474%"), "ix_customers_phone_end"),
        (Customer.tags.contains(["vip"]), "ix_customers_tags"),
        (Customer.attributes.contains({"plan": "pro"}), "ix_customers_attributes"),
    ],
)
def test_searches_can_use_their_index(session: Session, workspace_id: int, condition: Any, index: str) -> None:
    assert f" {index} " in plan(session, workspace_id, condition, index)


@pytest.mark.committed
def test_models_and_migrations_agree(database: None) -> None:
    check()
