"""Segments as JSON."""

from typing import Any

from app.core.schemas import ListQuery, Page
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.segments.operators import OPS_BY_TYPE
from app.segments.queries import members, segments
from app.segments.queries.words import vocabulary
from app.segments.schemas import (
    CriteriaIn,
    MemberOut,
    MembersIn,
    PreviewOut,
    PreviewQuery,
    RefreshedOut,
    SegmentIn,
    SegmentOut,
    SegmentPatch,
    SegmentQuery,
    WordsOut,
)
from app.segments.service import filling, lists, previews
from app.segments.service import segments as service

api = Api("segments", __name__)


@api.post("/segments", permission="segments.edit", body=SegmentIn, returns=SegmentOut, status=201, summary="Create a segment")
def create_segment(caller: Principal, body: SegmentIn) -> Any:
    """Make a segment; its members are found at once, or in the background if that takes longer than three seconds."""
    return service.create(caller.workspace_id, body, caller.actor)


@api.get("/segments", permission="segments.view", query=SegmentQuery, returns=Page[SegmentOut], summary="List segments by name")
def list_segments(caller: Principal, query: SegmentQuery) -> dict[str, Any]:
    """Return segments in the order of their names."""
    rows, following = segments.page(caller.workspace_id, query.cursor, query.limit, query.search)
    return {"items": list(rows), "next": following}


@api.get("/segments/fields", permission="segments.view", returns=WordsOut, summary="List what rules may name")
def list_words(caller: Principal) -> dict[str, Any]:
    """Return the fields with their comparisons, and the activities."""
    words = vocabulary(caller.workspace_id)
    fields = [
        {"field": info.path, "label": info.label, "type": info.type, "operators": OPS_BY_TYPE[info.type], "choices": info.choices}
        for info in words.fields.values()
    ]
    return {"fields": fields, "activities": [{"activity": kind.name, "label": kind.label} for kind in words.kinds.values()]}


@api.post(
    "/segments/preview",
    permission="segments.edit",
    body=CriteriaIn,
    query=PreviewQuery,
    returns=PreviewOut,
    summary="Count who fits a tree",
)
def preview_segment(caller: Principal, body: CriteriaIn, query: PreviewQuery) -> Any:
    """Count who fits now, without keeping anything; `parts=1` counts each rule too.

    Not for those who may only look at segments: who can count by any rule can find out anything about anybody.
    """
    return previews.preview(caller.workspace_id, body.criteria, parts=query.parts)


@api.get("/segments/<int:segment_id>", permission="segments.view", returns=SegmentOut, summary="Read a segment")
def get_segment(caller: Principal, segment_id: int) -> Any:
    """Return one segment."""
    return segments.get_segment(caller.workspace_id, segment_id)


@api.patch("/segments/<int:segment_id>", permission="segments.edit", body=SegmentPatch, returns=SegmentOut, summary="Change a segment")
def update_segment(caller: Principal, segment_id: int, body: SegmentPatch) -> Any:
    """Change name, description or criteria."""
    return service.update(caller.workspace_id, segment_id, body, caller.actor)


@api.delete("/segments/<int:segment_id>", permission="segments.edit", summary="Delete a segment that nothing uses")
def delete_segment(caller: Principal, segment_id: int) -> None:
    """Remove a segment; refused with 409 while anything uses it."""
    service.delete(caller.workspace_id, segment_id, caller.actor)


@api.post("/segments/<int:segment_id>/refresh", permission="segments.edit", returns=RefreshedOut, summary="Bring the members up to date")
def refresh_segment(caller: Principal, segment_id: int) -> Any:
    """Look at everybody again and write who entered and left."""
    return filling.refresh_now(caller.workspace_id, segment_id)


@api.get(
    "/segments/<int:segment_id>/customers",
    permission="customers.view",
    query=ListQuery,
    returns=Page[MemberOut],
    summary="List the members",
)
def list_members(caller: Principal, segment_id: int, query: ListQuery) -> dict[str, Any]:
    """Return members in the order of their ids."""
    segments.get_segment(caller.workspace_id, segment_id)
    rows, following = members.page(caller.workspace_id, segment_id, query.cursor, query.limit)
    return {"items": [_member(row) for row in rows], "next": following}


@api.post(
    "/segments/<int:segment_id>/customers",
    permission="segments.edit",
    body=MembersIn,
    returns=RefreshedOut,
    summary="Add customers to a static list, or take them off it",
)
def change_members(caller: Principal, segment_id: int, body: MembersIn) -> Any:
    """Change a static list by the ids of customers."""
    return lists.change(caller.workspace_id, segment_id, body, caller.actor)


def _member(row: members.Member) -> dict[str, Any]:
    names = ("id", "email", "external_id", "first_name", "last_name")
    return {name: getattr(row.customer, name) for name in names} | {"entered_at": row.entered_at}
