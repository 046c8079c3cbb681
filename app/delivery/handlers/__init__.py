"""What this room does when it hears news, split by noun."""

from app.delivery.handlers.letters import ask_for_confirmation, mail_invitation, mail_reset
from app.delivery.handlers.mailings import put_away

__all__ = ["ask_for_confirmation", "mail_invitation", "mail_reset", "put_away"]
