"""The list of segments, and one segment: who is in it, how that went on, what it is made of."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import Conflict
from app.core.schemas import ListQuery, parse
from app.core.time import now
from app.core.web.flash import flash
from app.core.web.form import Form, nested
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal
from app.customers.queries.customers import get_row
from app.segments.models import Segment, SegmentKind
from app.segments.queries import counting, members, segments
from app.segments.queries.words import vocabulary
from app.segments.schemas import ListForm, PeopleForm, SegmentQuery
from app.segments.service import filling
from app.segments.service import segments as service
from app.segments.views.growth import history
from app.segments.words import say

pages = Pages("segments", __name__)


@pages.get("/segments", permission="segments.view")
def list_segments(caller: Principal) -> ResponseReturnValue:
    """Show segments by name, with what changed in a week."""
    query = parse(SegmentQuery, nested(SegmentQuery, _renamed()))
    rows, following = segments.page(caller.workspace_id, query.cursor, query.limit, query.search)
    ids = [row.id for row in rows]
    parts = {
        "segments": rows,
        "next": following,
        "query": query,
        "moved": members.moved(ids, now() - members.WEEK),
        "uses": segments.use_counts(caller.workspace_id, ids),
    }
    if is_fragment():
        return render_template("segments/_list.html", **parts)
    everybody = counting.total(caller.workspace_id)
    return render_template("segments/list.html", **parts, count=segments.count(caller.workspace_id), everybody=everybody)


@pages.get("/segments/<int:segment_id>", permission="segments.view")
def show_segment(caller: Principal, segment_id: int) -> ResponseReturnValue:
    """Show one segment."""
    segment = segments.get_segment(caller.workspace_id, segment_id)
    return render_template("segments/show.html", **about(caller, segment))


@pages.get("/segments/of/<int:customer_id>", permission="customers.view")
def show_segments_of(caller: Principal, customer_id: int) -> ResponseReturnValue:
    """Show the segments a customer is in, as a part of their profile."""
    get_row(caller.workspace_id, customer_id)
    if not is_fragment():
        return redirect(f"/customers/{customer_id}")
    return render_template("segments/_of.html", rows=segments.containing(caller.workspace_id, customer_id))


@pages.post("/segments/<int:segment_id>/refresh", permission="segments.edit")
def refresh_segment(caller: Principal, segment_id: int) -> ResponseReturnValue:
    """Bring the members up to date now."""
    found = filling.refresh_now(caller.workspace_id, segment_id)
    moved = f"{found.entered:,} entered, {found.left:,} left" if found.entered or found.left else "nobody entered or left"
    flash(f"{found.count:,} member{'' if found.count == 1 else 's'}; {moved}.")
    return redirect(f"/segments/{segment_id}")


@pages.post("/segments/<int:segment_id>/delete", permission="segments.edit")
def delete_segment(caller: Principal, segment_id: int) -> ResponseReturnValue:
    """Remove a segment that nothing uses; otherwise say where it is used."""
    segment = segments.get_segment(caller.workspace_id, segment_id)
    name = segment.name
    try:
        service.delete(caller.workspace_id, segment_id, caller.actor)
    except Conflict as no:
        return render_template("segments/show.html", **about(caller, segment), refusal=no.reason), 409
    flash(f"Deleted “{name}”.")
    return redirect("/segments")


def about(caller: Principal, segment: Segment, form: Form[Any] | None = None, people: Form[Any] | None = None) -> dict[str, Any]:
    """Return what the page of a segment shows."""
    place = caller.workspace_id
    words = vocabulary(place)
    query = parse(ListQuery, nested(ListQuery, request.args)) if request.method == "GET" else ListQuery()
    sees = caller.can("customers.view")
    rows, following = members.page(place, segment.id, query.cursor, 25) if sees else ([], None)
    return {
        "segment": segment,
        "static": segment.kind == SegmentKind.STATIC,
        "blocks": _blocks(segment, words),
        "everybody": counting.total(place),
        "week": members.moved([segment.id], now() - members.WEEK).get(segment.id, (0, 0)),
        **history(segment, words),
        "members": rows,
        "next": following,
        "cursor": query.cursor,
        "last_moves": members.last_moves(place, segment.id, 8) if sees else [],
        "uses": service.uses(place, segment.id),
        "form": form or Form(ListForm, initial=segment),
        "people": people or Form(PeopleForm),
    }


def _blocks(segment: Segment, words: Any) -> list[Any]:
    """Return the rules in words; nothing where they cannot be read any more, which the page says anyway."""
    if segment.kind == SegmentKind.STATIC:
        return []
    try:
        return say(filling.read(segment), words)
    except Conflict:
        return []


def _renamed() -> Any:
    """Return the query of the address, in which the search field of every list is called q."""
    found = request.args.copy()
    if "q" in found:
        found["search"] = found.pop("q")
    return found
