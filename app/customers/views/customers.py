"""Making, changing and deleting a customer."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.core.errors import Conflict, Invalid
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.customers import fields
from app.customers.coerce import as_text
from app.customers.models import Customer
from app.customers.queries.customers import get_row
from app.customers.queries.edits import edits_since
from app.customers.schemas.forms import CustomerForm, NewCustomerForm
from app.customers.service import customers as service
from app.customers.service import erase
from app.customers.values import COUNTRY_WORDS, PREFIX, STAGE_WORDS, FieldInfo
from app.customers.views.lists import place_of

pages = Pages("customers", __name__)


@pages.form("/customers/new", "customers.edit")
def create_customer(caller: Principal) -> ResponseReturnValue:
    """Make a customer."""
    form = Form(NewCustomerForm, request.form if request.method == "POST" else None, {"stage": "subscriber"})
    if request.method == "POST":
        try:
            row = service.create(caller.workspace_id, form.parse().given(), caller.actor, origin="page")
        except Invalid as no:
            form.refuse(no)
        else:
            flash(f"{row.full_name} is here now.")
            return redirect(f"/customers/{row.id}")
    return _form("customers/new.html", caller, form), 422 if form.errors else 200


@pages.form("/customers/<int:customer_id>/edit", "customers.edit")
def update_customer(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Change a customer; who was overtaken by somebody else sees by whom and where, and may save over it."""
    here = caller.workspace_id
    row = get_row(here, customer_id).customer
    form = Form(CustomerForm, request.form if request.method == "POST" else None, _values(row, fields.custom(here), caller))
    overtaken: list[Any] = []
    if request.method == "POST":
        try:
            service.update(here, customer_id, form.parse(), caller.actor)
        except Invalid as no:
            form.refuse(no)
        except Conflict:
            overtaken = edits_since(here, customer_id, _version(request.form))
            form = Form(CustomerForm, _with_version(request.form, row.version))
            return _form("customers/edit.html", caller, form, customer=row, overtaken=overtaken, conflict=True), 409
        else:
            flash("Saved.")
            return redirect(f"/customers/{customer_id}")
    return _form("customers/edit.html", caller, form, customer=row, conflict=False), 422 if form.errors else 200


@pages.form("/customers/<int:customer_id>/delete", "customers.delete")
def delete_customer(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Say what goes with the customer; then delete."""
    row = get_row(caller.workspace_id, customer_id)
    if request.method == "POST":
        keep = request.form.get("keep_suppressed") == "true"
        name = row.customer.full_name
        erase.delete(caller.workspace_id, customer_id, caller.actor, keep_suppressed=keep)
        flash(f"{name} is deleted, with all that was kept about them.")
        return redirect("/customers")
    return render_template("customers/delete.html", row=row)


def _form(template: str, caller: Principal, form: Form[Any], **more: Any) -> str:
    custom = list(fields.custom(caller.workspace_id).values())
    words = {"countries": list(COUNTRY_WORDS.items()), "stages": list(STAGE_WORDS.items()), "custom": custom}
    return render_template(template, form=form, **words, **more)


def _values(row: Customer, custom: dict[str, FieldInfo], caller: Principal) -> dict[str, Any]:
    """Return what the fields of the form show."""
    profile = {name: getattr(row, name) for name in service.COLUMNS}
    own = {info.key: as_text(info, row.attributes.get(info.key), place_of(caller)) for info in custom.values()}
    return profile | {"tags": ", ".join(row.tags), "version": row.version, PREFIX.rstrip("."): own}


def _version(posted: MultiDict[str, str]) -> int:
    text = posted.get("version", "")
    return int(text) if text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 (fits the column)


def _with_version(posted: MultiDict[str, str], version: int) -> MultiDict[str, str]:
    """Return the entries with the present version: saved again, they replace what the other wrote."""
    again = MultiDict(posted)
    again["version"] = str(version)
    return again
