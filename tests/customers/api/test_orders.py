"""Orders: once per external id, with value, figures and a trace."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.db import session
from app.customers.models import Activity, Customer, CustomerStats, Kind, Order, OrderLine
from app.events.models import Outbox
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_customer
from tests.factories.workspaces import workspace

DAY = "2026-03-01T10:00:00Z"


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


@pytest.fixture
def ada(browser: Browser) -> Customer:
    return a_customer(browser.workspace_id, email="ada@x.example", external_id="SH-1")


def order(**says: Any) -> dict[str, Any]:
    return {"customer": {"email": "Ada@x.example"}, "external_id": "A-1", "amount": 21400, "ordered_at": DAY} | says


def send(browser: Browser, body: dict[str, Any], path: str = "/api/v1/orders") -> tuple[int, dict[str, Any]]:
    answer = browser.call("POST", path, json=body)
    return answer.status_code, answer.get_json()


def figures(customer: Customer) -> tuple[int, int, Any, Any]:
    mine = (CustomerStats.workspace_id == customer.workspace_id, CustomerStats.customer_id == customer.id)
    row = session().scalars(sa.select(CustomerStats).where(*mine).execution_options(populate_existing=True)).one()
    return row.orders_count, row.lifetime_value, row.first_order_at, row.last_order_at


def test_an_order_is_kept_with_its_lines(browser: Browser, ada: Customer) -> None:
    lines = [
        {"name": "Merino tee", "sku": "M-1", "category": "Layers", "quantity": 2, "unit_amount": 4900},
        {"name": "Trail shoes", "unit_amount": 11600},
    ]
    status, made = send(browser, order(amount=None, lines=lines, currency="usd"))
    assert status == 201
    assert made == {
        "id": made["id"],
        "customer_id": ada.id,
        "external_id": "A-1",
        "amount": 21400,
        "currency": "USD",
        "rate": "1.0000000000",
        "value": 21400,
        "refund_of": None,
        "source_id": None,
        "ordered_at": DAY,
        "lines": [
            {"position": 1, "sku": "M-1", "name": "Merino tee", "category": "Layers", "quantity": 2, "unit_amount": 4900},
            {"position": 2, "sku": None, "name": "Trail shoes", "category": None, "quantity": 1, "unit_amount": 11600},
        ],
        "repeated": False,
    }
    moment = datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert figures(ada) == (1, 21400, moment, moment)
    act = session().scalars(sa.select(Activity).where(Activity.workspace_id == browser.workspace_id)).one()
    assert (act.customer_id, act.kind, act.occurred_at) == (ada.id, Kind.BOUGHT, moment)
    assert act.data == {"order": "A-1", "order_id": made["id"], "amount": 21400, "items": 2}
    told = session().execute(sa.select(Outbox.name, Outbox.payload).where(Outbox.workspace_id == browser.workspace_id)).one()
    assert tuple(told) == ("OrderRecorded", {"order_id": made["id"], "customer_id": ada.id, "value": 21400, "refund": False})
    assert browser.call("GET", f"/api/v1/orders/{made['id']}").get_json() == made
    assert browser.call("GET", f"/api/v1/orders?customer_id={ada.id}").get_json() == {"items": [made], "next": None}


def test_the_same_order_again_is_a_repeat(browser: Browser, ada: Customer) -> None:
    send(browser, order())
    status, again = send(browser, order())
    assert (status, again["repeated"]) == (201, True)
    assert figures(ada)[:2] == (1, 21400)
    status, answer = send(browser, order(amount=21500))
    assert (status, answer["errors"]) == (422, {"external_id": "Order A-1 is here already, with another amount, customer or time."})


def test_a_refund_takes_off_value_but_not_the_order(browser: Browser, ada: Customer) -> None:
    send(browser, order())
    status, made = send(browser, order(external_id="A-1R", amount=-5000, refund_of="A-1", ordered_at="2026-03-05T10:00:00Z"))
    assert (status, made["value"], made["refund_of"]) == (201, -5000, "A-1")
    assert figures(ada) == (1, 16400, datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC))
    kinds = (
        session()
        .scalars(sa.select(Activity.kind).where(Activity.workspace_id == browser.workspace_id).order_by(Activity.occurred_at))
        .all()
    )
    assert kinds == [Kind.BOUGHT, Kind.REFUNDED]


@pytest.mark.parametrize(
    ("says", "value"),
    [
        ({"currency": "EUR", "rate": 1.1}, 23540),
        ({"currency": "EUR", "rate": "1.08345"}, 23186),
        ({"currency": "JPY", "rate": 0.0067}, 14338),  # 21,400 yen have no smaller part: 143.38 dollars
        ({"currency": "KWD", "rate": 3.25}, 6955),  # 21.400 dinars, which have three digits
        ({"currency": "USD", "rate": 1}, 21400),
    ],
)
def test_value_is_in_the_currency_of_the_workspace(browser: Browser, ada: Customer, says: dict[str, Any], value: int) -> None:
    assert send(browser, order(**says))[1]["value"] == value
    assert figures(ada)[1] == value


@pytest.mark.parametrize(
    ("says", "errors"),
    [
        ({"currency": "EUR"}, {"rate": "Say what one EUR is worth in USD, the currency of this workspace."}),
        ({"rate": 1.2}, {"rate": "USD is the currency of this workspace: its rate is 1."}),
        ({"currency": "XXQ"}, {"currency": "This is no currency known here; three letters such as USD are."}),
        ({"amount": 214.5}, {"amount": "This must be a whole number."}),
        ({"amount": None}, {"": "Give an amount, or lines to sum up."}),
        ({"refund_of": "A-0"}, {"": "A refund has an amount below zero."}),
        ({"refund_of": "A-0", "amount": -1}, {"refund_of": "This customer has no such order."}),
        ({"customer": {"email": "nobody@x.example"}}, {"customer": "There is no such customer."}),
        ({"customer": {}}, {"customer": "Say who: id, external_id or email."}),
        ({"ordered_at": "2036-03-01T10:00:00Z"}, {"ordered_at": "This lies in the future."}),
        ({"ordered_at": "2026-03-01T10:00:00"}, {"": "ordered_at needs a zone, such as 2026-11-21T10:50:00Z."}),
        ({"lines": [{"name": "x", "quantity": 1.5}]}, {"lines[0].quantity": "This must be a whole number."}),
    ],
)
def test_what_does_not_fit_is_named(browser: Browser, ada: Customer, says: dict[str, Any], errors: dict[str, str]) -> None:
    status, answer = send(browser, order(**says))
    assert (status, answer["errors"]) == (422, errors)
    assert figures(ada)[:2] == (0, 0)


def test_a_missing_customer_is_made_where_that_is_wanted(browser: Browser) -> None:
    status, made = send(browser, order(customer={"external_id": "NEW"}, create_missing=True))
    assert status == 201
    row = session().scalars(sa.select(Customer).where(Customer.workspace_id == browser.workspace_id)).one()
    assert (row.id, row.external_id, row.origin) == (made["customer_id"], "NEW", "api")


def test_a_batch_takes_what_fits(browser: Browser, ada: Customer) -> None:
    send(browser, order())
    orders = [
        order(),
        order(external_id="A-2", customer={"external_id": "SH-1"}),
        order(external_id="A-2", customer={"id": ada.id}),
        order(external_id="A-3", currency="EUR"),
        order(external_id="A-4", customer={"email": "nobody@x.example"}),
        order(external_id="A-5", amount="much"),
        order(external_id="A-2R", amount=-400, refund_of="A-2"),
        7,
    ]
    status, answer = send(browser, {"orders": orders}, "/api/v1/orders/bulk")
    assert (status, answer) == (
        200,
        {
            "recorded": 2,
            "repeated": 2,
            "refused": 4,
            "errors": {
                "orders[3].rate": "Say what one EUR is worth in USD, the currency of this workspace.",
                "orders[4].customer": "There is no such customer.",
                "orders[5].amount": "This must be a whole number.",
                "orders[7]": "This must be an object.",
            },
        },
    )
    assert figures(ada)[:2] == (2, 21400 * 2 - 400)


def test_a_batch_of_nothing_that_fits_is_refused(browser: Browser) -> None:
    status, answer = send(browser, {"orders": [order()]}, "/api/v1/orders/bulk")
    assert (status, answer["errors"]) == (422, {"orders[0].customer": "There is no such customer."})
    assert send(browser, {"orders": []}, "/api/v1/orders/bulk")[0] == 422
    assert send(browser, {"orders": [order()] * 1001}, "/api/v1/orders/bulk")[0] == 422


def test_a_thousand_orders_need_as_many_statements_as_one(browser: Browser, ada: Customer) -> None:
    def statements(count: int, start: int) -> int:
        seen: list[str] = []
        batch = [order(external_id=f"B-{i}", lines=[{"name": "x"}]) for i in range(start, start + count)]
        sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]))
        try:
            assert send(browser, {"orders": batch}, "/api/v1/orders/bulk")[1]["recorded"] == count
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        return len([text for text in seen if "outbox" not in text])

    statements(101, 0)
    assert statements(101, 200) == statements(900, 400)
    assert session().scalar(sa.select(sa.func.count()).select_from(OrderLine)) == 1102
    assert figures(ada)[:2] == (1102, 1102 * 21400)


def test_customers_of_another_workspace_are_nobody(browser: Browser) -> None:
    other = a_customer(workspace().id, email="ada@x.example")
    for who in ({"email": "ada@x.example"}, {"external_id": other.external_id or "x"}):
        assert send(browser, order(customer=who))[1]["errors"] == {"customer": "There is no such customer."}
    assert send(browser, order(customer={"id": other.id}))[0] == 404
    assert session().scalar(sa.select(sa.func.count()).select_from(Order).where(Order.workspace_id == other.workspace_id)) == 0
