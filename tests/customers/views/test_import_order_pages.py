"""Files of orders in the browser: the same steps, with the columns, words and outcome of orders."""

import io

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.customers.models import Customer, Import, Order
from tests.customers.views.import_forms import fields, row_of, text
from tests.factories.auth import Browser, signed_in
from tests.factories.imports import undone, work

LINES = """Order Number,Email,Order Date,Total,Product,Quantity,Note
1001,ada@a.example,2/3/2026,"1.204,50",Kettle,2,x
1001,ada@a.example,2/3/2026,,Cup,1,
1002,bob@b.example,21/3/2026,"13,25",Cup,4,y
1003,bob@b.example,21/3/2026,much,Cup,4,y
"""


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def test_orders_go_all_the_way(browser: Browser, session: Session) -> None:
    page = browser.get("/customers/import?kind=orders").get_data(as_text=True)
    assert 'value="orders" checked' in page
    sent = browser.post("/customers/import", {"kind": "orders", "file": (io.BytesIO(LINES.encode()), "orders.csv")})
    at = sent.location.removesuffix("/columns")
    page = browser.get(f"{at}/columns")
    form = fields(page.get_data(as_text=True))
    assert [form[f"to-{i}"] for i in range(7)] == ["order_id", "email", "ordered_at", "total", "item", "quantity", ""]
    assert "consent to e-mail" not in text(page)
    assert ">New field<" not in page.get_data(as_text=True)
    assert (form["order-2"], form["mark-3"]) == ("dmy", "point")  # one of three is no number, so nothing is guessed
    form |= {"mark-3": "comma"}
    wrong = browser.post(f"{at}/columns", form | {"to-3": "", "to-2": "new"})
    assert wrong.status_code == 422
    assert browser.post(f"{at}/columns", form).location == f"{at}/check"
    check = text(browser.get(f"{at}/check"))
    for words in (
        "All 4 rows were tried",
        "3 of 4 rows would be taken",
        "2 customers would be made",
        "2 × Kettle, 1 × Cup",
        "$1,204.50",
        "much",
    ):
        assert words in check, words
    for table in (Order, Customer):
        assert session.scalar(sa.select(sa.func.count()).select_from(table).where(table.workspace_id == browser.workspace_id)) == 0
    browser.post(f"{at}/start")
    row = work(row_of(browser, int(at.rsplit("/", 1)[1]), session))
    assert (row.created, row.rejected, row.customers_created) == (3, 1, 2)
    shown = text(browser.get(at))
    assert "2 orders added. 2 customers came with them, without consent." in shown
    assert "ada@a.example" in text(browser.get(f"/customers?import_id={row.id}"))
    assert "orders.csv" in text(browser.get("/customers/imports"))
    undone(row)
    assert "4 orders, and customers made for them, removed again" in text(browser.get(at))


def test_another_kind_is_refused(browser: Browser, session: Session) -> None:
    answer = browser.post("/customers/import", {"kind": "cats", "file": (io.BytesIO(LINES.encode()), "orders.csv")})
    assert answer.status_code == 422
    assert session.scalar(sa.select(sa.func.count(Import.id)).where(Import.workspace_id == browser.workspace_id)) == 0
