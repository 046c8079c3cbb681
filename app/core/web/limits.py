"""Rate limits per API key or token, and per address; in memory while Redis is away."""

import hashlib
from http import HTTPStatus

from flask import Flask, Response, g, request
from flask_limiter import ApplicationLimit, Limiter

from app.core.address import network

_EXEMPT = ("/static/", "/health/live")


def _address() -> str:
    return "address:" + network(request.remote_addr)


def _caller() -> str:
    """Return whom a call is counted for: the bearer token's digest, else the address.

    A token is not known to be good yet, so whoever makes them up is held by the limit of the address.
    """
    token = request.headers.get("Authorization", "")
    return "bearer:" + hashlib.sha256(token.encode()).hexdigest()[:32] if token else _address()


def _when_to_come_back(answer: Response) -> Response:
    """Leave Retry-After to answers that refuse for now, as they said it: the limiter tells everybody when its minute is over."""
    if "retry_after" in g:
        answer.headers["Retry-After"] = str(g.retry_after)
    elif answer.status_code not in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        answer.headers.pop("Retry-After", None)
    return answer


def come_back(seconds: int) -> None:
    """Have the answer to this request say in how many seconds to come back."""
    g.retry_after = seconds


def init_app(app: Flask) -> None:
    """Limit all routes but static files and the sign of life: so many calls a minute for each token, and for each address in all."""
    app.config.setdefault("RATELIMIT_STORAGE_URI", app.config["REDIS_URL"])
    app.config.setdefault("RATELIMIT_STORAGE_OPTIONS", {"socket_timeout": 1, "socket_connect_timeout": 1})
    app.config.setdefault("RATELIMIT_IN_MEMORY_FALLBACK_ENABLED", True)
    app.config.setdefault("RATELIMIT_ENABLED", not app.config["TESTING"])
    app.after_request(_when_to_come_back)  # before the limiter's own, so that it runs after that
    limiter = Limiter(
        key_func=_caller,
        default_limits=[app.config["RATE_PER_CALLER"]],
        application_limits=[ApplicationLimit(app.config["RATE_PER_ADDRESS"], key_function=_address)],
        headers_enabled=True,
        key_prefix="fl:limit",
        swallow_errors=True,
    )
    limiter.request_filter(lambda: request.path.startswith(_EXEMPT))
    limiter.init_app(app)
