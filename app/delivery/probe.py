"""The test of a connection to a mail server, step by step, each outcome in words. Knows no session: none is open while a server is waited for."""

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from types import TracebackType
from typing import Literal, Self

from app.core import outbound
from app.core.errors import Refusal
from app.delivery import certificates

LIMIT = 10.0
"""Seconds for all steps together."""
_MOST = 64 * 1024
"""Bytes that a server may answer with in all."""
_LONGEST = 200
_OK = range(200, 300)
_TLS_PORT = 465
_WHY: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPServerDisconnected, "{host} ended the connection."),
    (smtplib.SMTPException, "{host} lets nobody log in on port {port} the way Fairlead can."),
    (ssl.SSLError, "{host} does not speak TLS on port {port}. STARTTLS may be the right choice there."),
    (ConnectionRefusedError, "{host} takes no connections on port {port}."),
)
Step = Literal["address", "connection", "encryption", "login", "letter"]


@dataclass(frozen=True, slots=True)
class Account:
    """Where to connect, and how. `us` is the name this side greets with. `password` is plain: accounts are kept nowhere."""

    host: str
    port: int
    tls: str
    us: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Post:
    """A letter to be handed over at the end of a test."""

    envelope: str
    to: str
    mail: EmailMessage


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step went."""

    step: Step
    ok: bool
    text: str


class _Failed(Exception):  # noqa: N818 (an outcome)
    """A step failed; the words say why."""


def probe(account: Account, post: Post | None = None, limit: float = LIMIT) -> list[Outcome]:
    """Look the server up, connect, encrypt, log in, and hand over a letter if there is one; return the steps up to the first that failed."""
    found: list[Outcome] = []
    with _Line(account, limit) as line:
        steps: list[tuple[Step, Callable[[], str]]] = [("address", line.look_up), ("connection", line.connect)]
        if account.tls != "none":
            steps.append(("encryption", line.encrypt))
        if account.username:
            steps.append(("login", line.log_in))
        if post:
            steps.append(("letter", lambda: line.hand_over(post)))
        for step, act in steps:
            try:
                found.append(Outcome(step, ok=True, text=line.within(act)))
            except _Failed as failure:
                return [*found, Outcome(step, ok=False, text=str(failure))]
    return found


class _Capped:
    """The answers of a server, read up to a limit."""

    def __init__(self, sock: socket.socket) -> None:
        self._file, self._left = sock.makefile("rb"), _MOST

    def readline(self, limit: int) -> bytes:
        found = self._file.readline(limit)
        self._left -= len(found)
        if self._left < 0:
            raise _Failed("It answers with more than any mail server says.")
        return found

    def close(self) -> None:
        self._file.close()


class _Smtp(smtplib.SMTP):
    """A client that is given its socket, and takes only so much from it."""

    def __init__(self, account: Account) -> None:
        super().__init__(local_hostname=account.us)
        self._host = account.host  # what the certificate must name

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer."""
        if self.file is None and self.sock is not None:
            self.file = _Capped(self.sock)
        return super().getreply()


