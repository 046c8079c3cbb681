"""Work of this room, split by noun."""

from app.delivery.jobs.mail import forget_mail

__all__ = ["forget_mail"]
