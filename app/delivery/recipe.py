"""The words of a mailing, ready to become messages: everything that all recipients share is encoded once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from markupsafe import escape

from app.content.render.parts import Addresses, Budget, Compiled, Const, Context, Link, Part, Special, line_of, part_of
from app.delivery import mime
from app.delivery.tokens import Signer, trackable

Piece = bytes | Callable[[Context, Addresses], bytes]
_LEAVE = Special("unsubscribe")
_BOUNDARY = b"=_fairlead_alternative"
"""No quoted-printable body can hold it: an underscore never follows an equals sign there."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a message says besides its words: who sends it, where its links lead, by which names it is known."""

    from_name: str | None
    from_email: str
    reply_to: str | None
    return_path: str | None
    verp: bool
    base: str
    """PUBLIC_URL."""
    feedback_id: str
    bulk: bool

    def return_paths(self) -> Callable[[str], bytes]:
        """Return a function that gives the address bounces of a message go to: with its tag where the mailbox takes one."""
        local, _, domain = mime.wire_address(self.return_path or self.from_email).rpartition(b"@")
        if not self.verp:
            return lambda _tag: local + b"@" + domain
        return lambda tag: local + b"+" + tag.encode() + b"@" + domain


@dataclass(frozen=True, slots=True)
class Made:
    """A message: its bytes as SMTP takes them (without the last dot), its subject, the envelope's sender."""

    wire: bytes
    subject: str
    return_path: bytes


class Recipe:
    """Makes the bytes of each message of a mailing."""

    def __init__(self, compiled: Compiled, frame: Frame, signer: Signer, facts: Mapping[str, Any]) -> None:
        self.uses = compiled.uses
        self._compiled, self._frame, self._signer, self._facts = compiled, frame, signer, facts
        self._fixed: dict[int, tuple[str, Callable[[int], str]]] = {}
        self._paths = {"unsubscribe": signer.unsubscribe_url, "view": signer.view_url, "pixel": signer.open_url}
        before, between, after = mime.alternative(_BOUNDARY)
        body: list[Piece] = [b"\r\n" + before, *self._pieces(compiled.text, str)]
        body += [between, *self._pieces(compiled.html, escape), after]
        self._body = _joined(body)
        self._subject = _constant(compiled.subject)
        self._head = self._constant_head()
        self._domain = mime.wire_address(frame.from_email).rpartition(b"@")[2]
        self._return_path = frame.return_paths()

    def make(self, message_id: int, recipient: bytes, customer: Mapping[str, Any], moment: datetime) -> Made:
        """Return the message to one person. `customer` as `content.queries.people.contexts` gives it. Raises Invalid where a cap is passed."""
        context = {**self._facts, **customer, "_budget": Budget()}
        subject = self._subject if self._subject is not None else line_of(self._compiled.subject, context)
        put = Addresses(context, partial(self._address, message_id))
        tag = self._signer.bounce_tag(message_id)
        pieces = [self._own_head(put, tag, recipient, subject, moment), self._head]
        pieces += [piece if isinstance(piece, bytes) else piece(context, put) for piece in self._body]
        return Made(b"".join(pieces), subject, self._return_path(tag))

    def _constant_head(self) -> bytes:
        frame = self._frame
        pairs = [("From", mime.mailbox(frame.from_name, frame.from_email))]
        if frame.reply_to:
            pairs.append(("Reply-To", mime.mailbox(None, frame.reply_to)))
        pairs.append(("Feedback-ID", mime.header(frame.feedback_id)))
        if not frame.bulk:
            pairs.append(("Auto-Submitted", b"auto-generated"))
        pairs += [("MIME-Version", b"1.0"), ("Content-Type", b'multipart/alternative; boundary="' + _BOUNDARY + b'"')]
        return mime.fields(pairs)

    def _own_head(self, put: Addresses, tag: str, recipient: bytes, subject: str, moment: datetime) -> bytes:
        pairs = [
            ("Date", _date(int(moment.timestamp()))),
            ("To", b"<" + recipient + b">"),
            ("Subject", mime.header(subject)),
            ("Message-ID", b"<" + tag.encode() + b"@" + self._domain + b">"),
        ]
        if self._frame.bulk:
            leave = put.of(_LEAVE).encode()
            pairs += [("List-Unsubscribe", b"<" + leave + b">"), ("List-Unsubscribe-Post", b"List-Unsubscribe=One-Click")]
        return mime.fields(pairs)

    def _pieces(self, parts: Sequence[Part], write: Callable[[str], str]) -> list[Piece]:
        return [self._piece(part, write) for part in parts]

    def _piece(self, part: Part, write: Callable[[str], str]) -> Piece:
        if isinstance(part, Const):
            return mime.encoded(part.text)
        fixed = _constant(part.parts) if isinstance(part, Link) else None
        if isinstance(part, Link) and fixed is not None and trackable(fixed):
            self._fixed[part.position] = (fixed, self._signer.link(part.position, fixed))
        return lambda context, put: mime.encoded(part_of(part, context, put, write))

    def _address(self, message_id: int, part: Link | Special, target: str) -> str:
        """Return where a link or special leads in one message; nowhere if its target is none that can be followed."""
        if isinstance(part, Special):
            return self._frame.base + self._paths[part.name](message_id)
        fixed = self._fixed.get(part.position)
        if fixed is not None and fixed[0] == target:
            return self._frame.base + fixed[1](message_id)
        return self._frame.base + self._signer.click_url(message_id, part.position, target) if trackable(target) else "#"


def _constant(parts: Sequence[Any]) -> str | None:
    """Return the text of parts that are the same for all, or None."""
    return "".join(part.text for part in parts) if all(isinstance(part, Const) for part in parts) else None


def _joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Join neighbours that are bytes."""
    out: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, bytes) and out and isinstance(out[-1], bytes):
            out[-1] += piece
        else:
            out.append(piece)
    return tuple(out)


@lru_cache(8)
def _date(second: int) -> bytes:
    return mime.date(datetime.fromtimestamp(second, UTC))


def letter(frame: Frame, signer: Signer, message_id: int, recipient: bytes, words: Mapping[str, str], moment: datetime) -> Made:
    """Return a letter of the product."""
    both = Compiled((Const(words["subject"]),), (), (Const(words["html"]),), (Const(words["text"]),), frozenset(), ())
    return Recipe(both, frame, signer, {}).make(message_id, recipient, {}, moment)
