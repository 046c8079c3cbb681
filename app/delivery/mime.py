"""Messages as bytes (RFC 5322, 2045, 2047), made of segments that are encoded once for a mailing.

Each segment of a quoted-printable body begins at the start of a line and ends with one, if need be a soft one (`=`), so that segments
can be encoded apart and joined in any order. Lines that begin with a dot carry a second one, as SMTP wants it (RFC 5321, 4.5.2);
`unstuffed` takes it away.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime

_SAFE = re.compile(rb"[ -<>-~]*[!-<>-~]|")
"""Printable ASCII without `=`, no space at the end."""
_PLAIN_HEADER = re.compile(r"[ -~]{0,66}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_UNSPEAKABLE = re.compile(r"[\x00-\x20\x7f<>()\[\],;:\\\"\u0080-\u00a0\u2028\u2029]")
_DOMAIN = re.compile(rb"[A-Za-z0-9._-]+")
_LONGEST_ADDRESS = 320
"""RFC 5321: 64 before the sign, 255 behind it."""
_WIDTH = 76
_SOFT = b"=\r\n"

Body = Callable[[int, object], str]


def encoded(text: str) -> bytes:
    """Return text as a segment: quoted-printable lines of at most 76 characters, CRLF, dots doubled, ended by a line's end."""
    raw = text.encode("utf-8", "replace")
    if len(raw) < _WIDTH and b"\n" not in raw and b"\r" not in raw and _SAFE.fullmatch(raw):
        if not raw:
            return b""
        return (b"." if raw.startswith(b".") else b"") + raw + _SOFT
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = binascii.b2a_qp(raw, istext=True).split(b"\n")
    last = lines.pop()
    out = b"\r\n".join(lines) + b"\r\n" if lines else b""
    if len(last) >= _WIDTH:
        at = _cut(last)
        out += last[:at] + _SOFT
        last = last[at:]
    out += last + _SOFT if last else b""
    return (b"." if out.startswith(b".") else b"") + out.replace(b"\r\n.", b"\r\n..")


def _cut(line: bytes) -> int:
    """Return where a full line can be broken without cutting an escape (`=E2`) apart."""
    at = _WIDTH - 4
    while line[at - 1 : at] == b"=" or line[at - 2 : at - 1] == b"=":
        at -= 1
    return at


def unstuffed(wire: bytes) -> bytes:
    """Return a message as it is without SMTP's doubled dots."""
    return re.sub(rb"(?m)^\.\.", b".", wire)


def header(text: str) -> bytes:
    """Return a header's value: control characters (line ends above all) become spaces, anything but short ASCII encoded words (RFC 2047)."""
    clean = _CONTROL.sub(" ", text).strip()
    if _PLAIN_HEADER.fullmatch(clean) and "=?" not in clean:
        return clean.encode()
    words, chunk = [], ""
    for sign in clean:
        if len((chunk + sign).encode("utf-8", "replace")) > 45:  # noqa: PLR2004 (60 characters of base64: an encoded word has at most 75)
            words.append(chunk)
            chunk = ""
        chunk += sign
    words.append(chunk)
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(word.encode("utf-8", "replace")) + b"?=" for word in words)


def mailbox(name: str | None, address: str) -> bytes:
    """Return `"Name" <address>` for From and Reply-To. The address must have passed `wire_address`."""
    spec = b"<" + wire_address(address) + b">"
    clean = _CONTROL.sub(" ", name or "").strip()
    if not clean:
        return spec
    if re.fullmatch(r"[ -~]{1,60}", clean) and "=?" not in clean:
        quoted = clean.replace("\\", "\\\\").replace('"', '\\"')
        return b'"' + quoted.encode() + b'" ' + spec
    return header(clean) + b"\r\n " + spec


class AddressError(ValueError):
    """This cannot be an address on the wire."""


def wire_address(address: str) -> bytes:
    """Return an address as SMTP carries it: the domain in ASCII (IDNA), the local part as it is. Raises AddressError."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or len(address) > _LONGEST_ADDRESS or _UNSPEAKABLE.search(address):
        raise AddressError("This address cannot be written to.")
    try:
        spoken = domain.encode("ascii") if domain.isascii() else domain.encode("idna")
        mailbox_name = local.encode("utf-8")
    except UnicodeError:
        raise AddressError("This address cannot be written to.") from None
    if not _DOMAIN.fullmatch(spoken):  # IDNA folds wide signs into those that were looked for above
        raise AddressError("This address cannot be written to.")
    return mailbox_name + b"@" + spoken


def needs_utf8(wire: bytes) -> bool:
    """Tell whether an address needs a server with SMTPUTF8 (RFC 6531)."""
    return not wire.isascii()


def fields(pairs: Sequence[tuple[str, bytes]]) -> bytes:
    """Return header fields as lines."""
    return b"".join(name.encode() + b": " + value + b"\r\n" for name, value in pairs)


def date(moment: datetime) -> bytes:
    """Return a Date header's value."""
    return format_datetime(moment).encode()


def alternative(boundary: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what stands before the text part, between it and the HTML part, and after both.

    A body's last soft line end joins the line end before a boundary, which belongs to the boundary: nothing is added to the text.
    """
    part = b"--" + boundary + b"\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return part % b"plain", b"\r\n" + part % b"html", b"\r\n--" + boundary + b"--\r\n"