class _Line:
    """A connection with one deadline for all that happens on it: a server that answers a byte a second is cut off too."""

    def __init__(self, account: Account, limit: float) -> None:
        self._account, self._limit, self._end = account, limit, time.monotonic() + limit
        self._smtp, self._address = _Smtp(account), ""
        self._watch = threading.Timer(limit, self._cut)
        self._watch.daemon = True

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._watch.cancel()
        self._watch.join()
        self._smtp.close()

    def within(self, act: Callable[[], str]) -> str:
        """Do a step with what is left of the time. Raises _Failed with the reason in words."""
        try:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(max(self._end - time.monotonic(), 0.01))
            return act()
        except (OSError, smtplib.SMTPException, Refusal) as problem:
            if time.monotonic() >= self._end or isinstance(problem, TimeoutError):
                raise _Failed(self._late()) from problem
            raise _Failed(_why(self._account, problem)) from problem

    def look_up(self) -> str:
        self._address = outbound.resolve(self._account.host, self._account.port)
        host = self._account.host
        return f"{host} is at {self._address}." if host != self._address else f"{host} may be connected to."

    def connect(self) -> str:
        host, port = self._account.host, self._account.port
        sock = socket.create_connection((self._address, port), max(self._end - time.monotonic(), 0.01))
        self._smtp.sock = sock
        if self._account.tls == "tls":
            self._smtp.sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        _expect(self._smtp.getreply())
        self._smtp.ehlo_or_helo_if_needed()
        return f"{host} answers on port {port}."

    def encrypt(self) -> str:
        if self._account.tls == "starttls":
            if not self._smtp.has_extn("starttls"):
                raise _Failed(
                    f"{self._account.host} offers no STARTTLS on port {self._account.port}, so the password would travel readable."
                )
            self._smtp.starttls(context=ssl.create_default_context())
            self._smtp.ehlo_or_helo_if_needed()
        version = self._smtp.sock.version() if isinstance(self._smtp.sock, ssl.SSLSocket) else None
        return f"The line is encrypted ({version}), and the certificate is that of {self._account.host}."

    def log_in(self) -> str:
        self._smtp.login(self._account.username or "", self._account.password or "")
        return f"{self._account.host} takes our password."

    def hand_over(self, post: Post) -> str:
        _expect(self._smtp.mail(post.envelope))
        _expect(self._smtp.rcpt(post.to))
        code, reply = _expect(self._smtp.data(post.mail.as_bytes(policy=SMTP)))
        return f"{self._account.host} took a letter for {post.to} ({_reply(code, reply)})."

    def _cut(self) -> None:
        if self._smtp.sock is not None:
            with contextlib.suppress(OSError):  # not SSLSocket's own, which would begin to read in the clear
                socket.socket.shutdown(self._smtp.sock, socket.SHUT_RDWR)

    def _late(self) -> str:
        account = self._account
        hint = " This port speaks TLS from the start." if account.port == _TLS_PORT and account.tls != "tls" else ""
        return f"{account.host} did not answer on port {account.port} within {self._limit:.0f} s.{hint}"


def _expect(answer: tuple[int, bytes]) -> tuple[int, bytes]:
    if answer[0] not in _OK:
        raise smtplib.SMTPResponseException(*answer)
    return answer


def _why(account: Account, problem: Exception) -> str:
    """Say in words what a step failed of."""
    host, port = account.host, account.port
    match problem:
        case Refusal():
            return problem.reason
        case smtplib.SMTPAuthenticationError():
            return f"{host} refuses our password ({codes(problem.smtp_code, problem.smtp_error)})."
        case smtplib.SMTPResponseException() if problem.smtp_code < 0:
            return f"What answers on port {port} of {host} is no mail server."
        case smtplib.SMTPResponseException():
            return f"{host} answered: {_reply(problem.smtp_code, problem.smtp_error)}."
        case ssl.SSLCertVerificationError():
            return certificates.why(host, problem)
    words = next((text for kind, text in _WHY if isinstance(problem, kind)), "{host} cannot be reached on port {port}.")
    return words.format(host=host, port=port)


def codes(code: int, reply: bytes | str) -> str:
    """Return the codes of a reply without its words: `535 5.7.8`."""
    first = (reply.decode(errors="replace") if isinstance(reply, bytes) else reply).split(maxsplit=1)[:1]
    enhanced = first and first[0].count(".") == 2 and first[0].replace(".", "").isdigit()  # noqa: PLR2004 (as in 5.7.8)
    return f"{code} {first[0]}" if enhanced else str(code)


def _reply(code: int, reply: bytes | str) -> str:
    words = " ".join((reply.decode(errors="replace") if isinstance(reply, bytes) else reply).split())
    return f"{code} {words}"[:_LONGEST].rstrip(" .")
