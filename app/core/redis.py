"""Redis: queues, channel, hit stream, caches, limits. Nothing in it may be the only copy."""

from typing import cast

import redis
from flask import Flask, current_app

Error = redis.RedisError


def init_app(app: Flask) -> None:
    """Open a pool for REDIS_URL; connections are made when first used."""
    app.extensions["redis"] = redis.Redis.from_url(
        app.config["REDIS_URL"], socket_timeout=5, socket_connect_timeout=2, health_check_interval=30
    )


def client() -> redis.Redis:
    """Return the application's client (bytes in, bytes out). Keys begin with `fl:`."""
    return cast("redis.Redis", current_app.extensions["redis"])
