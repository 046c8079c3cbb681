"""Work of this room, split by noun."""

from app.delivery.jobs.credit import credit_again, credit_orders

__all__ = ["credit_again", "credit_orders"]
