"""Acts on everybody a list finds."""

from app.customers.service import bulk
from app.jobs.registry import job


@job(queue="bulk", lease=120)
def run_bulk_act(workspace_id: int, act_id: int) -> bool:
    """Do the next customers of an act."""
    return bulk.step(workspace_id, act_id)
