"""One connection to an SMTP server: a state machine over asyncio's protocol, one round trip a message where PIPELINING is offered.

What was said and not yet answered stands in a queue of callbacks. A message's envelope may go out before the message is claimed; its body only when
`send_body` is called, and never once the mailer's lease is over by the local clock.
"""

import asyncio
import base64
import math
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from app.delivery.mailer.item import Item
from app.delivery.replies import Reply

CONNECT_SECONDS = 20.0
REPLY_SECONDS = 60.0
FINAL_SECONDS = 180.0
"""How long the reply after the last dot is waited for: the server is delivering then."""
_LONGEST_REPLY = 16 * 1024
"""Bytes; whoever says more wants to keep us busy."""

Heard = Callable[[Reply], None]


@dataclass(frozen=True, slots=True)
class Account:
    """Where to connect, already resolved and checked; `host` is whose certificate is expected."""

    sender_id: int
    host: str
    address: str
    port: int
    tls: str
    username: str | None
    password: str | None
    context: ssl.SSLContext | None
    helo: str
    version: int


class Refused(Exception):  # noqa: N818 (the server's word)
    """The server let nobody in: `reply` is its answer, `login` tells that it refused our password."""

    def __init__(self, reply: Reply, *, login: bool = False) -> None:
        super().__init__(str(reply))
        self.reply, self.login = reply, login


class Phase(Enum):
    """Where the next message on a line stands."""

    FREE = "free"
    """Nothing announced."""
    ANNOUNCED = "announced"
    """MAIL, RCPT, DATA are out."""
    READY = "ready"
    """The server waits for the body."""


class Owner(Protocol):
    """Who hears what becomes of messages: the engine."""

    def alive(self) -> bool:
        """Tell whether the lease still holds by the local clock."""

    def ready(self, _line: "Line", /) -> None:
        """Hear that the server waits for the body of `line.next`."""

    def answered(self, item: Item, reply: Reply) -> None:
        """Hear the answer to the body of a message."""

    def unwelcome(self, line: "Line", item: Item, reply: Reply) -> None:
        """Hear that the server does not take mail from this sender's address at all."""

    def refused(self, line: "Line", item: Item, reply: Reply) -> None:
        """Hear that the server does not want a message, or not this recipient, before its body went out."""

    def closed(self, line: "Line", current: Item | None, following: Item | None, reply: Reply | None) -> None:
        """Hear that a connection is gone. The body of `current` had begun to leave, that of `following` had not; `reply`: the last word."""


