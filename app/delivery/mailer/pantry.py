"""What the mailer reads: which mailings want to send, by which accounts, and the next candidates of each with their customers' data.

Every function is one transaction of its own in the reading thread, and holds no lock.
"""

import json
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import current_app

from app.content.queries.people import contexts
from app.content.render.compiled import compile_source
from app.content.render.parts import Source
from app.core import settings
from app.core.db import get, session
from app.core.errors import Refusal, Unavailable
from app.core.security import unseal
from app.core.time import now
from app.delivery import mime
from app.delivery.mailer.item import Item
from app.delivery.mailer.line import Account
from app.delivery.models import Mailing, MailingContent, MailingKind, MessageBody, Sender, SenderKind, Tls
from app.delivery.queries import ledger as queries
from app.delivery.recipe import Frame, Recipe, letter
from app.delivery.tokens import Signer
from config import SmtpServer, smtp_server

PAGE = 500
"""Candidates read at a time."""
COOK_SECONDS = 0.3
"""Seconds after which the making of one mailing's messages gives way to others."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A mailing that is open, or stopped with replies outstanding. `waiting`: messages are due."""

    mailing_id: int
    workspace_id: int
    system: bool
    open: bool
    priority: int
    sender_id: int
    simulate: bool
    waiting: bool


@dataclass(frozen=True, slots=True)
class Post:
    """A sender as it stands. `blocked`: it rests, or a person must correct it first."""

    sender_id: int
    workspace_id: int
    sandbox: bool
    version: int
    connections: int
    per_second: int | None
    blocked: bool
    troubled: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """All there is to do, and which share of it is this mailer's: number `mine` of `of`."""

    wishes: Sequence[Wish]
    posts: Mapping[int, Post]
    of: int
    mine: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A waiting message with what its words need of the customer; of a letter its words."""

    message_id: int
    address: str | None
    attempts: int
    customer: Mapping[str, Any] | None
    words: Mapping[str, str] | None = None


PROBE = 600
"""Seconds after which a sender with a problem is tried again by itself."""


def survey(mailer: int) -> Survey:
    """Look what there is to do."""
    rows = session().execute(queries.SURVEY).all()
    wishes = [
        Wish(r.id, r.workspace_id, r.kind == MailingKind.SYSTEM, r.state == "open", r.priority, r.sender_id, r.simulate, r.waiting)
        for r in rows
    ]
    ids = sorted({wish.sender_id for wish in wishes})
    found = session().execute(queries.SENDERS, {"ids": ids}).all()
    ranks = list(session().scalars(queries.RANKS))
    session().rollback()
    posts = {row.id: _post(row) for row in found}
    return Survey(wishes, posts, max(1, len(ranks)), ranks.index(mailer) if mailer in ranks else 0)


def _post(row: Any) -> Post:
    stuck = row.problem is not None and (now() - (row.problem_at or now())).total_seconds() < PROBE
    return Post(
        row.id,
        row.workspace_id,
        row.kind == SenderKind.SANDBOX,
        row.version,
        row.connections,
        row.per_second,
        stuck or bool(row.held),
        row.problem is not None or bool(row.failures),
    )


def account(workspace_id: int, sender_id: int) -> Account:
    """Return where a sender connects to, its address still to be looked up."""
    row = get(Sender, workspace_id, sender_id)
    host, port, tls, username, version = row.host or "", row.port or 25, row.tls, row.username, row.version
    password = unseal(row.password) if row.password else None
    if row.kind == SenderKind.SYSTEM:
        host, port, tls, username, password = _system_server()
    session().rollback()
    context = ssl.create_default_context() if tls != Tls.NONE else None
    helo = urlsplit(settings.get().PUBLIC_URL).hostname or "localhost"
    return Account(sender_id, host, "", port, tls, username, password, context, helo, version)


def _system_server() -> SmtpServer:
    url = settings.get().SYSTEM_SMTP_URL
    if url is None:
        raise Unavailable("The operator’s mail server is not set up any more.")
    return smtp_server(url)


class Kitchen:
    """Makes items of one mailing from its candidates. Made anew when its sender changes."""

    def __init__(self, mailing: Mailing, sender: Sender, contents: Mapping[int, MailingContent]) -> None:
        config = settings.get()
        self.mailing_id, self.workspace_id, self.sender_id = mailing.id, mailing.workspace_id, sender.id
        self.system = mailing.kind == MailingKind.SYSTEM
        self._signer, self._base = Signer(current_app.config["LINK_KEYS"]), config.PUBLIC_URL
        self._frame = self._frame_of(mailing, sender, sender.from_name, sender.from_email, sender.reply_to)
        self._broken = ""
        self._recipes: dict[int, Recipe] = {}
        try:
            self._recipes = {variant: self._recipe(mailing, sender, content) for variant, content in contents.items()}
        except (Refusal, ValueError) as problem:  # then every message of it fails, with this reason, and nothing else is held up
            self._broken = f"The words of this mailing cannot be made into a message: {problem}"
        self.uses = frozenset().union(*(recipe.uses for recipe in self._recipes.values()))

    def _frame_of(self, mailing: Mailing, sender: Sender, name: str | None, email: str, reply_to: str | None) -> Frame:
        feedback = f"{mailing.id}:{mailing.workspace_id}:{mailing.kind}:fairlead"
        return Frame(name, email, reply_to, sender.return_path, sender.verp, self._base, feedback, bulk=not self.system)

    def _recipe(self, mailing: Mailing, sender: Sender, content: MailingContent) -> Recipe:
        source = Source(content.kind, content.subject, content.preheader, content.body, content.text)
        compiled = compile_source(source, None, content.brand, content.utm)
        frame = self._frame_of(mailing, sender, content.from_name, content.from_email, content.reply_to)
        return Recipe(compiled, frame, self._signer, {"brand": content.brand, "campaign": {"name": mailing.name}})

    def cook(self, candidate: Candidate, variant: int = 0) -> Item:
        """Return a candidate's message. Raises ValueError and whatever a template may raise: then this one message fails."""
        if self._broken:
            raise ValueError(self._broken)
        recipient = mime.wire_address(candidate.address or "")
        moment = datetime.now(UTC)
        if candidate.words is not None:
            made = letter(self._frame, self._signer, candidate.message_id, recipient, candidate.words, moment)
        elif candidate.customer is not None and variant in self._recipes:
            made = self._recipes[variant].make(candidate.message_id, recipient, candidate.customer, moment)
        else:
            raise ValueError("The customer, or the words of this message, are gone.")
        return Item(
            candidate.message_id,
            self.mailing_id,
            self.workspace_id,
            self.sender_id,
            made.return_path,
            recipient,
            mime.needs_utf8(recipient) or mime.needs_utf8(made.return_path),
            made.subject,
            made.wire,
            candidate.attempts,
        )


