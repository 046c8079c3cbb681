"""Letters: mail of the product to one person who waits for it (a reset, an invitation, a test). They go ahead of all campaigns."""

import json
import re
from dataclasses import asdict

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.dialects.postgresql import insert

from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.security import seal
from app.core.time import now
from app.delivery.letters.looks import Letter
from app.delivery.models import Mailing, MailingKind, MailingState, Message, MessageBody, MessageKind, MessageState, Skip
from app.delivery.queries import senders

__all__ = ["Letter", "can_write", "check_address", "drop_waiting", "queue_letter"]

FIRST = 0
"""The priority of letters; campaigns have 10."""
NO_SENDER = "This workspace has no sender yet, so no mail can leave it. Add one in the settings, under Senders."
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def queue_letter(
    workspace_id: int,
    to: str,
    letter: Letter,
    *,
    kind: MessageKind = MessageKind.SYSTEM,
    sender_id: int | None = None,
    customer_id: int | None = None,
) -> int:
    """Put a letter into the ledger for the mailers and return the message's id. It goes by `sender_id`, else by the default sender.

    The words wait sealed, because they may hold a one-time link, and are deleted when they are sent. Letters count in no figures.
    Raises Conflict where there is no sender, NotFound for another workspace's, Invalid for an address that is none.
    """
    if kind == MessageKind.BULK:
        raise ValueError("Mail to many goes by mailings.create_mailing.")
    address = check_address(to)
    row = Message(
        workspace_id=workspace_id,
        mailing_id=_mailing(workspace_id, _sender(workspace_id, sender_id)),
        customer_id=customer_id,
        original_customer_id=customer_id,
        address=address,
        kind=int(kind),
    )
    session().add(row)
    session().flush()
    words = asdict(letter) | {"subject": _BREAKS.sub(" ", letter.subject).strip()}
    session().add(MessageBody(message_id=row.id, sealed=seal(json.dumps(words))))
    session().flush()
    return row.id


def can_write(workspace_id: int) -> bool:
    """Tell whether letters can leave this workspace: whether there is a sender that takes them."""
    return senders.find_default(workspace_id) is not None


def drop_waiting(workspace_id: int, sender_id: int) -> int:
    """Give up the letters of a sender that wait, with their words; return how many. What is being handed over now still goes."""
    mailing = sa.select(Mailing.id).where(
        Mailing.workspace_id == workspace_id, Mailing.sender_id == sender_id, Mailing.kind == MailingKind.SYSTEM
    )
    waiting = sa.update(Message).where(
        Message.workspace_id == workspace_id, Message.mailing_id.in_(mailing), Message.state == MessageState.PENDING
    )
    ended = waiting.values(state=int(MessageState.SKIPPED), reason=Skip.CANCELLED, due_at=None).returning(Message.id)
    ids = session().scalars(ended.execution_options(synchronize_session=False)).all()
    session().execute(sa.delete(MessageBody).where(MessageBody.message_id.in_(ids)))
    return len(ids)


def _sender(workspace_id: int, sender_id: int | None) -> int:
    if sender_id is None:
        row = senders.find_default(workspace_id)
        if row is None:
            raise Conflict(NO_SENDER)
        sender_id = row.id
    return senders.get_for_use(workspace_id, sender_id).id


def _mailing(workspace_id: int, sender_id: int) -> int:
    """Return the mailing that holds all letters of a sender, made with the first."""
    mine = {"workspace_id": workspace_id, "sender_id": sender_id, "kind": MailingKind.SYSTEM}
    row = mine | {"name": "Letters", "state": MailingState.OPEN, "priority": FIRST, "opened_at": now()}
    session().execute(
        insert(Mailing)
        .values(row)
        .on_conflict_do_nothing(index_elements=["workspace_id", "sender_id"], index_where=sa.text("kind = 'system'"))
    )
    found = sa.select(Mailing.id).where(
        Mailing.workspace_id == workspace_id, Mailing.sender_id == sender_id, Mailing.kind == MailingKind.SYSTEM
    )
    return session().scalars(found).one()


def check_address(to: str) -> str:
    """Return the address as it is written to the server: one address, no name, no line break. Raises Invalid."""
    try:
        return validate_email(to.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise Invalid({"to": "This is not an address mail can be sent to, such as ada@northlight.example."}) from None
