"""Work on segments that outlives a request."""

from app.jobs import service as jobs
from app.jobs.registry import job
from app.segments.service import filling, news


@job(queue="bulk", lease=600)
def refresh_segment(workspace_id: int, segment_id: int) -> bool:
    """Make the members of one segment those who fit now."""
    filling.refresh_or_note(workspace_id, segment_id)
    return False


@job(queue="default", lease=120)
def follow_customers(workspace_id: int) -> bool:
    """Look again at the customers of a workspace to whom something happened."""
    for segment_id in news.follow(workspace_id):
        jobs.start(refresh_segment, workspace_id=workspace_id, key=f"segment:{segment_id}", segment_id=segment_id)
    return False


@job(every=2, queue="fast")
def look_for_news() -> bool:
    """Find the workspaces in which something happened."""
    for workspace_id in news.pending():
        jobs.start(follow_customers, workspace_id=workspace_id, key=f"segments:{workspace_id}")
    return False


@job(every=60)
def refresh_late() -> bool:
    """Refresh what time alone may have changed, and what was never filled."""
    for workspace_id, segment_id in news.late():
        jobs.start(refresh_segment, workspace_id=workspace_id, key=f"segment:{segment_id}", segment_id=segment_id)
    return False
