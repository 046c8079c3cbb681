"""An SMTP server that keeps count: what it accepted stands in its file before it says so.

Runs in a thread, or as `python -m tests.delivery.sink PORT FILE [DELAY]`.

By the local part of the recipient it behaves badly: `gone…` 550 5.1.1, `blocked…` 550 5.7.1, `later…` 450 at RCPT, `body-later…` 451 after the body,
`hangs…` says nothing more from the body on, `drops…` hangs up in its middle, `busy…` 421, `slams…` hangs up at RCPT. SIGUSR1 cuts all connections.
"""

import asyncio
import base64
import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WORDS = {
    "gone": "550 5.1.1 User unknown",
    "blocked": "550 5.7.1 Blocked by policy",
    "later": "450 4.2.1 Try again later",
    "busy": "421 4.7.0 Too busy",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was accepted."""

    sender: str
    recipient: str
    data: bytes


@dataclass
class Ledger:
    """What a sink accepted, in memory and in its file."""

    path: Path | None = None
    keep: bool = True
    taken: list[Taken] = field(default_factory=list)
    greeting: str = "220 sink ESMTP"
    pipelining: bool = True
    delay: float = 0.0
    login: tuple[str, str] | None = None
    connections: int = 0
    lines: "set[Session]" = field(default_factory=set)
    _file: int = -1

    def accept(self, message: Taken) -> None:
        """Note a message, for good."""
        if self.path is not None:
            if self._file < 0:
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(self._file, message.recipient.encode() + b"\n")
        if self.keep:
            self.taken.append(message)

    def cut(self) -> None:
        """Drop all connections."""
        for line in list(self.lines):
            if line.transport:
                line.transport.abort()

    def recipients(self) -> list[str]:
        """Return who got something, as often as they got it."""
        if self.path is not None:
            return self.path.read_text().split() if self.path.exists() else []
        return [message.recipient for message in self.taken]


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._sender, self._recipient = "", ""
        self._in_data = False
        self._bad = ""
        self._held = False
        self._login: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ledger.lines.add(self)
        self.ledger.connections += 1
        self.say(self.ledger.greeting)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ledger.lines.discard(self)
        self.transport = None

    def say(self, *lines: str) -> None:
        if self.transport:
            self.transport.write("".join(f"{line}\r\n" for line in lines).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while self.transport and not self._held:
            if self._in_data:
                if self._recipient.startswith("drops") and len(self._buffer) > 20:
                    self.transport.abort()
                    return
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return
                message = bytes(self._buffer[: end + 2])
                del self._buffer[: end + 5]
                self._in_data = False
                self._end_of_data(message)
            else:
                end = self._buffer.find(b"\r\n")
                if end < 0:
                    return
                line = self._buffer[:end].decode()
                del self._buffer[: end + 2]
                self._command(line)

    def _end_of_data(self, message: bytes) -> None:
        if self._recipient.startswith("hangs"):
            self._held = True  # nor anything behind it: the answer to a later command would be taken for this one's
            return
        if self._recipient.startswith("body-later"):
            self.say("451 4.3.0 Not now")
            return
        taken = Taken(self._sender, self._recipient, message)
        if self.ledger.delay:
            self._held = True
            asyncio.get_running_loop().call_later(self.ledger.delay, self._accept_late, taken)
        else:
            self.ledger.accept(taken)
            self.say("250 2.0.0 Ok: taken")

    def _accept_late(self, taken: Taken) -> None:
        self._held = False
        if self.transport:  # a connection that was cut meanwhile got nothing accepted
            self.ledger.accept(taken)
            self.say("250 2.0.0 Ok: taken")
            self._go_on()

    def _command(self, line: str) -> None:
        verb = line[:4].upper()
        if self._login:
            self._password(line)
        elif verb == "EHLO":
            offers = (["PIPELINING"] if self.ledger.pipelining else []) + (["AUTH LOGIN"] if self.ledger.login else [])
            says = ["sink", *offers, "SMTPUTF8"]
            self.say(*(f"250{'-' if n + 1 < len(says) else ' '}{word}" for n, word in enumerate(says)))
        elif verb == "AUTH":
            self._login.append("")
            self.say("334 VXNlcm5hbWU6")
        elif verb == "MAIL":
            self._bad = ""
            self._sender = line[line.find("<") + 1 : line.rfind(">")]
            self.say("250 2.1.0 Ok")
        elif verb == "RCPT":
            self._recipient = line[line.find("<") + 1 : line.rfind(">")]
            if self._recipient.startswith("slams") and self.transport:
                self.transport.abort()
                return
            self._bad = next((says for word, says in WORDS.items() if self._recipient.startswith(word)), "")
            self.say(self._bad or "250 2.1.5 Ok")
        elif verb == "DATA":
            self._in_data = not self._bad
            self.say("503 5.5.1 No valid recipients" if self._bad else "354 Go on")
        elif verb == "QUIT":
            self.say("221 2.0.0 Bye")
            if self.transport:
                self.transport.close()
        else:
            self.say("250 2.0.0 Ok")

    def _password(self, line: str) -> None:
        self._login.append(base64.b64decode(line).decode())
        if len(self._login) == 2:
            self.say("334 UGFzc3dvcmQ6")
            return
        good = tuple(self._login[1:]) == self.ledger.login
        self._login.clear()
        self.say("235 2.7.0 Welcome" if good else "535 5.7.8 Wrong password")


@contextlib.contextmanager
def sink(**says: object) -> Iterator[tuple[Ledger, int]]:
    """Run a sink in a thread; gives what it accepts, and its port."""
    ledger = Ledger(**says)  # type: ignore[arg-type]
    ports: queue.Queue[int] = queue.Queue()
    over = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loops.append(loop)
        server = await loop.create_server(lambda: Session(ledger), "127.0.0.1", 0)
        ports.put(server.sockets[0].getsockname()[1])
        await over.wait()
        server.close()
        ledger.cut()
        await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)  # the tests' own thread may have a loop of Chromium's
    thread.start()
    try:
        yield ledger, ports.get(timeout=10)
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join(5)


async def serve(port: int, path: Path, delay: float) -> None:
    """Run until killed."""
    ledger = Ledger(path=path, keep=False, delay=delay)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(ledger), "127.0.0.1", port, backlog=512)
    loop.add_signal_handler(signal.SIGUSR1, ledger.cut)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0.0))
