"""Files of orders: lines of one order, amounts in minor units, whose they are, what is changed, refused and taken back."""

import io
import random
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.errors import Conflict, Invalid
from app.customers.models import Activity, Consent, Customer, CustomerStats, Import, ImportUndo, Order, OrderLine
from app.customers.queries.imports import list_kept
from app.customers.service import import_steps, import_undo, imports
from tests.factories.auth import api_key
from tests.factories.customers import a_customer, a_workspace
from tests.factories.imports import ADA, begun, counts, imported, rejects, undone, work
from tests.factories.workspaces import workspace

LINES = (
    "Order Number,Email,Order Date,Financial Status,Currency,Lineitem name,Lineitem sku,Lineitem quantity,Lineitem price\n"
    '1001,Ada@b.example,2026-03-01 10:00,paid,USD,Kettle,K-1,2,"1,234.50"\n'
    "1001,,,,,Cup,C-1,1,3.25\n"
    "1002,bob@b.example,2026-03-02,paid,USD,Cup,C-1,4,3.25\n"
)


@pytest.fixture
def workspace_id(session: Session) -> int:
    return a_workspace(zone="Europe/Berlin", currency="USD").id


def orders(workspace_id: int, text: str, **given: object) -> Import:
    return imported(workspace_id, text, kind="orders", **given)


def kept(session: Session, workspace_id: int) -> list[tuple[Any, ...]]:
    """Return number, address, amount, currency, value, refunded order and time of each order, by number."""
    session.expire_all()
    query = sa.select(Order, Customer.email).join(Customer, Customer.id == Order.customer_id)
    mine = (Order.workspace_id == workspace_id, Customer.workspace_id == workspace_id)
    rows = session.execute(query.where(*mine).order_by(Order.external_id))
    return [(o.external_id, mail, o.amount, o.currency, o.value, o.refund_of, f"{o.ordered_at:%Y-%m-%d %H:%M}") for o, mail in rows]


def figures(session: Session, workspace_id: int) -> list[tuple[Any, ...]]:
    """Return address, number of orders and lifetime value of each customer."""
    query = sa.select(Customer.email, CustomerStats.orders_count, CustomerStats.lifetime_value)
    joined = query.join(CustomerStats, CustomerStats.customer_id == Customer.id)
    mine = (Customer.workspace_id == workspace_id, CustomerStats.workspace_id == workspace_id)
    return [tuple(row) for row in session.execute(joined.where(*mine).order_by(Customer.id))]


def acts(session: Session, workspace_id: int) -> list[tuple[Any, ...]]:
    """Return what orders left among the activities: kind, number, amount, lines."""
    rows = session.scalars(
        sa.select(Activity).where(Activity.workspace_id == workspace_id).order_by(Activity.occurred_at, Activity.event_id)
    )
    return sorted((a.kind, a.data["order"], a.data["amount"], a.data["items"]) for a in rows)


def test_rows_of_one_order_are_its_lines(session: Session, workspace_id: int) -> None:
    a_customer(workspace_id, email="bob@b.example")
    row = orders(workspace_id, LINES)
    assert (row.state, counts(row), row.customers_created) == ("finished", (3, 0, 0, 0), 1)
    assert kept(session, workspace_id) == [
        ("1001", "ada@b.example", 247225, "USD", 247225, None, "2026-03-01 09:00"),
        ("1002", "bob@b.example", 1300, "USD", 1300, None, "2026-03-01 23:00"),
    ]
    lines = session.execute(
        sa.select(Order.external_id, OrderLine.position, OrderLine.name, OrderLine.sku, OrderLine.quantity, OrderLine.unit_amount)
        .join(Order, Order.id == OrderLine.order_id).where(Order.workspace_id == workspace_id).order_by(Order.id, OrderLine.position)
    )  # fmt: skip
    assert [tuple(line) for line in lines] == [
        ("1001", 1, "Kettle", "K-1", 2, 123450),
        ("1001", 2, "Cup", "C-1", 1, 325),
        ("1002", 1, "Cup", "C-1", 4, 325),
    ]
    assert figures(session, workspace_id) == [("bob@b.example", 1, 1300), ("ada@b.example", 1, 247225)]
    assert [(number, amount, lines) for _, number, amount, lines in acts(session, workspace_id)] == [("1001", 247225, 2), ("1002", 1300, 1)]
    made = session.scalars(sa.select(Customer).where(Customer.workspace_id == workspace_id, Customer.email == "ada@b.example")).one()
    assert (made.origin, made.import_id) == ("import", row.id)
    assert session.scalars(sa.select(Consent).where(Consent.workspace_id == workspace_id)).all() == []


