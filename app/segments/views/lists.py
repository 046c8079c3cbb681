"""Static lists: made, renamed, people put on and taken off."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import Invalid
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.segments.queries import segments
from app.segments.schemas import ListForm, MembersIn, PeopleForm, SegmentIn, SegmentPatch
from app.segments.service import lists
from app.segments.service import segments as service
from app.segments.views.show import about

pages = Pages("segment_lists", __name__)


@pages.form("/segments/new-list", permission="segments.edit")
def new_list(caller: Principal) -> ResponseReturnValue:
    """Make a static list."""
    form = Form(ListForm, request.form if request.method == "POST" else None)
    if request.method == "GET":
        return render_template("segments/new_list.html", form=form)
    try:
        given = form.parse()
        made = service.create(caller.workspace_id, SegmentIn(name=given.name, description=given.description, kind="static"), caller.actor)
    except Invalid as no:
        form.refuse(no)
        return render_template("segments/new_list.html", form=form), 422
    return redirect(f"/segments/{made.id}")


@pages.post("/segments/<int:segment_id>/rename", permission="segments.edit")
def rename(caller: Principal, segment_id: int) -> ResponseReturnValue:
    """Change name and description."""
    form = Form(ListForm, request.form)
    try:
        given = form.parse()
        service.update(caller.workspace_id, segment_id, SegmentPatch(name=given.name, description=given.description), caller.actor)
    except Invalid as no:
        form.refuse(no)
        return render_template("segments/show.html", **about(caller, segments.get_segment(caller.workspace_id, segment_id), form)), 422
    flash("Renamed.")
    return redirect(f"/segments/{segment_id}")


@pages.post("/segments/<int:segment_id>/people", permission="segments.edit")
def add_people(caller: Principal, segment_id: int) -> ResponseReturnValue:
    """Put people on a static list, named one a line."""
    form = Form(PeopleForm, request.form)
    try:
        ids = lists.read_people(caller.workspace_id, form.parse().people)
        found = lists.change(caller.workspace_id, segment_id, MembersIn(add=ids), caller.actor)
    except Invalid as no:
        form.refuse(no)
        return render_template(
            "segments/show.html", **about(caller, segments.get_segment(caller.workspace_id, segment_id), people=form)
        ), 422
    already = len(ids) - found.entered
    flash(f"Added {found.entered:,}." + (f" {already:,} were on the list already." if already else ""))
    return redirect(f"/segments/{segment_id}")


@pages.post("/segments/<int:segment_id>/people/<int:customer_id>/remove", permission="segments.edit")
def remove_person(caller: Principal, segment_id: int, customer_id: int) -> ResponseReturnValue:
    """Take one customer off a static list."""
    lists.change(caller.workspace_id, segment_id, MembersIn(remove=[customer_id]), caller.actor)
    flash("Taken off the list.", undo_url=f"/segments/{segment_id}/people/{customer_id}/restore")
    return redirect(f"/segments/{segment_id}")


@pages.post("/segments/<int:segment_id>/people/<int:customer_id>/restore", permission="segments.edit")
def restore_person(caller: Principal, segment_id: int, customer_id: int) -> ResponseReturnValue:
    """Put one customer on a static list again."""
    lists.change(caller.workspace_id, segment_id, MembersIn(add=[customer_id]), caller.actor)
    return redirect(f"/segments/{segment_id}")
