"""Senders: made, changed, shown, tested."""

import ipaddress
import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.auth.schemas.fields import Email
from app.core.schemas import Blank, Id, Schema, Storable

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST_HOST = 253
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _host(value: str) -> str:
    """Return a host in small letters, a name in other scripts as the network knows it; an IPv6 address without brackets."""
    plain = value.lower().strip("[]").rstrip(".")
    try:
        return str(ipaddress.ip_address(plain))
    except ValueError:
        pass
    try:
        known = plain if plain.isascii() else plain.encode("idna").decode()
    except UnicodeError:
        known = ""
    if len(known) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in known.split(".")):
        raise ValueError("Only the name of a server, such as mail.northlight.example, without https:// and without the port.")
    return known


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("This must be a single line of text.")
    return value


def _maybe_email(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Host = Annotated[Annotated[str, Field(max_length=300), AfterValidator(_host)] | None, Blank]
Port = Annotated[Annotated[int, Field(ge=1, le=65535)] | None, Blank]
Title = Annotated[str, Field(min_length=1, max_length=200), Storable, AfterValidator(_one_line)]
OptionalTitle = Annotated[Title | None, Blank]
OptionalEmail = Annotated[Email | None, BeforeValidator(_maybe_email)]
Secret = Annotated[Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=1000), Storable] | None, Blank]
PerSecond = Annotated[Annotated[int, Field(ge=1, le=10_000)] | None, Blank]
Connections = Annotated[int, Field(ge=1, le=100)]
TlsName = Literal["none", "starttls", "tls"]


class _Sender(Schema):
    host: Host = Field(default=None, description="The mail server's name.")
    port: Port = Field(default=None, description="Left out: 587 with STARTTLS, 465 with TLS, 25 without.")
    tls: TlsName = Field(default="starttls", description="`none` needs `unencrypted` too, unless the server is on this machine.")
    unencrypted: bool = Field(default=False, description="Yes, password and letters may travel readable.")
    username: OptionalTitle = None
    password: Secret = Field(default=None, description="Kept sealed; never given back.")
    from_name: OptionalTitle = None
    reply_to: OptionalEmail = None
    return_path: OptionalEmail = Field(default=None, description="Where bounces go; left out, to `from_email`.")
    verp: bool = Field(default=True, description="Tag the return path (`+…`) so that a bounce names its message.")
    per_second: PerSecond = Field(default=None, description="Messages a second, all workers together. None: as fast as it goes.")
    connections: Connections = Field(default=10, description="At once, for each worker.")
    brand_id: Annotated[Id | None, Blank] = None


class SenderIn(_Sender):
    """A new sender. `kind` left out: what the workspace takes, `sandbox` in a sandbox and `smtp` elsewhere."""

    name: Title
    kind: Literal["smtp", "sandbox"] | None = None
    from_email: Email
    is_default: bool = Field(default=False, description="Used where nobody chose a sender. The first one is.")


class SenderPatch(_Sender):
    """The fields to change; others stay. Another host, or no encryption, drops the password unless it is given anew."""

    name: Title = ""
    from_email: Email = ""
    is_default: bool = False


class SenderOut(Schema):
    """A sender. `problem` is what keeps it from sending; it tries again at `held_until`. `rate`: messages a second in the last minute."""

    id: int
    name: str
    kind: str
    brand_id: int | None
    host: str | None
    port: int | None
    tls: str
    username: str | None
    has_password: bool
    from_name: str | None
    from_email: str
    reply_to: str | None
    return_path: str | None
    verp: bool
    per_second: int | None
    connections: int
    is_default: bool
    problem: str | None
    problem_at: datetime | None
    held_until: datetime | None
    rate: float
    tested_at: datetime | None
    created_at: datetime
    updated_at: datetime


class TestIn(Schema):
    """Test the connection; `to`: and send a test letter there."""

    __test__ = False
    to: OptionalEmail = None


class StepOut(Schema):
    """One step of a test, in words."""

    step: str
    ok: bool
    text: str


class TestOut(Schema):
    """What a test found: its steps up to the first that failed."""

    __test__ = False
    ok: bool
    steps: list[StepOut]
