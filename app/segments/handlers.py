"""What this room does when it hears news."""

from app.events.service import on
from app.jobs import service as jobs
from app.segments.events import SegmentCreated, SegmentRefreshed, SegmentUpdated
from app.segments.jobs import refresh_segment
from app.segments.queries import segments
from app.segments.service import filling


@on(SegmentCreated, SegmentUpdated)
def fill_segment(event: SegmentCreated | SegmentUpdated) -> None:
    """Find the members of a segment that could not be filled while it was saved."""
    if filling.is_unfilled(event.workspace_id, event.segment_id):
        _refresh(event.workspace_id, event.segment_id)


@on(SegmentRefreshed)
def refresh_dependents(event: SegmentRefreshed) -> None:
    """Refresh the segments that name one whose members changed, unless that was done in the same act."""
    if not event.spread:
        for row in segments.named_by(event.workspace_id, event.segment_id):
            _refresh(row.workspace_id, row.id)


def _refresh(workspace_id: int, segment_id: int) -> None:
    jobs.start(refresh_segment, workspace_id=workspace_id, key=f"segment:{segment_id}", segment_id=segment_id)
