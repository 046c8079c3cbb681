"""Imports of files: the list, the upload, how one stands, and what people do to one that has begun."""

from collections.abc import Callable
from typing import Any

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.core.actor import Actor
from app.core.errors import Conflict, Invalid, TooLarge
from app.core.schemas import ListQuery, parse
from app.core.web.answers import for_program
from app.core.web.flash import flash
from app.core.web.form import nested
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.core.web.uploads import most, most_says, received
from app.customers.models import Import, ImportState
from app.customers.queries import imports as queries
from app.customers.schemas.imports import UploadIn
from app.customers.service import import_drafts as drafts
from app.customers.service import imports
from app.customers.views.standing import kinds, standing, standings

pages = Pages("customer_imports", __name__)
PER_PAGE = 30
FIRST_REJECTS = 8


@pages.get("/customers/imports", "customers.view")
def list_imports(caller: Principal) -> ResponseReturnValue:
    """Show the files that came in, and those that wait to be."""
    query = parse(ListQuery, nested(ListQuery, request.args))
    rows, following = queries.list_imports(caller.workspace_id, PER_PAGE, query.cursor, drafts=True)
    return render_template("customers/imports/list.html", standings=standings(rows), next=following, first=not query.cursor)


@pages.form("/customers/import", "customers.import", accept="file")
def upload_import(caller: Principal) -> ResponseReturnValue:
    """Take a file. A script sends it as a stream and reads JSON; a plain form works too."""
    if request.method == "GET":
        return _upload_page(request.args.get("kind", ""))
    kind = ""
    try:
        with received(caller.workspace_id) as (file, form):
            kind = form.get("kind", "customers")
            row = drafts.receive(caller.workspace_id, file, parse(UploadIn, {"kind": kind}).kind, caller.actor)
    except (Invalid, TooLarge) as no:
        if for_program():
            raise
        return _upload_page(kind, " ".join(no.errors.values()) if isinstance(no, Invalid) else no.reason), no.status
    address = f"/customers/imports/{row.id}/columns"
    return (jsonify(url=address), 201) if for_program() else redirect(address)


def _upload_page(kind: str, error: str = "") -> str:
    return render_template(
        "customers/imports/upload.html", kind="orders" if kind == "orders" else "customers", most=most(), most_says=most_says(), error=error
    )


@pages.get("/customers/imports/<int:import_id>", "customers.view")
def show_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Show an import in the step it is in."""
    row = imports.get_import(caller.workspace_id, import_id)
    if row.state == ImportState.DRAFT and caller.can("customers.import"):
        return redirect(f"/customers/imports/{import_id}/columns")
    return render_template("customers/imports/show.html", **_live(row))


@pages.get("/customers/imports/<int:import_id>/progress", "customers.view")
def show_progress(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Show how far it is; a page that shows another phase than the present one is told to load itself again."""
    row = imports.get_import(caller.workspace_id, import_id)
    says = _live(row)
    if says["now"].phase != request.args.get("phase", says["now"].phase):
        return "", 200, {"HX-Refresh": "true"}
    return render_template("customers/imports/_live.html", **says)


def _live(row: Import) -> dict[str, Any]:
    now = standing(row)
    first, _ = queries.list_rejects(row.workspace_id, row.id, FIRST_REJECTS) if row.rejected else ((), None)
    return {"row": row, "now": now, "rejects": first, "picks": _picks(row), "again": drafts.may_start_over(row), "orders": _orders(row)}


def _orders(row: Import) -> int:
    """Return how many orders a file of them made, once it is over."""
    return queries.count_orders(row.workspace_id, row.id) if row.kind == "orders" and row.state in imports.OVER else 0


def _picks(row: Import) -> list[dict[str, object]]:
    """Return ways to the refused rows by reason."""
    at, counted = f"/customers/imports/{row.id}/rejects", kinds(row)
    every = [{"label": "All", "href": at, "count": row.rejected, "current": True}] if counted else []
    return every + [{"label": words, "href": f"{at}?kind={kind}", "count": n, "current": False} for kind, words, n in counted]


@pages.post("/customers/imports/<int:import_id>/pause", "customers.import")
def pause_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Let it wait."""
    return _act(caller, import_id, imports.pause)


@pages.post("/customers/imports/<int:import_id>/resume", "customers.import")
def resume_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Let it go on where it stopped."""
    return _act(caller, import_id, imports.resume)


@pages.post("/customers/imports/<int:import_id>/cancel", "customers.import")
def cancel_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Stop it for good; what was taken stays."""
    return _act(caller, import_id, imports.cancel)


@pages.post("/customers/imports/<int:import_id>/undo", "customers.import")
def undo_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Stop it if it runs, and take back what it did."""
    return _act(caller, import_id, imports.undo)


@pages.post("/customers/imports/<int:import_id>/again", "customers.import")
def start_over(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Begin anew with the same file."""
    try:
        draft = drafts.start_over(caller.workspace_id, import_id, caller.actor)
    except Conflict as no:
        flash(no.reason, tone="warn")
        return redirect(f"/customers/imports/{import_id}")
    return redirect(f"/customers/imports/{draft.id}/columns")


def _act(caller: Principal, import_id: int, deed: Callable[[int, int, Actor], Import]) -> ResponseReturnValue:
    """Do it and show the import; what somebody did before in another tab is said."""
    try:
        deed(caller.workspace_id, import_id, caller.actor)
    except Conflict as no:
        flash(no.reason, tone="warn")
    return redirect(f"/customers/imports/{import_id}")
