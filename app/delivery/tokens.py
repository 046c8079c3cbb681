"""Signed tokens of mails: what a pixel, a link, an unsubscribe page and a bounce know without a cookie. Pure; keys are passed in.

A token is `keyid.id.mac`, and `keyid.id.target.mac` for a click, whose target travels inside: it is redirected though every server is away,
and nowhere that we did not sign. The MAC is HMAC-SHA256 cut to 128 bits (RFC 2104) over the purpose and all that stands before it, so
that no token serves for another purpose. Four and more of them are made for each mail: what is constant is made once.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from werkzeug.urls import iri_to_uri

MAX_TARGET = 4000
"""Bytes of a target: its token must fit into a request line of 8,190."""
MAX_TOKEN = 6000
_BLOCK, _MAC, _TAG_MAC = 64, 16, 12
_LARGEST = 2**63 - 1
_PRINTABLE = re.compile(r"(?i:https?)://[!-~]+")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TAG = re.compile(r"[0-9a-z]{1,13}[a-z2-7]{12}")


class Purpose(StrEnum):
    """What a token is good for; the letter stands in its MAC and in its path."""

    OPEN = "o"
    CLICK = "c"
    UNSUBSCRIBE = "u"
    VIEW = "v"
    CONFIRM = "confirm"
    BOUNCE = "b"


@dataclass(frozen=True, slots=True)
class Read:
    """What a token said. `position` and `target` (an absolute http address, printable ASCII) of clicks only."""

    message_id: int
    position: int | None = None
    target: str | None = None


class _Key:
    """A key with the first block of both hashes taken already: half the time of `hmac.digest`."""

    def __init__(self, key: str) -> None:
        raw = key.encode()
        raw = (hashlib.sha256(raw).digest() if len(raw) > _BLOCK else raw).ljust(_BLOCK, b"\0")
        self._inner, self._outer = hashlib.sha256(raw.translate(_INNER)), hashlib.sha256(raw.translate(_OUTER))

    def mac(self, words: bytes) -> bytes:
        """Return HMAC-SHA256 of these words."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(words)
        outer.update(inner.digest())
        return outer.digest()


class Signer:
    """Makes and reads tokens. `keys` are secrets by their ids; the first signs, all are believed. Safe to share between threads."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = {name: _Key(key) for name, key in keys.items()}
        self._name, self._key = next(iter(self._keys.items()))

    def open_url(self, message_id: int) -> str:
        """Return the path of a message's pixel."""
        return self._path(Purpose.OPEN, _encode_id(message_id))

    def unsubscribe_url(self, message_id: int) -> str:
        """Return the path of a message's unsubscribe page."""
        return self._path(Purpose.UNSUBSCRIBE, _encode_id(message_id))

    def view_url(self, message_id: int) -> str:
        """Return the path of a message's web version."""
        return self._path(Purpose.VIEW, _encode_id(message_id))

    def confirm_url(self, message_id: int) -> str:
        """Return the path by which the receiver of a message says yes."""
        return self._path(Purpose.CONFIRM, _encode_id(message_id))

    def click_url(self, message_id: int, position: int, target: str) -> str:
        """Return the path of a link. Raises ValueError if `trackable` has no form of the target."""
        return self.link(position, target)(message_id)

    def link(self, position: int, target: str) -> Callable[[int], str]:
        """Return a function that gives the path of this link by message id; make it once for a target that all share."""
        url = trackable(target)
        if url is None:
            raise ValueError(f"Not an http address of at most {MAX_TARGET} bytes")
        goal = _encode(position.to_bytes(2, "big") + url.encode())
        return lambda message_id: self._path(Purpose.CLICK, f"{_encode_id(message_id)}.{goal}")

    def read(self, purpose: Purpose, token: str) -> Read | None:
        """Return what a token of this purpose says; None if we did not sign exactly this for exactly that."""
        body, _, mac = token.rpartition(".")
        name, *parts = body.split(".")
        key = self._keys.get(name)
        if key is None or len(token) > MAX_TOKEN or not token.isascii() or len(parts) != 1 + (purpose == Purpose.CLICK):
            return None
        if not hmac.compare_digest(_mac(key, purpose, body), mac):
            return None
        if purpose != Purpose.CLICK:
            return Read(_decode_id(parts[0]))
        goal = _decode(parts[1])
        return Read(_decode_id(parts[0]), int.from_bytes(goal[:2], "big"), goal[2:].decode())

    def bounce_tag(self, message_id: int) -> str:
        """Return the mark of a message for its return path (VERP): at most 25 lower-case letters and digits, readable in any case."""
        return _base36(message_id) + _tag_mac(self._key, message_id)

    def read_bounce_tag(self, tag: str) -> int | None:
        """Return the id of the message that was marked so, or None."""
        tag = tag.lower()
        if not _TAG.fullmatch(tag):
            return None
        message_id, mac = int(tag[:-_TAG_MAC], 36), tag[-_TAG_MAC:]
        if message_id > _LARGEST or _base36(message_id) + mac != tag:
            return None
        known = [hmac.compare_digest(_tag_mac(key, message_id), mac) for key in self._keys.values()]
        return message_id if any(known) else None

    def _path(self, purpose: str, rest: str) -> str:
        body = f"{self._name}.{rest}"
        return f"/{purpose}/{body}.{_mac(self._key, purpose, body)}"


def trackable(target: str) -> str | None:
    """Return the target as a click carries it: http or https, printable ASCII, with a host; None where it has no such form."""
    target = target.strip()
    try:
        url = target if _PRINTABLE.fullmatch(target) else iri_to_uri(target)
        fits = _PRINTABLE.fullmatch(url) and len(url) <= MAX_TARGET and urlsplit(url).hostname
    except ValueError:  # a host or port that is none
        return None
    return url if fits else None


def _mac(key: _Key, purpose: str, body: str) -> str:
    return _encode(key.mac(f"{purpose}.{body}".encode())[:_MAC])


def _tag_mac(key: _Key, message_id: int) -> str:
    return base64.b32encode(key.mac(f"{Purpose.BOUNCE}.{message_id}".encode())[:10]).decode().lower()[:_TAG_MAC]


def _encode_id(message_id: int) -> str:
    return _encode(message_id.to_bytes((message_id.bit_length() + 7) // 8, "big"))


def _decode_id(text: str) -> int:
    return int.from_bytes(_decode(text), "big")


def _encode(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()


def _decode(text: str) -> bytes:
    """Decode what we encoded: called only after the MAC was right."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
