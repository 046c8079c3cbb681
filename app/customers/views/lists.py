"""The list of customers: search, filters, views, pages."""

from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import Invalid
from app.core.schemas import parse
from app.core.web.download import csv_file
from app.core.web.flash import flash
from app.core.web.form import nested
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal
from app.customers import fields
from app.customers.coerce import Place, as_text
from app.customers.queries import counts as count_queries
from app.customers.queries.bulk import acts_under_way
from app.customers.queries.export import heading, pieces
from app.customers.queries.find import find
from app.customers.queries.lists import page
from app.customers.queries.tags import recent_tags
from app.customers.schemas.filtering import FilterForm
from app.customers.schemas.lists import CustomerFilter, CustomerQuery, ExportQuery, ViewIn, from_query, to_query
from app.customers.service import counts, views
from app.customers.service.exports import note_export
from app.customers.values import LIFETIME_VALUE, STAGE_WORDS, FieldInfo
from app.customers.views.chips import CONSENT_WORDS, chips

pages = Pages("customer_lists", __name__)
PER_PAGE = 50


def place_of(caller: Principal) -> Place:
    """Return what reading values depends on, without a query."""
    return Place(caller.workspace.zone, caller.workspace.currency) if caller.workspace else Place()


@pages.get("/customers", "customers.view")
def list_customers(caller: Principal) -> ResponseReturnValue:
    """Show the list; to htmx only its table, with the chips that belong to it."""
    query = parse(CustomerQuery, nested(CustomerQuery, request.args))
    here, custom = caller.workspace_id, fields.custom(caller.workspace_id)
    wanted = find(here, query, custom, place_of(caller))
    found = page(wanted, query.sort, PER_PAGE, query.cursor)
    says: dict[str, Any] = {
        "page": found,
        "query": query,
        "chips": chips(query, custom),
        "address": _address(query),
        "fragment": is_fragment(),
        "stages": STAGE_WORDS,
    }
    if is_fragment():
        return render_template("customers/_list.html", **says, everyone=None)
    tabs, kept = _tabs(here, query, custom, place_of(caller))
    return render_template(
        "customers/list.html",
        **says,
        tabs=tabs,
        everyone=kept[count_queries.EVERYONE].value,
        mailable=kept[count_queries.MAILABLE],
        acts=acts_under_way(here),
        custom=custom,
        tags=recent_tags(here),
        consents=CONSENT_WORDS,
        value_text=as_text(LIFETIME_VALUE, query.value_at_least, place_of(caller)),
    )


def _address(query: CustomerFilter) -> str:
    """Return the filters as a query string, without order and place in the list."""
    return to_query(CustomerFilter.model_validate(query.model_dump(include=set(CustomerFilter.model_fields) - {"sort"})))


def _tabs(
    workspace_id: int, query: CustomerFilter, custom: dict[str, FieldInfo], at: Place
) -> tuple[list[dict[str, Any]], dict[str, counts.Counted]]:
    """Return the views as tabs with their counts, and the counts of the page's first sentence."""
    saved = [(f"{count_queries.VIEW}{row.id}", row.name, row.query, row.id) for row in count_queries.list_views(workspace_id)]
    built_in = [(f"{count_queries.VIEW}{address}", name, address, None) for name, address in views.BUILT_IN if address]
    every = [(count_queries.EVERYONE, "Everyone", "", None), *built_in, *saved]
    wanted = {count_queries.EVERYONE: count_queries.everyone(workspace_id), count_queries.MAILABLE: count_queries.mailable(workspace_id)}
    for name, _, address, _ in every[1:]:
        try:
            wanted[name] = count_queries.of_query(workspace_id, address, custom, at)
        except Invalid:
            continue  # it names a field that is gone: the view says so when it is opened
    kept = counts.read(workspace_id, wanted)
    now = _address(query)
    tabs = [
        {
            "label": label,
            "href": f"/customers?{address}" if address else "/customers",
            "count": kept[name].value if name in kept else None,
            "at": kept[name].at if name in kept else None,
            "current": _address(from_query(address)) == now if address else not now,
            "id": view_id,
        }
        for name, label, address, view_id in every
    ]
    return tabs, kept


@pages.get("/customers/filter", "customers.view")
def filter_customers(caller: Principal) -> ResponseReturnValue:
    """Turn the filter form into an address of the list."""
    query = request.args.get("query", "")
    try:
        form = parse(FilterForm, nested(FilterForm, request.args))
        before = from_query(form.query)
        try:
            after = form.apply(before, place_of(caller))
        except ValueError as problem:
            raise Invalid({"value": f"Lifetime value: {problem}."}) from None
        find(caller.workspace_id, after, fields.custom(caller.workspace_id), place_of(caller))
    except Invalid as no:
        flash(" ".join(no.errors.values()), tone="bad")
        return redirect(f"/customers?{query}")
    return redirect(f"/customers?{to_query(after)}")


@pages.post("/customers/views", "customers.edit")
def save_view(caller: Principal) -> ResponseReturnValue:
    """Keep the filters as a view."""
    query = request.form.get("query", "")
    try:
        row = views.save(caller.workspace_id, parse(ViewIn, {"name": request.form.get("name", ""), "query": query}), caller.actor)
    except Invalid as no:
        flash(" ".join(no.errors.values()), tone="bad")
        return redirect(f"/customers?{query}")
    flash(f"The view “{row.name}” is there for everybody in this workspace.")
    return redirect(f"/customers?{row.query}")


@pages.get("/customers/views/<int:view_id>", "customers.view")
def open_view(caller: Principal, view_id: int) -> ResponseReturnValue:
    """Go to a view."""
    return redirect(f"/customers?{views.get_view(caller.workspace_id, view_id).query}")


@pages.post("/customers/views/<int:view_id>/delete", "customers.edit")
def delete_view(caller: Principal, view_id: int) -> ResponseReturnValue:
    """Remove a view."""
    views.delete(caller.workspace_id, view_id, caller.actor)
    flash("The view is gone. The people in it are not.")
    return redirect("/customers")


@pages.get("/customers/export", "customers.export")
def export_customers(caller: Principal) -> Response:
    """Send everybody the filters find as a CSV file."""
    query = parse(ExportQuery, nested(ExportQuery, request.args))
    here, custom, at = caller.workspace_id, fields.custom(caller.workspace_id), place_of(caller)
    wanted = find(here, query, custom, at)
    note_export(here, query, caller.actor)
    return csv_file("customers.csv", heading(custom), pieces(wanted, custom, at))
