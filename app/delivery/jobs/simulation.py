"""The made-up people of sandboxes."""

from app.delivery.service import simulation
from app.jobs.registry import job


@job(every=5, queue="bulk", lease=120)
def simulate() -> bool:
    """Let them open, click, order and leave, as far as their moments have come."""
    return simulation.step()
