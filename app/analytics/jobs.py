"""Work of this room."""

from datetime import timedelta

from app.analytics.queries import segments as queries
from app.analytics.service import segments
from app.core.time import now
from app.delivery.service import domains
from app.jobs import service as jobs
from app.jobs.registry import job


@job(queue="bulk", lease=600)
def compute_segments(workspace_id: int) -> bool:
    """Compute what mail brought from the members of each segment of a workspace."""
    segments.compute(workspace_id)
    return False


@job(every=3600)
def compute_all_segments() -> bool:
    """Compute it for each workspace in which mail was sent lately."""
    for workspace_id in queries.with_mail(now() - timedelta(days=max(queries.WINDOWS))):
        jobs.start(compute_segments, workspace_id=workspace_id, key=f"segment-results:{workspace_id}")
    return False


@job(queue="bulk", lease=600)
def count_domains(workspace_id: int, mailing_id: int) -> bool:
    """Count where a mailing went."""
    domains.compute(workspace_id, mailing_id)
    return False


@job(every=30)
def count_stale_domains() -> bool:
    """Count where those mailings went to which something happened since they were counted."""
    for workspace_id, mailing_id in domains.stale():
        jobs.start(count_domains, workspace_id=workspace_id, key=f"domains:{mailing_id}", mailing_id=mailing_id)
    return False
