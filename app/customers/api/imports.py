"""Imports by programs."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, stream_with_context

from app.core.errors import Invalid
from app.core.schemas import ListQuery, Page, parse
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.core.web.uploads import received
from app.customers.queries import imports as queries
from app.customers.schemas.imports import ImportIn, ImportOut, RejectOut, RejectQuery
from app.customers.service import imports

api = Api("imports", __name__)
_JSON = ("mapping", "labels", "consent")


def _said(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields beside the file; those that hold JSON are read. Raises Invalid."""
    said: dict[str, Any] = {name: value for name, value in form.items() if value.strip()}
    for name in _JSON:
        if name in said:
            try:
                said[name] = json.loads(said[name])
            except (ValueError, RecursionError):
                raise Invalid({name: "This is not JSON."}) from None
    return said


@api.post(
    "/customers/import",
    permission="customers.import",
    accept="file",
    returns=ImportOut,
    status=202,
    summary="Import a CSV file of customers",
)
def import_customers(caller: Principal) -> ImportOut:
    """Take `file`, and `mapping`, `labels`, `overwrite`, `consent`, `encoding`, `delimiter` where given; the work goes on in the background."""
    with received(caller.workspace_id) as (file, form):
        row = imports.accept(caller.workspace_id, file, parse(ImportIn, _said(form)), caller.actor)
        return imports.describe(row)


@api.post(
    "/orders/import",
    permission="customers.import",
    accept="file",
    returns=ImportOut,
    status=202,
    summary="Import a CSV file of orders",
)
def import_orders(caller: Principal) -> ImportOut:
    """Take `file`, and `mapping`, `overwrite`, `encoding`, `delimiter` where given; the work goes on in the background.

    Rows next to each other with the same order number are one order; each is a line of it. Amounts are decimal text in the order's
    currency, refunds below zero. Customers who are not here are made, without consent.
    """
    with received(caller.workspace_id) as (file, form):
        row = imports.accept(caller.workspace_id, file, parse(ImportIn, _said(form) | {"kind": "orders"}), caller.actor)
        return imports.describe(row)


@api.get("/imports", permission="customers.view", query=ListQuery, returns=Page[ImportOut], summary="List imports, newest first")
def list_imports(caller: Principal, query: ListQuery) -> Page[ImportOut]:
    """Return a page of imports."""
    rows, following = queries.list_imports(caller.workspace_id, query.limit, query.cursor)
    return Page[ImportOut](items=[imports.describe(row) for row in rows], next=following)


@api.get("/imports/<int:import_id>", permission="customers.view", returns=ImportOut, summary="How an import stands")
def get_import(caller: Principal, import_id: int) -> ImportOut:
    """Return an import with its counts."""
    return imports.describe(imports.get_import(caller.workspace_id, import_id))


@api.post(
    "/imports/<int:import_id>/cancel", permission="customers.import", returns=ImportOut, summary="Stop an import; what was taken stays"
)
def cancel_import(caller: Principal, import_id: int) -> ImportOut:
    """Stop an import for good."""
    return imports.describe(imports.cancel(caller.workspace_id, import_id, caller.actor))


@api.post("/imports/<int:import_id>/pause", permission="customers.import", returns=ImportOut, summary="Pause an import")
def pause_import(caller: Principal, import_id: int) -> ImportOut:
    """Let an import wait."""
    return imports.describe(imports.pause(caller.workspace_id, import_id, caller.actor))


@api.post("/imports/<int:import_id>/resume", permission="customers.import", returns=ImportOut, summary="Let a paused import go on")
def resume_import(caller: Principal, import_id: int) -> ImportOut:
    """Let an import go on where it stopped."""
    return imports.describe(imports.resume(caller.workspace_id, import_id, caller.actor))


@api.post(
    "/imports/<int:import_id>/undo", permission="customers.import", returns=ImportOut, status=202, summary="Take back what an import did"
)
def undo_import(caller: Principal, import_id: int) -> ImportOut:
    """Stop an import if it runs, and take back what it did to whoever was not touched since."""
    return imports.describe(imports.undo(caller.workspace_id, import_id, caller.actor))


@api.get(
    "/imports/<int:import_id>/rejects",
    permission="customers.view",
    query=RejectQuery,
    returns=Page[RejectOut],
    summary="Rows that were not taken",
)
def list_rejects(caller: Principal, import_id: int, query: RejectQuery) -> Page[RejectOut]:
    """Return a page of rejects with line, column, what was found and why."""
    imports.get_import(caller.workspace_id, import_id)
    rows, following = queries.list_rejects(caller.workspace_id, import_id, query.limit, query.cursor, query.kind)
    return Page[RejectOut](items=[RejectOut.model_validate(row) for row in rows], next=following)


@api.get(
    "/imports/<int:import_id>/rejects.csv",
    permission="customers.view",
    returns=None,
    summary="Rejects as CSV",
)
def download_rejects(caller: Principal, import_id: int) -> Response:
    """Return the rejects as CSV in which no cell is a formula."""
    lines = imports.rejects_csv(caller.workspace_id, import_id)
    name = f"import-{import_id}-rejects.csv"
    return Response(stream_with_context(lines), mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})
