"""Where a column of a file of orders may go, their usual names in the exports of shops, and how each cell is read."""

import re
from decimal import Decimal
from functools import partial

from babel.numbers import list_currencies

from app.customers.imports.addresses import read_address
from app.customers.imports.cells import read_text
from app.customers.imports.numbers import Mark, read_money, read_number
from app.customers.imports.rejects import Kind, Unreadable
from app.customers.imports.targets import LINE, Target

_CURRENCIES = frozenset(list_currencies())
_SOLD = frozenset(
    [
        *(
            "paid",
            "complete",
            "completed",
            "fulfilled",
            "unfulfilled",
            "partial",
            "partially_paid",
            "shipped",
            "delivered",
            "closed",
            "open",
        ),
        *("processing", "sold", "done", "success", "successful", "captured", "invoiced", "bezahlt", "abgeschlossen", "versendet", "payee"),
    ]
)
_NOT_SOLD = frozenset(
    [
        *("cancelled", "canceled", "void", "voided", "failed", "pending", "draft", "expired", "unpaid", "authorized", "declined"),
        *("abandoned", "on_hold", "checkout_draft", "pending_payment", "storniert", "offen", "annulee"),
    ]
)
_REFUNDED = frozenset(["refunded", "partially_refunded", "returned", "erstattet", "remboursee"])
_SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₴": "UAH", "zł": "PLN", "¥": "JPY CNY"}
_MOST_QUANTITY = 1_000_000
_DECIMALS = 10
"""Of a rate of exchange."""

_line = partial(read_text, longest=LINE)


def read_status(value: str) -> str | None:
    """Return `sold`, None for an empty cell. Raises Unreadable for an order that is no sale: its amount counts for nobody."""
    word = "_".join(re.findall(r"\w+", value.casefold())).replace("é", "e")
    if not word or word in _SOLD:
        return "sold" if word else None
    if word in _NOT_SOLD:
        raise Unreadable(Kind.VALUE, f"No sale: the order is {value.strip().lower()[:40]}")
    if word in _REFUNDED:
        raise Unreadable(Kind.VALUE, "A refund is an order of its own, with a number of its own and an amount below zero")
    raise Unreadable(Kind.VALUE, "Not a known status; write paid or cancelled, or leave the column out")


def read_currency(value: str) -> str | None:
    """Return a currency as `USD`, None for an empty cell. Raises Unreadable."""
    code = value.strip().upper()
    if code and code not in _CURRENCIES:
        raise Unreadable(Kind.VALUE, "Not a currency; write three letters such as USD")
    return code or None


def read_quantity(value: str) -> int | None:
    """Return how many, None for an empty cell. Raises Unreadable."""
    number = read_number(value)
    if number is None:
        return None
    count = Decimal(number)
    if count != count.to_integral_value() or abs(count) > _MOST_QUANTITY:
        raise Unreadable(Kind.NUMBER, f"A quantity is a whole number, at most {_MOST_QUANTITY:,}")
    return int(count)


def read_rate(value: str, mark: Mark = "point") -> Decimal | None:
    """Return what one unit of the order's currency is worth in the workspace's, None for an empty cell. Raises Unreadable."""
    number = read_number(value, mark)
    if number is None:
        return None
    rate = round(Decimal(number), _DECIMALS)
    if rate <= 0:
        raise Unreadable(Kind.NUMBER, "A rate is above zero")
    return rate


def read_amount(value: str, currency: str, decimals: int, mark: Mark = "point") -> int | None:
    """Return an amount in minor units of `currency`, None for an empty cell.

    Raises Unreadable, also where the amount bears the sign of another currency: 12 € are not 12 dollars.
    """
    for sign, codes in _SIGNS.items():
        if sign in value and currency not in codes.split():
            raise Unreadable(
                Kind.NUMBER, f"This amount is in {codes.split()[0]}, the order in {currency}; a column for the currency says so"
            )
    minor = read_money(value, decimals, mark)
    return None if minor is None else int(minor)


ORDER_TARGETS = {
    target.key: target
    for target in (
        Target(
            "order_id",
            "Order number",
            ("order id", "orderid", "order", "order number", "order no", "number", "id", "external id", "invoice", "bestellnummer"),
            _line,
        ),
        Target(
            "email",
            "Customer's e-mail address",
            ("email", "customer email", "email address", "billing email", "contact email", "buyer email"),
            read_address,
        ),
        Target(
            "customer_id",
            "Customer's external id",
            ("customer id", "customerid", "customer external id", "user id", "contact id", "buyer id", "kundennummer"),
            _line,
        ),
        Target(
            "ordered_at",
            "Ordered at",
            ("ordered at", "order date", "date", "created at", "ordered on", "purchased at", "purchase date", "bestelldatum", "datum"),
            None,
            "datetime",
        ),
        Target("status", "Status", ("status", "order status", "financial status", "payment status", "state"), read_status),
        Target("currency", "Currency", ("currency", "currency code", "order currency", "wahrung", "devise"), read_currency),
        Target(
            "total",
            "Total",
            ("total", "amount", "order total", "total price", "grand total", "order amount", "revenue", "value", "betrag", "summe"),
            None,
            "money",
        ),
        Target("rate", "Rate of exchange", ("rate", "exchange rate", "conversion rate"), None, "number"),
        Target("refund_of", "Refund of order", ("refund of", "refunded order", "refund for", "original order"), _line),
        Target(
            "item", "Item", ("item", "item name", "product", "product name", "lineitem name", "line item name", "title", "artikel"), _line
        ),
        Target("sku", "SKU", ("sku", "item sku", "product sku", "lineitem sku", "line item sku", "product id", "artikelnummer"), _line),
        Target("category", "Category", ("category", "product category", "product type", "kategorie"), _line),
        Target("quantity", "Quantity", ("quantity", "qty", "lineitem quantity", "line item quantity", "menge", "anzahl"), None),
        Target(
            "unit_price",
            "Price of one",
            ("unit price", "price", "item price", "lineitem price", "line item price", "unit amount", "einzelpreis", "preis"),
            None,
            "money",
        ),
    )
}
"""In the order in which pages list them."""
