"""Pixels and links of mails: a small WSGI application before Flask, because they are asked for more often than all pages together.

`/o/<token>` answers a pixel, `/c/<token>` redirects to the target that the token carries. Both answer when the hit is safe, and a
click is redirected whatever happens. No session is looked at, no table is read.
"""

import re
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.core.metrics import REQUESTS
from app.delivery.hits import Hit, Journal, encode
from app.delivery.tokens import Purpose, Read, Signer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""One transparent point."""
_METHODS = ("GET", "HEAD")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_GUARDS = [
    ("Cache-Control", "no-store, max-age=0"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("X-Content-Type-Options", "nosniff"),
]
_PIXEL = [("Content-Type", "image/gif"), ("Content-Length", str(len(GIF))), ("Cross-Origin-Resource-Policy", "cross-origin"), *_GUARDS]
_BROKEN = b"This link is not complete. Open the mail again and click the link itself.\n"
_TEXT = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_BROKEN))), *_GUARDS]


class Tracker:
    """Answers pixels and links, and hands everything else on."""

    def __init__(self, inner: "WSGIApplication", signer: Signer, journal: Journal) -> None:
        self._inner, self._signer, self._journal = inner, signer, journal

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        path = environ["PATH_INFO"]
        what = path[:3]
        if what not in {"/o/", "/c/"}:
            return self._inner(environ, start)
        method = environ["REQUEST_METHOD"]
        if method not in _METHODS:
            return _answer(start, what, method, "405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0"), *_GUARDS], b"")
        read = self._signer.read(Purpose.OPEN if what == "/o/" else Purpose.CLICK, path[3:])
        if read is not None:
            self._journal.keep(encode(_hit(environ, method, read)))
        if what == "/o/":
            return _answer(start, what, method, "200 OK", _PIXEL, GIF)
        if read is None or read.target is None:
            return _answer(start, what, method, "404 Not Found", _TEXT, _BROKEN)
        return _answer(start, what, method, "302 Found", [("Location", read.target), ("Content-Length", "0"), *_GUARDS], b"")


def _hit(environ: "WSGIEnvironment", method: str, read: Read) -> Hit:
    address, agent = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_USER_AGENT", "")
    known = address if _ADDRESS.fullmatch(address) else ""
    if not agent.isascii():
        agent = agent.encode("latin-1").decode(errors="replace")  # WSGI hands bytes over as Latin-1
    return Hit(uuid.uuid4().hex, time.time_ns() // 1000, read.message_id, read.position, method, known, agent)


def _answer(start: "StartResponse", what: str, method: str, status: str, headers: list[tuple[str, str]], body: bytes) -> Iterable[bytes]:
    REQUESTS.labels(method if method in _METHODS else "any", f"{what}<token>", int(status[:3])).inc()
    start(status, headers)
    return [] if method == "HEAD" or not body else [body]
