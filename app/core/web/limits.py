"""Rate limits per API key or token, and per address; in memory while Redis is away."""

import hashlib

from flask import Flask, request
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


def init_app(app: Flask) -> None:
    """Limit all routes but static files and the sign of life: so many calls a minute for each token, and for each address in all."""
    app.config.setdefault("RATELIMIT_STORAGE_URI", app.config["REDIS_URL"])
    app.config.setdefault("RATELIMIT_STORAGE_OPTIONS", {"socket_timeout": 1, "socket_connect_timeout": 1})
    app.config.setdefault("RATELIMIT_IN_MEMORY_FALLBACK_ENABLED", True)
    app.config.setdefault("RATELIMIT_ENABLED", not app.config["TESTING"])
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
