"""Work on campaigns that outlives a request."""

from app.campaigns.service import freeze, launch, pace
from app.jobs.registry import job


@job(queue="bulk", lease=600)
def freeze_audience(workspace_id: int, campaign_id: int) -> bool:
    """Give the next range of people a row in the ledger; at the end, let the mailing go."""
    return freeze.step(workspace_id, campaign_id)


@job(every=10)
def launch_due() -> bool:
    """Launch what is due."""
    return launch.launch_due()


@job(every=10, queue="fast")
def note_pace() -> bool:
    """Note how far each campaign is that sends now, for its page."""
    pace.note()
    return False
