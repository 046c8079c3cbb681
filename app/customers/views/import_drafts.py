"""A file before its import begins: how it is read, where its columns go, a dry run, the start."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.core.errors import Conflict, Invalid
from app.core.schemas import parse
from app.core.web.flash import flash
from app.core.web.form import undo_begun
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.customers.imports.dialect import ENCODINGS
from app.customers.imports.mapping import check
from app.customers.imports.rejects import LABELS
from app.customers.models import Import
from app.customers.schemas.imports import ImportIn
from app.customers.service import import_drafts as drafts
from app.customers.service import imports
from app.customers.views import columns
from app.customers.views.preview import preview
from app.customers.views.readings import read_as

pages = Pages("customer_import_drafts", __name__)
DELIMITER_WORDS = {",": "Comma ,", ";": "Semicolon ;", "\t": "Tab", "|": "Bar |"}


@pages.get("/customers/imports/<int:import_id>/columns", "customers.import")
def show_columns(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Show where the columns go; first of all in which encoding the file is, where that is open."""
    row = imports.get_import(caller.workspace_id, import_id)
    if row.state != "draft":
        return redirect(f"/customers/imports/{import_id}")
    if row.dialect is None:
        return _ask_encoding(row)
    return _columns(drafts.open_draft(caller.workspace_id, import_id))


def _ask_encoding(row: Import, errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "customers/imports/encoding.html", row=row, ways=drafts.ways_to_read(row), encodings=ENCODINGS, errors=errors or {}
    )


def _columns(draft: drafts.Draft, posted: MultiDict[str, str] | None = None, errors: Mapping[str, str] | None = None) -> str:
    row, groups = draft.row, columns.targets(draft)
    shown = columns.rows(draft, posted, errors)
    consent = row.consent or {}
    says: dict[str, Any] = {
        "overwrite": posted.get("overwrite", "") if posted is not None else row.overwrite,
        "consent": posted.get("consent", "") if posted is not None else consent.get("state", ""),
        "basis": posted.get("basis", "") if posted is not None else consent.get("basis") or "consent",
    }
    options = sum(len(group) for _, group in groups)
    return render_template(
        "customers/imports/columns.html",
        row=row,
        read_as=read_as(row),
        columns=shown,
        groups=groups,
        lean=len(shown) * options > columns.MOST_OPTIONS,
        types=columns.TYPE_WORDS,
        marks=columns.MARKS,
        orders=columns.ORDERS,
        encodings=ENCODINGS,
        delimiters=DELIMITER_WORDS,
        says=says,
        errors=errors or {},
        left=_left(errors or {}, shown),
    )


def _left(errors: Mapping[str, str], shown: list[columns.Row]) -> list[str]:
    """Return the reasons that stand at no column."""
    placed = {row.error for row in shown}
    return [why for why in errors.values() if why not in placed]


@pages.post("/customers/imports/<int:import_id>/read", "customers.import")
def read_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Read the file in another encoding, or with another delimiter."""
    here, encoding, delimiter = caller.workspace_id, request.form.get("encoding"), request.form.get("delimiter")
    try:
        drafts.read_again(here, import_id, encoding or None, delimiter or None)
    except Conflict as no:
        return _overtaken(import_id, no)
    except Invalid as no:
        undo_begun()
        row = imports.get_draft(here, import_id)
        return _ask_encoding(row, no.errors) if row.dialect is None else _columns(drafts.open_draft(here, import_id), None, no.errors), 422
    flash("The file is read anew; look through the columns again.")
    return redirect(f"/customers/imports/{import_id}/columns")


@pages.post("/customers/imports/<int:import_id>/columns", "customers.import")
def choose_columns(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Keep where the columns go, then rehearse."""
    here = caller.workspace_id
    try:
        draft = drafts.open_draft(here, import_id)
        imports.choose(here, import_id, _given(draft))
    except Conflict as no:
        return _overtaken(import_id, no)
    except Invalid as no:
        undo_begun()
        return _columns(drafts.open_draft(here, import_id), request.form, no.errors), 422
    return redirect(f"/customers/imports/{import_id}/check")


def _given(draft: drafts.Draft) -> ImportIn:
    """Read the form. Raises Invalid, Conflict where it is about other columns than the file has by now."""
    if request.form.get("heading", draft.row.heading_digest) != draft.row.heading_digest:
        raise Conflict("The file was read in another way meanwhile. These are its columns now.")
    mapping, labels = columns.said(columns.rows(draft, request.form), draft)
    state = request.form.get("consent", "")
    basis = request.form.get("basis") or None
    given: dict[str, Any] = {"mapping": mapping, "labels": labels, "overwrite": request.form.get("overwrite", "empty")}
    if state:
        given["consent"] = {"state": state, "basis": basis if state == "subscribed" else None}
    return parse(ImportIn, given)


@pages.get("/customers/imports/<int:import_id>/check", "customers.import")
def check_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Take the first rows for real, show what came of it, and take it back."""
    row = imports.get_import(caller.workspace_id, import_id)
    if row.state != "draft":
        return redirect(f"/customers/imports/{import_id}")
    if row.dialect is None:
        return redirect(f"/customers/imports/{import_id}/columns")
    draft = drafts.open_draft(caller.workspace_id, import_id)
    try:
        check(draft.plan, row.kind)
    except Invalid as no:
        return _columns(draft, None, no.errors), 422
    found = drafts.rehearse(draft)
    place = caller.workspace
    return render_template(
        "customers/imports/check.html",
        row=row,
        read_as=read_as(row),
        found=found,
        preview=preview(draft, found, place.currency if place else "USD"),
        new=[column for column in draft.plan if column.new],
        out=[column for column in draft.plan if column.target is None],
        labels=LABELS,
        types=columns.TYPE_WORDS,
    )


@pages.post("/customers/imports/<int:import_id>/start", "customers.import")
def start_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Let it begin. In a second tab it has begun already, which is shown."""
    here = caller.workspace_id
    try:
        drafts.open_draft(here, import_id)
        imports.start(here, import_id, caller.actor)
    except Conflict as no:
        return _overtaken(import_id, no)
    except Invalid as no:
        undo_begun()
        return _columns(drafts.open_draft(here, import_id), None, no.errors), 422
    return redirect(f"/customers/imports/{import_id}")


@pages.post("/customers/imports/<int:import_id>/discard", "customers.import")
def discard_import(caller: Principal, import_id: int) -> ResponseReturnValue:
    """Remove a file that was not imported."""
    try:
        imports.discard(caller.workspace_id, import_id)
    except Conflict as no:
        return _overtaken(import_id, no)
    flash("The file is gone. Nobody was changed.")
    return redirect("/customers/imports")


def _overtaken(import_id: int, no: Conflict) -> ResponseReturnValue:
    """Say what somebody did meanwhile, in another tab or elsewhere, and show where the import stands now."""
    flash(no.reason, tone="warn")
    return redirect(f"/customers/imports/{import_id}")
