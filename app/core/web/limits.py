"""Rate limits per API key or token, and per address; in memory while Redis is away."""

import hashlib

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

_EXEMPT = ("/static/", "/health")


def _caller_key() -> str:
    """Return whom a call is counted for: the bearer token's digest, else the address."""
    token = request.headers.get("Authorization", "")
    if token:
        return "bearer:" + hashlib.sha256(token.encode()).hexdigest()[:32]
    return "address:" + get_remote_address()


limiter = Limiter(key_func=_caller_key, headers_enabled=True, key_prefix="fl:limit", swallow_errors=True)


def init_app(app: Flask) -> None:
    """Limit all routes but static files and health: so many calls a minute for each token and each address."""
    app.config.setdefault("RATELIMIT_STORAGE_URI", app.config["REDIS_URL"])
    app.config.setdefault("RATELIMIT_STORAGE_OPTIONS", {"socket_timeout": 1, "socket_connect_timeout": 1})
    app.config.setdefault("RATELIMIT_IN_MEMORY_FALLBACK_ENABLED", True)
    app.config.setdefault("RATELIMIT_DEFAULT", app.config["RATE_PER_CALLER"])
    app.config.setdefault("RATELIMIT_APPLICATION", app.config["RATE_PER_ADDRESS"])
    app.config.setdefault("RATELIMIT_ENABLED", not app.config["TESTING"])
    limiter.request_filter(lambda: request.path.startswith(_EXEMPT))
    limiter.init_app(app)
