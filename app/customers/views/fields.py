"""Custom fields: listed, made, renamed, deleted."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import Invalid, Unavailable
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.customers.models import CustomerField
from app.customers.queries import fields as queries
from app.customers.schemas.fields import FieldIn, FieldPatch
from app.customers.service import fields as service

pages = Pages("customer_fields", __name__)
TYPES = {
    "text": "Text",
    "number": "Number",
    "boolean": "Yes or no",
    "date": "Date",
    "datetime": "Date and time",
    "money": "Money",
    "list": "List",
}


@pages.get("/customers/fields", "customers.view")
def list_fields(caller: Principal) -> ResponseReturnValue:
    """Show the custom fields."""
    return render_template("customers/fields.html", rows=queries.list_fields(caller.workspace_id), types=TYPES)


@pages.form("/customers/fields/new", "customers.edit")
def create_field(caller: Principal) -> ResponseReturnValue:
    """Make a custom field."""
    form = Form(FieldIn, request.form if request.method == "POST" else None, {"type": "text"})
    if request.method == "POST":
        try:
            row = service.create(caller.workspace_id, form.parse(), caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            flash(f"The field {row.label} is there. Nobody has a value for it yet.")
            return redirect("/customers/fields")
    return render_template("customers/field_new.html", form=form, types=list(TYPES.items())), 422 if form.errors else 200


@pages.form("/customers/fields/<int:field_id>", "customers.edit")
def update_field(caller: Principal, field_id: int) -> ResponseReturnValue:
    """Rename a field, or change its choices."""
    row = queries.get_field(caller.workspace_id, field_id)
    shown = {"label": row.label, "choices": "\n".join(row.choices or ())}
    form = Form(FieldPatch, request.form if request.method == "POST" else None, shown)
    if request.method == "POST":
        try:
            service.update(caller.workspace_id, field_id, form.parse(), caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            flash("Saved.")
            return redirect("/customers/fields")
    uses = service.uses(caller.workspace_id, row)
    page = render_template("customers/field.html", form=form, row=row, types=TYPES, uses=uses, holders=_holders(caller.workspace_id, row))
    return page, 422 if form.errors else 200


@pages.post("/customers/fields/<int:field_id>/delete", "customers.edit")
def delete_field(caller: Principal, field_id: int) -> ResponseReturnValue:
    """Delete a field that nothing uses, with its values."""
    label = queries.get_field(caller.workspace_id, field_id).label
    service.delete(caller.workspace_id, field_id, caller.actor)
    flash(f"The field {label} is deleted. Its values are being removed from the customers.")
    return redirect("/customers/fields")


def _holders(workspace_id: int, row: CustomerField) -> int | None:
    try:
        return queries.holders(workspace_id, row.key)
    except Unavailable:
        return None
