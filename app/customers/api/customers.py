"""Customers: listed, made, changed, tagged, deleted, exported."""

from collections.abc import Sequence
from typing import Any

from flask import Response

from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.download import csv_file
from app.core.web.principal import Principal
from app.customers import fields
from app.customers.queries import customers as queries
from app.customers.queries.export import heading, pieces
from app.customers.queries.find import find
from app.customers.queries.lists import Row, page
from app.customers.queries.place import place
from app.customers.schemas.customers import CustomerIn, CustomerOut, CustomerPatch, StatsOut, TagsIn
from app.customers.schemas.lists import CustomerQuery, ExportQuery
from app.customers.service import customers as service
from app.customers.service.erase import delete
from app.customers.service.exports import note_export

api = Api("customers", __name__)


def shown(workspace_id: int, rows: Sequence[Row]) -> list[CustomerOut]:
    """Return customers as the API shows them, with the consents of all of them by one query."""
    consents = queries.consents_of(workspace_id, [row.customer.id for row in rows])
    return [_out(row, consents.get(row.customer.id, {})) for row in rows]


def _out(row: Row, consent: dict[str, str]) -> CustomerOut:
    plain: dict[str, Any] = {name: getattr(row.customer, name) for name in CustomerOut.model_fields if hasattr(row.customer, name)}
    stats = StatsOut.model_validate(row.stats)
    return CustomerOut(**plain, fields=row.customer.attributes, stats=stats, consent=consent, suppressed=row.suppressed)


@api.get("/customers", permission="customers.view", query=CustomerQuery, returns=Page[CustomerOut], summary="List customers")
def list_customers(caller: Principal, query: CustomerQuery) -> Page[CustomerOut]:
    """Return a page of customers."""
    here = caller.workspace_id
    wanted = find(here, query, fields.custom(here), place(here))
    found = page(wanted, query.sort, query.limit, query.cursor)
    return Page(items=shown(here, found.rows), next=found.next)


@api.post("/customers", permission="customers.edit", body=CustomerIn, returns=CustomerOut, status=201, summary="Create a customer")
def create_customer(caller: Principal, body: CustomerIn) -> CustomerOut:
    """Make a customer."""
    row = service.create(caller.workspace_id, body, caller.actor)
    return _one(caller.workspace_id, row.id)


@api.get("/customers/export", permission="customers.export", query=ExportQuery, summary="Export customers as CSV")
def export_customers(caller: Principal, query: ExportQuery) -> Response:
    """Send everybody the filters find as a CSV file; cells that a spreadsheet would run as formulas begin with an apostrophe."""
    here = caller.workspace_id
    custom, at = fields.custom(here), place(here)
    wanted = find(here, query, custom, at)
    note_export(here, query, caller.actor)
    return csv_file("customers.csv", heading(custom), pieces(wanted, custom, at))


@api.get("/customers/<int:customer_id>", permission="customers.view", returns=CustomerOut, summary="Get a customer")
def get_customer(caller: Principal, customer_id: int) -> CustomerOut:
    """Return a customer."""
    return _one(caller.workspace_id, customer_id)


@api.patch(
    "/customers/<int:customer_id>", permission="customers.edit", body=CustomerPatch, returns=CustomerOut, summary="Change a customer"
)
def update_customer(caller: Principal, customer_id: int, body: CustomerPatch) -> CustomerOut:
    """Change the fields that are given."""
    service.update(caller.workspace_id, customer_id, body, caller.actor)
    return _one(caller.workspace_id, customer_id)


@api.delete("/customers/<int:customer_id>", permission="customers.delete", summary="Delete a customer and all about them")
def delete_customer(caller: Principal, customer_id: int) -> None:
    """Delete a customer; who unsubscribed stays on the suppression list."""
    delete(caller.workspace_id, customer_id, caller.actor)


@api.post("/customers/<int:customer_id>/tags", permission="customers.edit", body=TagsIn, returns=CustomerOut, summary="Tag a customer")
def tag_customer(caller: Principal, customer_id: int, body: TagsIn) -> CustomerOut:
    """Put tags on and take tags off."""
    service.tag(caller.workspace_id, customer_id, body.add, body.remove, caller.actor)
    return _one(caller.workspace_id, customer_id)


def _one(workspace_id: int, customer_id: int) -> CustomerOut:
    return shown(workspace_id, [queries.get_row(workspace_id, customer_id)])[0]
