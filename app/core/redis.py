"""Redis: queues, channel, hit stream, caches, limits. Nothing in it may be the only copy."""

from typing import cast

import redis
from flask import Flask, current_app
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

Error = redis.RedisError


def init_app(app: Flask) -> None:
    """Open a pool for REDIS_URL; connections are made when first used."""
    app.extensions["redis"] = connect(app.config["REDIS_URL"])


def connect(url: str) -> redis.Redis:
    """Return a client. A restart is waited for, some 0.3 s; then the call fails, because a page that waits is worse than one that says so."""
    retry = Retry(ExponentialBackoff(cap=0.2, base=0.02), 4)
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=30, retry=retry)


def client() -> redis.Redis:
    """Return the application's client (bytes in, bytes out). Keys begin with `fl:`."""
    return cast("redis.Redis", current_app.extensions["redis"])