class Line(asyncio.Protocol):
    """A connection after its handshake. `current` waits for the reply to its body; `next` is announced."""

    def __init__(self, owner: Owner, account: Account) -> None:
        self.owner, self.account = owner, account
        self.current: Item | None = None
        self.next: Item | None = None
        self.phase = Phase.FREE
        self.offers: dict[str, str] = {}
        self.done = 0
        self.open = False
        self._transport: asyncio.Transport | None = None
        self._waits: deque[Heard] = deque()
        self._to_say: deque[tuple[bytes, Heard]] = deque()
        self._buffer = bytearray()
        self._lines: list[bytes] = []
        self._heard = 0
        self.due = math.inf
        self._said: Reply | None = None
        self.over = False
        self.ours = False
        """We dropped it, not the server."""
        self._greeting: _Future | None = None
        self._dirty = False

    # Asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (asyncio types it broader than TCP and TLS are)
        self._transport = transport
        if self._greeting is None:  # it may be read together with the end of the handshake of TLS
            self._greeting = _Future()
            self._waits.append(self._greeting)

    def data_received(self, data: bytes) -> None:
        """Cut what came into lines and replies."""
        self._buffer += data
        while not self.over and (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            del self._buffer[: end + 1]
            self._lines.append(line)
            self._heard += len(line) + 1
            if self._heard > _LONGEST_REPLY:
                break
            if len(line) < 4 or line[3:4] != b"-":  # noqa: PLR2004 (three digits and a sign)
                self._reply()
        if self._heard + len(self._buffer) > _LONGEST_REPLY:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner, once."""
        del exc
        self._finish()

    # The engine calls these.

    def announce(self, item: Item) -> None:
        """Say MAIL, RCPT, DATA for a message; its body stays here."""
        self.next, self.phase = item, Phase.ANNOUNCED
        self._say_envelope(item)
        self._flush()

    def send_body(self, following: Item | None) -> bool:
        """Send the body of the claimed `next`, and behind it the envelope of the one after it.

        False, with the connection dropped and nothing sent: the lease is over, or the line is.
        """
        item = self.next
        if item is None or self.phase is not Phase.READY or self._transport is None or not self.owner.alive():
            self.abort()
            return False
        self.current, self.next, self.phase = item, following, Phase.ANNOUNCED if following else Phase.FREE
        self._to_say.append((item.wire + b".\r\n", self._answer_to_body))
        if following:
            self._say_envelope(following)
        self._flush()
        return True

    def quit(self) -> None:
        """End politely what has nothing under way."""
        if self.current or self.next or self.over:
            self.abort()
        else:
            self.open = False
            self._to_say.append((b"QUIT\r\n", lambda _: self.abort()))
            self._flush()

    def abort(self, *, silent: bool = False) -> None:
        """Drop the connection; `silent`: because the server says nothing any more, which is as if it had."""
        if not self.over:
            self.ours = not silent
        if self._transport is not None:
            self._transport.abort()
        self._finish()

    # Inside.

    def _finish(self) -> None:
        if not self.over:
            self.over, self.open = True, False
            for heard in self._waits:
                if isinstance(heard, _Future):
                    heard.fail()
            self.owner.closed(self, self.current, self.next, self._said)

    def _say_envelope(self, item: Item) -> None:
        utf8 = b" SMTPUTF8" if item.utf8 else b""
        if self._dirty:
            self._to_say.append((b"RSET\r\n", lambda _: None))
            self._dirty = False
        said: list[Reply] = []
        self._to_say.append((b"MAIL FROM:<" + item.return_path + b">" + utf8 + b"\r\n", said.append))
        self._to_say.append((b"RCPT TO:<" + item.recipient + b">\r\n", said.append))
        self._to_say.append((b"DATA\r\n", lambda r: self._data(item, r, said)))

    def _data(self, item: Item, reply: Reply, said: list[Reply]) -> None:
        refusals = [each for each in said if each.code >= 400]  # noqa: PLR2004 (RFC 5321: a refusal)
        if self.next is not item or (reply.code < 400 and reply.code != 354 and not refusals):  # noqa: PLR2004 (one reply out of step)
            self.abort()
            return
        if reply.code == 354 and not refusals:  # noqa: PLR2004 (go on)
            self.phase = Phase.READY
            self.owner.ready(self)
            return
        self.next, self.phase, self._dirty = None, Phase.FREE, True
        if refusals and refusals[0] is said[0] and refusals[0].code >= 500:  # noqa: PLR2004 (MAIL, for good)
            self.owner.unwelcome(self, item, refusals[0])
        else:
            self.owner.refused(self, item, refusals[0] if refusals else reply)
        if reply.code == 354:  # noqa: PLR2004 (it waits for a body that nobody may get)
            self.abort()

    def _answer_to_body(self, reply: Reply) -> None:
        if self.current is None or not (200 <= reply.code < 300 or reply.code >= 400):  # noqa: PLR2004 (neither yes nor no: in doubt)
            self.abort()
            return
        item, self.current = self.current, None
        self.done += 1
        self.owner.answered(item, reply)

    def _flush(self) -> None:
        """Write what is to be said: all of it where the server takes commands in a row, else one and wait."""
        if self._transport is None or self.over:
            return
        together = "PIPELINING" in self.offers
        out: list[bytes] = []
        while self._to_say and (together or not (self._waits or out)):
            data, heard = self._to_say.popleft()
            out.append(data)
            self._waits.append(heard)
        if out:
            self._transport.write(b"".join(out))
            self._wind()

    def _wind(self) -> None:
        """Set the time by which the next reply must be there; the fleet looks at it."""
        self.due = time.monotonic() + (FINAL_SECONDS if self.current else REPLY_SECONDS) if self._waits else math.inf

    def _reply(self) -> None:
        lines, self._lines, self._heard = self._lines, [], 0
        try:
            code = int(lines[-1][:3])
        except ValueError:
            self.abort()
            return
        text = " ".join([line[4:].decode("utf-8", "replace") for line in lines])
        reply = Reply(code, text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text))
        if code == 421:  # noqa: PLR2004 (it hangs up)
            self._said = reply
        if not self._waits:
            self.abort()
            return
        self._waits.popleft()(reply)
        if not self.over:
            self._flush()
            self._wind()

    # The handshake: a coroutine that waits for one reply after the other.

    async def greet(self) -> None:
        """Say hello, switch to TLS and sign in as the account wants. Raises Refused, OSError, TimeoutError."""
        async with asyncio.timeout(CONNECT_SECONDS):
            if self._greeting is None:
                raise ConnectionResetError
            reply = await self._greeting.future
            if reply.code != 220:  # noqa: PLR2004
                raise Refused(reply)
            await self._hello()
            if self.account.tls == "starttls":
                await self._secure()
                await self._hello()
            if self.account.username:
                await self._sign_in(self.account.username, self.account.password or "")
        if self.over:
            raise ConnectionResetError
        self.open = True

    async def _ask(self, command: bytes) -> Reply:
        wait = _Future()
        self._waits.append(wait)
        if self._transport is None or self.over:
            raise ConnectionResetError
        self._transport.write(command + b"\r\n")
        return await wait.future

    async def _hello(self) -> None:
        reply = await self._ask(b"EHLO " + self.account.helo.encode())
        if reply.code >= 400:  # noqa: PLR2004
            reply = await self._ask(b"HELO " + self.account.helo.encode())
            if reply.code >= 400:  # noqa: PLR2004
                raise Refused(reply)
            self.offers = {}
            return
        self.offers = {word: "" for word in reply.text.upper().split() if word in {"PIPELINING", "SMTPUTF8", "8BITMIME", "STARTTLS"}}
        self.offers |= {"AUTH": reply.text.upper()} if "AUTH" in reply.text.upper() else {}

    async def _secure(self) -> None:
        reply = await self._ask(b"STARTTLS")
        if reply.code != 220 or self._transport is None:  # noqa: PLR2004
            raise Refused(reply)
        if self._buffer or self._lines:  # said before the switch, and so perhaps by somebody in between
            raise ConnectionResetError
        loop = asyncio.get_running_loop()
        secure = await loop.start_tls(
            self._transport, self, self.account.context or ssl.create_default_context(), server_hostname=self.account.host
        )
        if not isinstance(secure, asyncio.Transport):
            raise ConnectionResetError
        self._transport = secure

    async def _sign_in(self, username: str, password: str) -> None:
        offered = self.offers.get("AUTH", "")
        if "PLAIN" in offered or "LOGIN" not in offered:
            plain = base64.b64encode(f"\0{username}\0{password}".encode())
            reply = await self._ask(b"AUTH PLAIN " + plain)
        else:
            reply = await self._ask(b"AUTH LOGIN")
            for secret in (username, password):
                if reply.code == 334:  # noqa: PLR2004 (go on)
                    reply = await self._ask(base64.b64encode(secret.encode()))
        if reply.code != 235:  # noqa: PLR2004
            raise Refused(reply, login=reply.code >= 500)  # noqa: PLR2004


class _Future:
    """A reply to wait for."""

    def __init__(self) -> None:
        self.future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def __call__(self, reply: Reply) -> None:
        if not self.future.done():
            self.future.set_result(reply)

    def fail(self) -> None:
        """End the wait of somebody whose connection is gone."""
        if not self.future.done():
            self.future.set_exception(ConnectionResetError("The server closed the connection."))
