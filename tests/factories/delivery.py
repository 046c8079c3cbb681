"""Senders, mailings, messages and caught mail."""

import itertools
import zlib
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from app.core.db import session
from app.core.time import now
from app.delivery.models import CaughtMail, Mailing, MailingKind, MailingState, Message, MessageState, Sender, SenderKind

_numbers = itertools.count(1)


def a_sender(workspace_id: int, name: str = "", kind: SenderKind = SenderKind.SMTP, **fields: Any) -> Sender:
    """Return a new sender: an SMTP account, or the sandbox."""
    smtp = {"host": "127.0.0.1", "port": 9, "tls": "none"} if kind == SenderKind.SMTP else {}
    values = smtp | {"name": name or f"Mail {next(_numbers)}", "from_email": "hello@northlight.example"} | fields
    row = Sender(workspace_id=workspace_id, kind=kind, **values)
    session().add(row)
    session().flush()
    return row


def a_mailing(workspace_id: int, sender_id: int | None = None, **fields: Any) -> Mailing:
    """Return a new open mailing without people, of a new sender where none is given."""
    values = {"kind": MailingKind.CAMPAIGN, "name": f"Mailing {next(_numbers)}", "state": MailingState.OPEN} | fields
    row = Mailing(workspace_id=workspace_id, sender_id=sender_id or a_sender(workspace_id).id, **values)
    session().add(row)
    session().flush()
    return row


def a_message(mailing: Mailing, customer_id: int | None = None, address: str = "", **fields: Any) -> Message:
    """Return a new waiting message of this mailing."""
    values = {"state": MessageState.PENDING, "original_customer_id": customer_id} | fields
    row = Message(
        workspace_id=mailing.workspace_id,
        mailing_id=mailing.id,
        customer_id=customer_id,
        address=address or f"ada{next(_numbers)}@northlight.example",
        **values,
    )
    session().add(row)
    session().flush()
    return row


def a_mail(subject: str = "Spring sale", to: str = "ada@northlight.example", text: str = "Hello Ada", html: str = "") -> EmailMessage:
    """Return a mail as it would be handed to a server."""
    mail = EmailMessage()
    mail["Subject"], mail["To"], mail["From"] = subject, to, "Northlight <hello@northlight.example>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def a_caught_mail(
    workspace_id: int, mail: EmailMessage | None = None, mailing_id: int = 0, caught_at: datetime | None = None
) -> CaughtMail:
    """Return a mail that the sandbox caught."""
    kept = mail or a_mail()
    row = CaughtMail(
        workspace_id=workspace_id,
        message_id=next(_numbers),
        mailing_id=mailing_id,
        recipient=str(kept["To"]),
        subject=str(kept["Subject"]),
        raw=zlib.compress(kept.as_bytes()),
        caught_at=caught_at or now(),
    )
    session().add(row)
    session().flush()
    return row


STRANGERS = {
    "sender_id": lambda workspace_id: a_sender(workspace_id).id,
    "mail_id": lambda workspace_id: a_caught_mail(workspace_id, a_mail(html="<p>Hello Ada</p>")).id,
}
EXAMPLES: dict[Any, Any] = {}
