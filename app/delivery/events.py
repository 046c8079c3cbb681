"""News of this room."""

from dataclasses import dataclass

from app.events.service import Event


@dataclass(frozen=True)
class MailingStopped(Event):
    """Nothing more of a mailing is to leave; what waits is still to be marked so."""

    mailing_id: int
    reason: str


@dataclass(frozen=True)
class MailingFinished(Event):
    """No message of a mailing waits or is on its way any more."""

    mailing_id: int


@dataclass(frozen=True)
class CustomerUnsubscribed(Event):
    """Somebody unsubscribed by a link of a message; `topic_id` 0: from all mail."""

    customer_id: int
    mailing_id: int
    topic_id: int


@dataclass(frozen=True)
class MessageBounced(Event):
    """A server refused a message for good because of the address, which is suppressed now."""

    customer_id: int
    mailing_id: int


@dataclass(frozen=True)
class SenderStopped(Event):
    """A sender cannot send until a person corrects it, such as a refused password."""

    sender_id: int
