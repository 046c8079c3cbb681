"""Tables of this room, split by noun."""

from app.delivery.models.hits import Conversion, DeliveryCursor, Hit, HitAgent
from app.delivery.models.mailings import (
    Mailing,
    MailingContent,
    MailingDay,
    MailingHour,
    MailingKind,
    MailingLink,
    MailingState,
    MailingTally,
)
from app.delivery.models.messages import ALL, CaughtMail, Mailer, Message, MessageBody, MessageKind, MessageState, Skip
from app.delivery.models.results import MailingDomain, MailingLinkTotal, MessageClick
from app.delivery.models.senders import Sender, SenderKind, SenderPace, Tls

__all__ = [
    "ALL",
    "CaughtMail",
    "Conversion",
    "DeliveryCursor",
    "Hit",
    "HitAgent",
    "Mailer",
    "Mailing",
    "MailingContent",
    "MailingDay",
    "MailingDomain",
    "MailingHour",
    "MailingKind",
    "MailingLink",
    "MailingLinkTotal",
    "MailingState",
    "MailingTally",
    "Message",
    "MessageBody",
    "MessageClick",
    "MessageKind",
    "MessageState",
    "Sender",
    "SenderKind",
    "SenderPace",
    "Skip",
    "Tls",
]
