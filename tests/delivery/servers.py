"""Mail servers on loopback, with real sockets, and a certificate authority of their own."""

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOGIN, PASSWORD = "fairlead", "sesame open"


def certificate(folder: Path, host: str) -> ssl.SSLContext:
    """Return what a server of this name shows; `folder/ca.pem` is whom to trust for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(public)
    (folder / "server.pem").write_bytes(public + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


@dataclass
class Caught:
    """What a server was given."""

    mails: list[Envelope] = field(default_factory=list)
    refuse: str = ""

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        return "250 2.0.0 queued as 42"


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    good = (data.login.decode(), data.password.decode()) == (LOGIN, PASSWORD)
    return AuthResult(success=good, handled=good, message=None if good else "535 5.7.8 Authentication credentials invalid")


@contextlib.contextmanager
def a_server(tls: str = "none", context: ssl.SSLContext | None = None, *, login: bool = True) -> Iterator[tuple[Caught, int]]:
    """Run a mail server; give what it catches and its port. `tls`: none, starttls or tls, with the certificate of `context`."""
    caught = Caught()
    says: dict[str, Any] = {"hostname": "127.0.0.1", "port": free_port(), "ready_timeout": 10}
    if login:
        says |= {"authenticator": _authenticate, "auth_require_tls": False}
    if tls == "starttls":
        says |= {"tls_context": context}
    server = Controller(caught, ssl_context=context if tls == "tls" else None, **says)
    server.start()
    try:
        yield caught, says["port"]
    finally:
        server.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextlib.contextmanager
def scripted(*lines: bytes) -> Iterator[int]:
    """Run a server that says these lines to whoever connects, whatever it hears, and then nothing more; give its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def talk() -> None:
            with contextlib.suppress(OSError):
                line, _ = listener.accept()
                with line:
                    for text in lines:
                        line.sendall(text)
                    over.wait(20)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join(5)