@pytest.mark.parametrize(("overwrite", "expected"), [("always", (0, 0, 3, 0)), ("empty", (0, 0, 3, 0)), ("never", (0, 0, 3, 0))])
def test_the_same_file_again_changes_nothing(session: Session, workspace_id: int, overwrite: str, expected: tuple[int, ...]) -> None:
    orders(workspace_id, LINES)
    before = kept(session, workspace_id), figures(session, workspace_id), acts(session, workspace_id)
    row = orders(workspace_id, LINES, overwrite=overwrite)
    assert (counts(row), row.customers_created) == (expected, 0)
    assert (kept(session, workspace_id), figures(session, workspace_id), acts(session, workspace_id)) == before


def test_amounts_as_people_write_them(session: Session, workspace_id: int) -> None:
    text = "order;email;date;total\n1;a@b.example;01.03.2026;1.234,50 €\n2;a@b.example;31.03.2026;7 €\n3;a@b.example;02.03.2026;-12,5\n"
    place = a_workspace(currency="EUR").id
    assert counts(orders(place, text)) == (3, 0, 0, 0)
    assert [(number, amount, day[:10]) for number, _, amount, *_, day in kept(session, place)] == [
        ("1", 123450, "2026-03-01"),
        ("2", 700, "2026-03-31"),
        ("3", -1250, "2026-03-02"),
    ]
    assert figures(session, place) == [("a@b.example", 2, 122900)]
    row = orders(workspace_id, text)
    assert [(line, reason) for line, _, _, reason in rejects(row)] == [
        (2, "This amount is in EUR, the order in USD; a column for the currency says so"),
        (3, "This amount is in EUR, the order in USD; a column for the currency says so"),
    ]


def test_other_currencies_need_their_rate_and_their_decimals(session: Session, workspace_id: int) -> None:
    text = "order,email,date,total,currency,rate\n"
    text += "1,a@b.example,2026-03-01,1200,JPY,0.0067\n2,a@b.example,2026-03-01,10.00,EUR,\n3,a@b.example,2026-03-01,10.5,JPY,0.0067\n"
    text += "4,a@b.example,2026-03-01,10.00,USD,2\n5,a@b.example,2026-03-01,10.00,XXQ,\n6,a@b.example,2026-03-01,10.00,eur,1.10\n"
    row = orders(workspace_id, text)
    assert [(n, amount, currency, value) for n, _, amount, currency, value, *_ in kept(session, workspace_id)] == [
        ("1", 1200, "JPY", 804),
        ("6", 1000, "EUR", 1100),
    ]
    assert [(line, column) for line, column, *_ in rejects(row)] == [(3, "rate"), (4, "total"), (5, "rate"), (6, "currency")]
    assert session.scalars(sa.select(Order.rate).where(Order.workspace_id == workspace_id, Order.external_id == "6")).one() == Decimal(
        "1.1"
    )


