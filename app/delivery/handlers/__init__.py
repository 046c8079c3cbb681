"""Reactions of this room, split by noun."""

from app.delivery.handlers.credit import credit_all
from app.delivery.handlers.letters import (
    ask_for_confirmation,
    ask_imported_for_confirmation,
    ask_many_for_confirmation,
    mail_invitation,
    mail_reset,
)
from app.delivery.handlers.mailings import put_away

__all__ = [
    "ask_for_confirmation",
    "ask_imported_for_confirmation",
    "ask_many_for_confirmation",
    "credit_all",
    "mail_invitation",
    "mail_reset",
    "put_away",
]
