"""The test of a connection, through real sockets: each step in words, and never longer than the limit."""

import contextlib
import ssl
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask_sqlalchemy.session import Session

from app.delivery.probe import Account, Post, codes, probe
from tests.delivery.servers import LOGIN, PASSWORD, a_server, certificate, free_port, scripted


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate of localhost that this process trusts."""
    context = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return context


def account(
    port: int, tls: str = "none", host: str = "localhost", password: str | None = PASSWORD, username: str | None = LOGIN
) -> Account:
    return Account(host, port, tls, "fairlead.example", username, password)


def a_post() -> Post:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "It works", "hello@northlight.example", "ada@northlight.example"
    mail.set_content("It works.\n.\nNo more.")
    return Post("bounces@northlight.example", "ada@northlight.example", mail)


def words(*args: object, **says: object) -> list[tuple[str, bool, str]]:
    return [(step.step, step.ok, step.text) for step in probe(*args, **says)]  # type: ignore[arg-type]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_server_that_works_is_told_step_by_step_and_takes_the_letter(session: Session, trusted: ssl.SSLContext, tls: str) -> None:
    with a_server(tls, trusted) as (caught, port):
        found = words(account(port, tls), a_post())
    assert found == [
        ("address", True, "localhost is at 127.0.0.1."),
        ("connection", True, f"localhost answers on port {port}."),
        ("encryption", True, "The line is encrypted (TLSv1.3), and the certificate is that of localhost."),
        ("login", True, "localhost takes our password."),
        ("letter", True, "localhost took a letter for ada@northlight.example (250 2.0.0 queued as 42)."),
    ]
    (mail,) = caught.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("bounces@northlight.example", ["ada@northlight.example"])
    assert b"Subject: It works" in mail.content
    assert b"It works.\r\n.\r\nNo more." in mail.content


def test_a_server_without_login_and_encryption_needs_three_steps(session: Session) -> None:
    with a_server(login=False) as (caught, port):
        assert [step[:2] for step in words(account(port, username=None), a_post())] == [
            ("address", True),
            ("connection", True),
            ("letter", True),
        ]
        caught.refuse = "550 5.1.1 No such user here"
        assert words(account(port, username=None), a_post())[-1] == ("letter", False, "localhost answered: 550 5.1.1 No such user here.")
        assert words(account(port))[-1] == ("login", False, f"localhost lets nobody log in on port {port} the way Fairlead can.")


def test_what_is_wrong_is_said_in_words(session: Session, trusted: ssl.SSLContext, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    stranger = certificate(other, "mail.elsewhere.example")
    with a_server("starttls", trusted) as (_, port):
        assert words(account(port, "starttls", password="wrong"))[-1] == ("login", False, "localhost refuses our password (535 5.7.8).")
        assert words(account(port, "tls"))[-1] == (
            *("connection", False),
            f"localhost does not speak TLS on port {port}. STARTTLS may be the right choice there.",
        )
    with a_server("tls", stranger) as (_, port):
        step, ok, text = words(account(port, "tls"))[-1]
        assert (step, ok) == ("connection", False)
        assert text.startswith("localhost shows a certificate that does not fit: it is signed by nobody but itself.")
        assert text.endswith("If it is the right one, whoever runs Fairlead can have this machine trust whoever signed it.")
    with a_server() as (_, port):
        assert words(account(port, "starttls"))[-1] == (
            *("encryption", False),
            f"localhost offers no STARTTLS on port {port}, so the password would travel readable.",
        )
    port = free_port()
    assert words(account(port))[-1] == ("connection", False, f"localhost takes no connections on port {port}.")
    assert words(account(25, host="nowhere.invalid")) == [("address", False, "There is no host named nowhere.invalid.")]
    assert words(account(25, host="10.0.0.1"))[0][2].startswith("10.0.0.1 is in a private network.")


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def test_a_server_that_says_nothing_or_drips_is_cut_off(session: Session) -> None:
    with scripted() as port, within(2):
        assert words(account(port), limit=0.5)[-1] == ("connection", False, f"localhost did not answer on port {port} within 0 s.")
    with scripted(*[b"220-a\r\n"] * 2, b"220 b\r\n", b"250-drip\r\n") as port, within(2):
        assert words(account(port), limit=0.5)[-1][:2] == ("connection", False)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([b"554 5.7.1 Go away\r\n"], "localhost answered: 554 5.7.1 Go away."),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "What answers on this port of localhost is no mail server."),
        ([b"220-" + b"x" * 500 + b"\r\n"] * 400, "It answers with more than any mail server says."),
        ([b"220 " + b"x" * 9000 + b"\r\n"], "localhost answered: 500 Line too long."),
    ],
)
def test_a_server_that_talks_nonsense_is_refused(session: Session, lines: list[bytes], says: str) -> None:
    with scripted(*lines) as port, within(5):
        step, ok, text = words(account(port), limit=2)[-1]
        assert (step, ok, text.replace(f"port {port}", "this port")) == ("connection", False, says)


@pytest.mark.parametrize(
    ("code", "reply", "says"),
    [(535, b"5.7.8 Error: authentication failed", "535 5.7.8"), (454, b"Temporary", "454"), (535, b"", "535"), (550, "1.2.3.4 x", "550")],
)
def test_codes_are_kept_without_words(code: int, reply: bytes | str, says: str) -> None:
    assert codes(code, reply) == says