def kitchen(workspace_id: int, mailing_id: int) -> Kitchen:
    """Read a mailing's words and make them ready."""
    mailing = get(Mailing, workspace_id, mailing_id)
    sender = get(Sender, workspace_id, mailing.sender_id)
    mine = (MailingContent.workspace_id == workspace_id, MailingContent.mailing_id == mailing_id)
    contents = {row.variant: row for row in session().scalars(sa.select(MailingContent).where(*mine))}
    made = Kitchen(mailing, sender, contents)
    session().rollback()
    return made


def candidates(kitchen: Kitchen, after: int, of: int, mine: int) -> tuple[list[Candidate], int | None]:
    """Return the next page of a mailing's waiting messages behind the id `after`, and the id to go on behind (None: that was the last page)."""
    values = {"mailing": kitchen.mailing_id, "after": after, "of": of, "mine": mine, "most": PAGE}
    rows = session().execute(queries.CANDIDATES, values).all()
    if kitchen.system:
        words = _words([row.id for row in rows])
        found = [Candidate(row.id, row.address, row.attempts, None, words.get(row.id)) for row in rows]
    else:
        people = contexts(kitchen.workspace_id, [row.customer_id for row in rows if row.customer_id is not None], kitchen.uses)
        found = [Candidate(row.id, row.address, row.attempts, people.get(row.customer_id)) for row in rows]
    session().rollback()
    return found, rows[-1].id if len(rows) == PAGE else None


def cook(kitchen: Kitchen, waiting: Sequence[Candidate]) -> tuple[list[Item], list[tuple[Candidate, Exception]], int]:
    """Make messages until COOK_SECONDS are over: return them, those that cannot be made, and how many of `waiting` were taken."""
    items: list[Item] = []
    spoiled: list[tuple[Candidate, Exception]] = []
    until = monotonic() + COOK_SECONDS
    for candidate in waiting:
        try:
            items.append(kitchen.cook(candidate))
        except Exception as problem:  # noqa: BLE001 (a template may raise anything; one poisoned message must not hold up the rest)
            spoiled.append((candidate, problem))
        if monotonic() > until:
            break
    return items, spoiled, len(items) + len(spoiled)


def _words(ids: Sequence[int]) -> dict[int, Mapping[str, str]]:
    rows = session().execute(sa.select(MessageBody.message_id, MessageBody.sealed).where(MessageBody.message_id.in_(ids)))
    found = {}
    for row in rows:
        with suppress(Refusal):  # sealed by a key that is gone: that one letter fails, the others go
            found[row.message_id] = json.loads(unseal(row.sealed))
    return found
