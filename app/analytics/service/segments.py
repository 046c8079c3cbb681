"""Segment performance: computed in the background, asked for by whoever looks at old figures."""

from datetime import datetime, timedelta

from app.analytics.events import SegmentResultsWanted
from app.analytics.queries import segments as queries
from app.core.time import now
from app.events.service import publish

FRESH = timedelta(minutes=10)
"""Figures older than this are computed anew when somebody looks."""


def compute(workspace_id: int) -> int:
    """Compute what mail of the last 28 and 90 days brought from the present members of each segment; return how many segments."""
    at = now()
    queries.gather(workspace_id, at)
    return queries.store(workspace_id, at)


def look(workspace_id: int) -> datetime | None:
    """Return when the figures were computed; where that is long ago, ask for new ones, which come in the background."""
    at = queries.computed_at(workspace_id)
    if at is None or now() - at > FRESH:
        publish(SegmentResultsWanted(workspace_id))
    return at
