"""Orders: recorded one by one or in bulk, listed."""

from app.core.errors import Invalid, NotFound
from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.customers.models import Order, OrderLine
from app.customers.queries import orders as queries
from app.customers.queries.customers import NO_ONE
from app.customers.schemas.orders import LineOut, Misfit, OrderIn, OrderOut, OrderQuery, OrdersIn, RecordedOut
from app.customers.service import orders as service

api = Api("orders", __name__)


@api.post("/orders", permission="customers.edit", body=OrderIn, returns=OrderOut, status=201, summary="Record an order or a refund")
def record_order(caller: Principal, body: OrderIn) -> OrderOut:
    """Record an order. Sent again with the same external id it changes nothing and answers the same, with `repeated`."""
    (outcome,) = service.record_orders(caller.workspace_id, [body], caller.actor)
    if outcome.errors == {"customer": NO_ONE} and body.customer.id is not None:
        raise NotFound("customer")
    if outcome.order is None:
        raise Invalid(outcome.errors)
    return _out(outcome.order, queries.lines_of([outcome.order.id]).get(outcome.order.id, []), repeated=not outcome.new)


@api.post("/orders/bulk", permission="customers.edit", body=OrdersIn, returns=RecordedOut, summary="Record up to 1,000 orders")
def record_orders(caller: Principal, body: OrdersIn) -> RecordedOut:
    """Record the orders that fit; the others are named in `errors` by their path."""
    errors: dict[str, str] = {}
    fit: list[tuple[int, OrderIn]] = []
    given: list[object] = list(body.orders)
    for index, order in enumerate(given):
        if isinstance(order, Misfit):
            errors |= by_path("orders", index, order.errors)
        elif isinstance(order, OrderIn):
            fit.append((index, order))
    outcomes = service.record_orders(caller.workspace_id, [order for _, order in fit], caller.actor)
    for (index, _), outcome in zip(fit, outcomes, strict=True):
        errors |= by_path("orders", index, outcome.errors)
    new = sum(outcome.new for outcome in outcomes)
    known = sum(outcome.order is not None for outcome in outcomes) - new
    if not new and not known:
        raise Invalid(errors)
    return RecordedOut(recorded=new, repeated=known, refused=len(given) - new - known, errors=errors)


@api.get("/orders", permission="customers.view", query=OrderQuery, returns=Page[OrderOut], summary="List orders")
def list_orders(caller: Principal, query: OrderQuery) -> Page[OrderOut]:
    """Return a page of orders, newest first."""
    rows, following = queries.list_orders(caller.workspace_id, query)
    lines = queries.lines_of([row.id for row in rows])
    return Page(items=[_out(row, lines.get(row.id, [])) for row in rows], next=following)


@api.get("/orders/<int:order_id>", permission="customers.view", returns=OrderOut, summary="Get an order")
def get_order(caller: Principal, order_id: int) -> OrderOut:
    """Return an order with its lines."""
    row = queries.get_order(caller.workspace_id, order_id)
    return _out(row, queries.lines_of([row.id]).get(row.id, []))


def by_path(name: str, index: int, errors: dict[str, str]) -> dict[str, str]:
    """Return errors of an entry by their path in the call: `orders[3].currency`."""
    return {f"{name}[{index}].{path}" if path else f"{name}[{index}]": why for path, why in errors.items()}


def _out(row: Order, lines: list[OrderLine], *, repeated: bool = False) -> OrderOut:
    plain = {name: getattr(row, name) for name in OrderOut.model_fields if name not in ("lines", "repeated")}
    return OrderOut(**plain, lines=[LineOut.model_validate(line) for line in lines], repeated=repeated)
