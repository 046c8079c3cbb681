"""The test of a sender: whether its server can be reached, knows us, and takes a letter."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid
from urllib.parse import urlsplit

from app.audit import service as audit
from app.core import redis, settings
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import Conflict
from app.core.security import unseal
from app.core.time import now
from app.delivery.letters import words
from app.delivery.letters.looks import Letter
from app.delivery.models import MessageKind, Sender, SenderKind
from app.delivery.probe import LIMIT, Account, Outcome, Post, probe
from app.delivery.queries import senders as queries
from app.delivery.service.faces import face_of
from app.delivery.service.letters import check_address, queue_letter
from app.delivery.service.senders import clear_problem

_LOCKED = int(LIMIT) + 5


def run(workspace_id: int, sender_id: int, to: str | None, by: Actor) -> list[Outcome]:
    """Test a sender and return what each step found; `to`: with a letter to this address at the end.

    Commits what the caller did so far: no transaction is open while the server is waited for, ten seconds at most. A sender that works
    again sends again at once; one that does not shows why. Raises NotFound, Invalid, Conflict while another test of the workspace runs.
    """
    address = check_address(to) if to else None
    row = queries.get_sender(workspace_id, sender_id)
    letter = words.trial(face_of(workspace_id, row.brand_id), row.name)
    if row.kind == SenderKind.SANDBOX:
        return _sandbox(workspace_id, row, letter, address)
    account, version = _account(row), row.version
    post = _post(row, letter, address) if address else None
    with _alone(workspace_id):
        session().commit()
        found = probe(account, post)
    _note(workspace_id, sender_id, version, found, by)
    return found


def _sandbox(workspace_id: int, row: Sender, letter: Letter, address: str | None) -> list[Outcome]:
    found = [Outcome("connection", ok=True, text="The sandbox connects to no server: it keeps what it gets.")]
    if address:
        queue_letter(workspace_id, address, letter, kind=MessageKind.TEST, sender_id=row.id)
        found.append(Outcome("letter", ok=True, text=f"A letter for {address} stands under Caught mail in a moment."))
    return found


def _account(row: Sender) -> Account:
    """Return the account in the clear, for the length of a test."""
    us = urlsplit(settings.get().PUBLIC_URL).hostname or "localhost"
    password = unseal(row.password) if row.password else None
    return Account(row.host or "", row.port or 0, row.tls, us, row.username, password)


def _post(row: Sender, letter: Letter, address: str) -> Post:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = formataddr((row.from_name or "", row.from_email)), address, letter.subject
    mail["Date"], mail["Message-ID"] = format_datetime(now()), make_msgid(domain=row.from_email.rpartition("@")[2])
    if row.reply_to:
        mail["Reply-To"] = row.reply_to
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return Post(row.return_path or row.from_email, address, mail)


@contextmanager
def _alone(workspace_id: int) -> Iterator[None]:
    """Let one test of a workspace run at a time, so that nobody searches networks with them or keeps all threads waiting."""
    key = f"fl:sender-test:{workspace_id}"
    with suppress(redis.Error):
        if not redis.client().set(key, b"1", nx=True, ex=_LOCKED):
            raise Conflict("A sender of this workspace is being tested. It takes ten seconds at most; try again then.")
    try:
        yield
    finally:
        with suppress(redis.Error):
            redis.client().delete(key)


def _note(workspace_id: int, sender_id: int, version: int, found: Sequence[Outcome], by: Actor) -> None:
    """Keep what was found, unless the sender was changed meanwhile. A letter that was refused says nothing about the sender."""
    row = queries.get_sender(workspace_id, sender_id, lock=True)
    if row.version == version:
        row.tested_at = now()
        wrong = next((step for step in found if not step.ok and step.step != "letter"), None)
        if wrong:
            row.problem, row.problem_at = wrong.text, row.tested_at
        else:
            clear_problem(workspace_id, row)
        session().flush()
    result = {"found": "works" if all(step.ok for step in found) else found[-1].text}
    audit.record(workspace_id, by, "sender.tested", ("sender", row.id, row.name), None, result)
