"""What this room does when it hears news, split by noun."""

from app.delivery.handlers.credit import credit_all
from app.delivery.handlers.letters import ask_for_confirmation, mail_invitation, mail_reset

__all__ = ["ask_for_confirmation", "credit_all", "mail_invitation", "mail_reset"]
