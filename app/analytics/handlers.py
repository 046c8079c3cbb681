"""What this room does when it hears news."""

from app.analytics.events import SegmentResultsWanted
from app.analytics.jobs import compute_segments, count_domains
from app.delivery.events import MailingFinished
from app.events.service import on
from app.jobs import service as jobs


@on(SegmentResultsWanted)
def compute_wanted_segments(event: SegmentResultsWanted) -> None:
    """Compute the segments of a workspace anew."""
    jobs.start(compute_segments, workspace_id=event.workspace_id, key=f"segment-results:{event.workspace_id}")


@on(MailingFinished)
def count_finished_mailing(event: MailingFinished) -> None:
    """Count where a mailing went as soon as all of it has gone."""
    jobs.start(count_domains, workspace_id=event.workspace_id, key=f"domains:{event.mailing_id}", mailing_id=event.mailing_id)
