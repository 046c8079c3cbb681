"""The builder: rules nested by hand, counted while they are written."""

import json
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import Conflict, Invalid
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.segments.builder import for_builder
from app.segments.models import Segment, SegmentKind
from app.segments.queries import counting, segments
from app.segments.queries.words import vocabulary
from app.segments.schemas import SegmentForm, SegmentIn, SegmentPatch
from app.segments.service import segments as service
from app.segments.views.growth import history

pages = Pages("segment_builder", __name__)


@pages.form("/segments/new", permission="segments.edit")
def new_segment(caller: Principal) -> ResponseReturnValue:
    """Build a new segment."""
    form = Form(SegmentForm, request.form if request.method == "POST" else None)
    if request.method == "GET":
        return _builder(caller, form, None)
    try:
        given = form.parse()
        made = service.create(
            caller.workspace_id,
            SegmentIn.model_construct(name=given.name, description=given.description, kind="dynamic", criteria=_tree(given.criteria)),
            caller.actor,
        )
    except Invalid as no:
        form.refuse(no)
        return _builder(caller, form, None), 422
    flash(f"Saved “{made.name}”.")
    return redirect(f"/segments/{made.id}")


@pages.form("/segments/<int:segment_id>/edit", permission="segments.edit")
def edit_segment(caller: Principal, segment_id: int) -> ResponseReturnValue:
    """Change the rules of a segment."""
    segment = segments.get_segment(caller.workspace_id, segment_id)
    if segment.kind == SegmentKind.STATIC:
        return redirect(f"/segments/{segment_id}")
    initial = {"name": segment.name, "description": segment.description, "version": segment.version}
    form = Form(SegmentForm, request.form if request.method == "POST" else None, initial)
    if request.method == "GET":
        return _builder(caller, form, segment)
    try:
        given = form.parse()
        patch = SegmentPatch.model_construct(
            {"name", "description", "criteria", "version"},
            name=given.name,
            description=given.description,
            criteria=_tree(given.criteria),
            version=given.version,
        )
        service.update(caller.workspace_id, segment_id, patch, caller.actor)
    except Invalid as no:
        form.refuse(no)
        return _builder(caller, form, segment), 422
    except Conflict as no:
        form.refuse(Invalid({"": no.reason}))
        return _builder(caller, form, segment), 409
    flash(f"Saved “{given.name}”.")
    return redirect(f"/segments/{segment_id}")


def _tree(text: str) -> Any:
    """Return what the builder wrote. Raises Invalid."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid({"": "Add at least one rule."}) from None


def _builder(caller: Principal, form: Form[SegmentForm], segment: Segment | None) -> str:
    saved = segment.criteria if segment else None
    written = form.value("criteria")
    words = vocabulary(caller.workspace_id)
    data = for_builder(words, segment.id if segment else None)
    tree = written or (json.dumps(saved) if saved else "")
    faults = {path: why for path, why in form.errors.items() if path not in ("name", "description")}
    uses = service.uses(caller.workspace_id, segment.id) if segment else []
    return render_template(
        "segments/build.html",
        form=form,
        segment=segment,
        data=data,
        tree=tree,
        faults=faults,
        uses=uses,
        everybody=counting.total(caller.workspace_id),
        **(history(segment, words) if segment else {}),
    )