def test_refunds_name_an_order_above_them(session: Session, workspace_id: int) -> None:
    a_customer(workspace_id, email="b@b.example")
    text = "order,email,date,total,refund of\n"
    text += "R0,a@b.example,2026-03-03,-5.00,1\n1,a@b.example,2026-03-01,20.00,\nR1,a@b.example,2026-03-03,-5.00,1\n"
    text += "R2,b@b.example,2026-03-03,-5.00,1\nR3,a@b.example,2026-03-03,5.00,1\nR4,new@b.example,2026-03-03,-5.00,1\n"
    for size in (1, 2, 100):
        place = workspace_id if size == 1 else a_workspace().id
        if size > 1:
            a_customer(place, email="b@b.example")
        row = sized(place, text, size)
        assert counts(row) == (2, 0, 0, 4)
        assert [(line, reason) for line, _, _, reason in rejects(row)] == [
            (2, "This customer has no such order, here or further up in the file"),
            (5, "This customer has no such order, here or further up in the file"),
            (6, "A refund has an amount below zero."),
            (7, "This customer has no such order, here or further up in the file"),
        ]
        assert figures(session, place) == [("b@b.example", 0, 0), ("a@b.example", 1, 1500)]


def sized(workspace_id: int, text: str, size: int, **given: object) -> Import:
    """Import with chunks of so many rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_steps, "rows_for", lambda _width, _most=0: size)
        return orders(workspace_id, text, **given)


def test_half_an_order_is_no_order(session: Session, workspace_id: int) -> None:
    text = "order,email,date,item,price\n"
    text += "1,a@b.example,2026-03-01,Cup,3.00\n1,,,Pot,many\n1,,,Pan,4.00\n"
    text += "2,a@b.example,2026-03-01,Cup,3.00\n2,b@b.example,,Pot,1.00\n"
    text += '3,a@b.example,2026-03-01,Cup,3.00\n3,,,"Pot" big,1.00\n3,,,Pan,4.00\n'
    text += "4,a@b.example,2026-03-01,Cup,3.00,9\n,a@b.example,2026-03-01,Cup,3.00\n5,,2026-03-01,Cup,3.00\n6,a@b.example,,Cup,3.00\n"
    text += (
        "7,a@b.example,2026-03-01,Cup,\n8,a@b.example,2999-03-01,Cup,1\n9,a@b.example,2026-03-01,Cup,3.00\n1,a@b.example,2026-03-01,Cup,1\n"
    )
    expected = [
        (2, "", "Not taken, because line 3 of this order was not"),
        (3, "price", "Not a number"),
        (4, "", "Not taken, because line 3 of this order was not"),
        (5, "", "Not taken, because line 6 of this order was not"),
        (6, "email", "Line 5 of this order says otherwise: Customer's e-mail address"),
        (7, "", "Not taken, because line 8 of this order was not"),
        (8, "", "Text stands behind a closing quote; a quote inside a value is written twice"),
        (9, "", "Not taken, because line 8 of this order was not"),
        (10, "", "The heading has 5 columns, this row 6 values"),
        (11, "order", "An order needs its number"),
        (12, "email", "Whose order? It needs an address or a customer's id"),
        (13, "date", "An order needs its date"),
        (14, "price", "An order needs an amount: a total, or the price of an item"),
        (15, "date", "This lies in the future."),
    ]
    for size in (1, 2, 3, 5, 1000):
        place = a_workspace().id
        row = sized(place, text, size)
        assert [(line, column, reason) for line, column, _, reason in rejects(row)] == expected
        assert counts(row) == (2, 0, 0, 14)
        assert [number for number, *_ in kept(session, place)] == ["1", "9"]


def test_rows_of_one_order_stand_together(session: Session, workspace_id: int) -> None:
    text = "order,email,date,item,price\n1,a@b.example,2026-03-01,Cup,3.00\n2,a@b.example,2026-03-01,Pot,1.00\n1,a@b.example,2026-03-01,Pan,4.00\n"
    for size in (1, 2, 1000):
        place = a_workspace().id
        row = sized(place, text, size)
        assert rejects(row) == [(4, "order", "1", "Order 1 is on line 2 already; the rows of one order stand next to each other")]
        assert [(number, amount) for number, _, amount, *_ in kept(session, place)] == [("1", 300), ("2", 100)]


def test_an_order_without_end_is_refused_whole(session: Session, workspace_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.customers.imports.orders.ROWS", 600)
    head = "order,email,date,item,price\n"
    long = "".join(f"L,a@b.example,2026-03-01,Item {i},1.00\n" for i in range(1500))
    text = head + "0,a@b.example,2026-03-01,Cup,3.00\n" + long + "1,a@b.example,2026-03-01,Cup,3.00\n"
    just = head + "".join(f"J,a@b.example,2026-03-01,Item {i},1.00\n" for i in range(500))
    for size in (7, 550, 5000):
        place = a_workspace().id
        row = sized(place, text, size)
        assert counts(row) == (2, 0, 0, 1500)
        assert {reason for *_, reason in rejects(row)} == {"An order of more than 500 rows"}
        assert [number for number, *_ in kept(session, place)] == ["0", "1"]
        assert row.refusing is None
        assert counts(sized(place, just, size)) == (500, 0, 0, 0)


def test_whose_order_it_is(session: Session, workspace_id: int) -> None:
    a_customer(workspace_id, external_id="A", email="a@b.example")
    a_customer(workspace_id, external_id="B", email="b@b.example")
    a_customer(workspace_id, external_id=None, email="c@b.example")
    text = "order,email,customer id,date,total\n"
    text += "1,other@b.example,A,2026-03-01,1\n2,b@b.example,A,2026-03-01,1\n3,a@b.example,Z,2026-03-01,1\n4,c@b.example,C,2026-03-01,1\n"
    text += "5,new@b.example,N,2026-03-01,1\n6,new@b.example,,2026-03-01,1\n7,,N,2026-03-01,1\n8,new@b.example,M,2026-03-01,1\n"
    text += "9,not an address,A,2026-03-01,1\n"
    for size in (1, 4, 100):
        place = workspace_id if size == 1 else a_workspace().id
        for ident, mail in (("A", "a@b.example"), ("B", "b@b.example"), (None, "c@b.example")) if size > 1 else ():
            a_customer(place, external_id=ident, email=mail)
        row = sized(place, text, size)
        assert [(number, mail) for number, mail, *_ in kept(session, place)] == [
            ("1", "a@b.example"), ("4", "c@b.example"), ("5", "new@b.example"), ("6", "new@b.example"), ("7", "new@b.example"),
        ]  # fmt: skip
        assert [(line, reason) for line, _, _, reason in rejects(row)] == [
            (3, "The address and the id belong to two different customers"),
            (4, "This address belongs to the customer with the id A"),
            (9, "This address belongs to the customer with the id N"),
            (10, "A space in the address"),
        ]
        assert row.customers_created == 1


@pytest.mark.parametrize(
    ("overwrite", "amounts", "done"),
    [("always", [500, 300], (0, 1, 0, 1)), ("empty", [300, 300], (0, 0, 1, 1)), ("never", [300, 300], (0, 0, 1, 1))],
)
def test_orders_that_are_here(session: Session, workspace_id: int, overwrite: str, amounts: list[int], done: tuple[int, ...]) -> None:
    head = "order,email,date,total\n"
    orders(workspace_id, head + "1,a@b.example,2026-03-01,3\n2,b@b.example,2026-03-01,3\n")
    row = orders(workspace_id, head + "1,a@b.example,2026-03-05,5\n2,a@b.example,2026-03-01,3\n", overwrite=overwrite)
    assert counts(row) == done
    assert rejects(row) == [(3, "email", "a@b.example", "Order 2 belongs to another customer")]
    assert [amount for _, _, amount, *_ in kept(session, workspace_id)] == amounts
    assert [(number, amount) for _, number, amount, _ in acts(session, workspace_id)] == [("1", amounts[0]), ("2", 300)]
    assert figures(session, workspace_id) == [("a@b.example", 1, amounts[0]), ("b@b.example", 1, 300)]
    undone(row)
    assert (row.removed, row.restored, row.kept) == (0, done[1], 0)
    assert [amount for _, _, amount, *_ in kept(session, workspace_id)] == [300, 300]
    assert [(number, amount) for _, number, amount, _ in acts(session, workspace_id)] == [("1", 300), ("2", 300)]
    assert figures(session, workspace_id) == [("a@b.example", 1, 300), ("b@b.example", 1, 300)]


def test_undo_leaves_what_was_used_since(session: Session, workspace_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_undo, "BATCH", 2)
    head = "order,email,date,total,refund of\n"
    first = orders(
        workspace_id, head + "".join(f"{i},u{i}@b.example,2026-03-01,10,\n" for i in range(5)) + "R,u4@b.example,2026-03-02,-1,4\n"
    )
    orders(workspace_id, head + "1,u1@b.example,2026-03-01,11,\nS,u2@b.example,2026-03-03,-2,2\n", overwrite="always")
    undone(first)
    assert (first.removed, first.restored, first.kept) == (7, 0, 4)
    assert [(number, mail) for number, mail, *_ in kept(session, workspace_id)] == [
        ("1", "u1@b.example"), ("2", "u2@b.example"), ("S", "u2@b.example"),
    ]  # fmt: skip
    assert figures(session, workspace_id) == [("u1@b.example", 1, 1100), ("u2@b.example", 1, 800)]
    assert sorted(str(c.email) for c in list_kept(workspace_id, first.id, 10)[0]) == ["u1@b.example", "u2@b.example"]
    assert len(acts(session, workspace_id)) == 3
    with pytest.raises(Conflict):
        imports.undo(workspace_id, first.id, ADA)


def test_orders_that_are_no_sale_count_for_nobody(session: Session, workspace_id: int) -> None:
    text = "order,email,date,total,status\n1,a@b.example,2026-03-01,3,Paid\n2,b@b.example,2026-03-01,3,Cancelled\n"
    text += "3,c@b.example,2026-03-01,3,Refunded\n4,d@b.example,2026-03-01,3,warp\n5,e@b.example,2026-03-01,3,\n"
    row = orders(workspace_id, text)
    assert [mail for mail, *_ in figures(session, workspace_id)] == ["a@b.example", "e@b.example"]
    assert [(line, column, reason.split(";")[0]) for line, column, _, reason in rejects(row)] == [
        (3, "status", "No sale: the order is cancelled"),
        (4, "status", "A refund is an order of its own, with a number of its own and an amount below zero"),
        (5, "status", "Not a known status"),
    ]


@pytest.mark.parametrize(
    ("text", "given", "field"),
    [
        ("email,date,total\na@b.example,2026-03-01,1\n", {}, "mapping"),
        ("order,date,total\n1,2026-03-01,1\n", {}, "mapping"),
        ("order,email,total\n1,a@b.example,1\n", {}, "mapping"),
        ("order,email,date\n1,a@b.example,2026-03-01\n", {}, "mapping"),
        ("order,email,date,total\n1,a@b.example,2026-03-01,1\n", {"mapping": {"total": "fields.x"}}, "mapping.total"),
        ("order,email,date,total\n1,a@b.example,2026-03-01,1\n", {"mapping": {"total": "first_name"}}, "mapping.total"),
        ("order,email,date,total\n1,a@b.example,2026-03-01,1\n", {"consent": {"state": "subscribed"}}, "consent"),
    ],
)
def test_plans_that_are_refused(session: Session, workspace_id: int, text: str, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as no:
        begun(workspace_id, text, kind="orders", **given)
    assert list(no.value.errors) == [field]


CELLS: tuple[tuple[str, ...], ...] = (
    ("", "a@b.example", "b@b.example", "x@@b"),
    ("2026-03-01", "2026-03-01", "", "soon"),
    ("Cup", "=cmd()", "", "Zoë ☕", '"two\nlines"', '"bad" quote', "nul\0"),
    ("1", "2", "-1", "1.5", ""),
    ("3.00", "4", "", "x", "99999999999999999"),
    ("", "", "1", "30"),
)


def hostile(seed: int) -> str:
    """Return a file with something wrong in many rows."""
    chance = random.Random(seed)
    rows = []
    for _ in range(70):
        number = str(chance.randrange(40))
        for _ in range(chance.choice([1, 1, 2, 3])):
            cells = [choices[0] if chance.random() < 0.6 and choices[0] else chance.choice(choices) for choices in CELLS]
            rows.append(",".join([number, *cells]))
    return "order,email,date,item,qty,price,refund of\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("seed", range(2))
def test_hostile_files_come_to_the_same_in_chunks_of_any_size(session: Session, seed: int) -> None:
    text = hostile(seed)
    outcomes = []
    for size in (1, 7, 5000):
        place = a_workspace().id
        done = [sized(place, hostile(seed + 100), size), sized(place, text, size, overwrite="always")]
        seen = [(counts(row), row.customers_created, rejects(row)) for row in done]
        outcomes.append((seen, kept(session, place), figures(session, place), acts(session, place)))
        for row in reversed(done):
            undone(row)
        assert (kept(session, place), figures(session, place), acts(session, place)) == ([], [], [])
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0][0][1][0][3] > 20, "many were refused"
    assert len(outcomes[0][1]) > 5, "some were taken"


def test_by_api(client: FlaskClient, session: Session) -> None:
    place = workspace()
    key = api_key(place)
    answer = client.post(
        "/api/v1/orders/import", data={"file": (io.BytesIO(LINES.encode()), "orders.csv"), "overwrite": "always"}, headers=key
    )
    assert (answer.status_code, answer.json["kind"], answer.json["state"]) == (202, "orders", "queued")
    row = session.scalars(sa.select(Import).where(Import.workspace_id == place.id)).one()
    work(row)
    shown = client.get(f"/api/v1/imports/{row.id}", headers=key).json
    assert (shown["created"], shown["customers_created"], shown["rejected"]) == (3, 2, 0)
    listed = client.get(f"/api/v1/customers?import_id={row.id}", headers=key).json
    assert sorted(item["email"] for item in listed["items"]) == ["ada@b.example", "bob@b.example"]
    answer = client.post(f"/api/v1/imports/{row.id}/undo", headers=key)
    assert answer.status_code == 202
    while import_undo.step(place.id, row.id):
        pass
    assert client.get("/api/v1/orders", headers=key).json["items"] == []
    assert session.scalars(sa.select(ImportUndo.act).where(ImportUndo.workspace_id == place.id, ImportUndo.act == 3)).all() == []
    refused = client.post("/api/v1/orders/import", data={"file": (io.BytesIO(b"email\na@b.example\n"), "x.csv")}, headers=key)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["mapping"])


def test_a_chunk_takes_a_few_statements(session: Session, workspace_id: int) -> None:
    """The number of statements does not grow with the rows of a chunk."""
    seen: list[int] = []

    def count(rows: int) -> int:
        text = "order,email,date,item,price\n" + "".join(f"{rows}-{i},u{rows}-{i}@b.example,2026-03-01,Cup,3.00\n" for i in range(rows))
        row = begun(workspace_id, text, kind="orders")
        assert import_steps.step(workspace_id, row.id)
        seen.clear()
        listener = lambda *_: seen.append(1)  # noqa: E731
        sa.event.listen(session.get_bind(), "before_cursor_execute", listener)
        try:
            import_steps.step(workspace_id, row.id)
        finally:
            sa.event.remove(session.get_bind(), "before_cursor_execute", listener)
        assert counts(row)[0] == rows
        return len(seen)

    assert count(3) == count(300)
