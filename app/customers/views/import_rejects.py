"""The rows that an import did not take, and the customers whom undoing it left alone."""

from flask import Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.core.schemas import ListQuery, parse
from app.core.web.form import nested
from app.core.web.pages import Pages
from app.core.web.principal import Principal
from app.core.web.template import here as address
from app.customers.imports.rejects import LABELS, Kind
from app.customers.queries import imports as queries
from app.customers.schemas.imports import RejectQuery
from app.customers.service import imports

pages = Pages("customer_import_rejects", __name__)
PER_PAGE = 50


@pages.get("/customers/imports/<int:import_id>/rejects", "customers.view")
def list_rejects(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Show the refused rows by reason."""
    query = parse(RejectQuery, nested(RejectQuery, request.args))
    row = imports.get_import(caller.workspace_id, import_id)
    kinds = queries.count_rejects(caller.workspace_id, import_id)
    kind = query.kind if query.kind in kinds else None
    rows, following = queries.list_rejects(caller.workspace_id, import_id, PER_PAGE, query.cursor, kind)
    picks = [{"label": "All", "href": address(kind=None), "count": sum(kinds.values()), "current": kind is None}]
    picks += [{"label": LABELS[Kind(name)], "href": address(kind=name), "count": n, "current": name == kind} for name, n in kinds.items()]
    return render_template("customers/imports/rejects.html", row=row, rejects=rows, picks=picks, next=following, back=bool(query.cursor))


@pages.get("/customers/imports/<int:import_id>/rejects.csv", "customers.view")
def download_rejects(caller: Principal, import_id: int) -> Response:
    """Send the refused rows as CSV with line and reason, in which no cell is a formula."""
    lines = imports.rejects_csv(caller.workspace_id, import_id)
    headers = {"Content-Disposition": f'attachment; filename="import-{import_id}-refused.csv"'}
    return Response(stream_with_context(lines), mimetype="text/csv", headers=headers)


@pages.get("/customers/imports/<int:import_id>/kept", "customers.view")
def list_kept(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Show whom undoing left alone."""
    query = parse(ListQuery, nested(ListQuery, request.args))
    row = imports.get_import(caller.workspace_id, import_id)
    rows, following = queries.list_kept(caller.workspace_id, import_id, PER_PAGE, query.cursor)
    return render_template("customers/imports/kept.html", row=row, customers=rows, next=following, back=bool(query.cursor))
