"""What every answer carries, and what a refusal or a fault looks like: an error page, or problem JSON for programs."""

import uuid
from http import HTTPStatus
from urllib.parse import quote as _quote
from wsgiref.headers import Headers

import structlog
from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from app.core.db import session
from app.core.errors import Invalid, NotFound, Refusal, TooMany, Unauthorized
from app.core.web.api import problem
from app.core.web.limits import come_back
from app.core.web.pages import redirect

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_CANCELLED = "57014"  # PostgreSQL: the statement passed its limit of time


def init_app(app: Flask) -> None:
    """Register headers, request ids and error handlers."""
    app.before_request(_number)
    app.before_request(_refuse_unreadable)
    app.after_request(_finish)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def _number() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if given.isascii() and given.isalnum() and len(given) <= 64 else uuid.uuid4().hex  # noqa: PLR2004 (as long as a SHA-256)


def _refuse_unreadable() -> None:
    """Answer 404 to an address with a NUL, which PostgreSQL cannot even be asked for, or with bytes that are no text, whatever a route does."""
    if "\x00" in request.path:
        raise NotFound
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        request.query_string = b""  # the page that says so reads it too
        raise NotFound from None


def _finish(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Vary", "Cookie, HX-Request")
    return response


def harden_file(headers: Headers, _path: str, _url: str) -> None:
    """Give a static file the headers that matter for one: it is what its type says, and nobody else's page frames or reads it."""
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Cross-Origin-Resource-Policy"):
        headers[name] = _HEADERS[name]


def for_program() -> bool:
    """Tell whether a program asks (problem JSON) or a person (a page)."""
    if request.path.startswith("/api/") or request.headers.get("Authorization", "").lower().startswith("bearer "):
        return True
    accept = request.accept_mimetypes
    return accept.best_match(["text/html", "application/json"]) == "application/json" and accept["application/json"] > accept["text/html"]


def _refused(refusal: Refusal) -> ResponseReturnValue:
    if isinstance(refusal, Unauthorized) and not for_program():
        return redirect("/auth/login" + _next())
    errors = refusal.errors if isinstance(refusal, Invalid) else None
    response = _say(refusal.status, refusal.title, refusal.reason, errors)
    if isinstance(refusal, TooMany):
        come_back(refusal.retry_after)
    if isinstance(refusal, Unauthorized):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _next() -> str:
    from_here = request.full_path.rstrip("?") if request.method == "GET" and "HX-Request" not in request.headers else ""
    return f"?next={_quote(from_here)}" if from_here not in {"", "/"} else ""


def _http(fault: HTTPException) -> ResponseReturnValue:
    session().rollback()
    if fault.code is None or fault.code < HTTPStatus.BAD_REQUEST:
        return fault
    if fault.code == HTTPStatus.TOO_MANY_REQUESTS:
        g.setdefault("caller", None)  # to look for the caller would cost the queries that the limit is there to save
    response = _say(fault.code, fault.name, _detail(fault))
    if fault.code == HTTPStatus.METHOD_NOT_ALLOWED and getattr(fault, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(fault.valid_methods))  # type: ignore[attr-defined]
    if fault.code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.setdefault("Retry-After", "60")
    return response


def _detail(fault: HTTPException) -> str:
    words = {
        404: "There is nothing at this address.",
        405: "This address does not take that method.",
        413: "The request is larger than this address takes.",
        429: "Too many calls. Wait a minute and try again.",
    }
    return words.get(fault.code or 0, fault.description or "")


def _fault(fault: Exception) -> ResponseReturnValue:
    session().rollback()
    structlog.get_logger().exception("request failed", exc_info=fault)
    code = getattr(fault.orig, "pgcode", None) if isinstance(fault, OperationalError) else ""
    if code is None:
        return _say(503, "The database is not answering", "Nothing you entered was kept. Try again in a moment.")
    if code == _CANCELLED:
        return _say(503, "This took too long and was stopped", "Nothing you entered was kept. Ask for less, or try again later.")
    return _say(500, "Something broke on our side", "It was noted with the number below. Nothing you entered was kept.")


def _say(status: int, title: str, reason: str, errors: dict[str, str] | None = None) -> Response:
    if for_program():
        return problem(status, title, reason, errors)
    page = render_template("errors/error.html", code=status, title=title, reason=reason, request_id=g.get("request_id", ""))
    return Response(page, status=status, mimetype="text/html")
