"""Orders credited to clicks, in the background."""

from app.delivery.service import credit
from app.jobs.registry import job


@job(every=5, lease=120)
def credit_orders() -> bool:
    """Credit the orders of those who clicked or ordered since the last time."""
    return credit.follow()


@job(queue="bulk", lease=120)
def credit_again(workspace_id: int) -> bool:
    """Credit all orders of a workspace anew."""
    return credit.credit_again(workspace_id)
