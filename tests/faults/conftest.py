"""An arena for each test: durable servers of its own for the module, processes of its own."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis
from cryptography.fernet import Fernet
from flask_migrate import upgrade

from app import create_app
from app.core.db import db
from app.core.services.postgres import Postgres
from app.core.services.servers import throw_away
from app.core.services.valkey import Valkey
from config import Config
from tests.faults.arena import TABLES, Arena, Nursery


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Postgres, Valkey, Nursery]]:
    with throw_away(os.environ, durable=True) as (postgres, valkey):
        settings = {
            "DATABASE_URL": postgres.url(),
            "REDIS_URL": valkey.url(),
            "PUBLIC_URL": "http://localhost",
            "SECRET_KEYS": "s" * 32,
            "LINK_KEYS": "k1:" + "l" * 32,
            "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
            "OUTBOUND_ALLOW": "127.0.0.0/8",
        }
        app = create_app(Config.from_env(settings | {"TESTING": "1"}))
        with app.app_context():
            upgrade()
            db.engine.dispose()
        with contextlib.closing(psycopg2.connect(postgres.url())) as line, line, line.cursor() as cursor:
            cursor.execute(TABLES)
        nursery = Nursery(settings, tmp_path_factory.mktemp("nursery") / "log")
        yield postgres, valkey, nursery
        nursery.close()


@pytest.fixture
def arena(ground: tuple[Postgres, Valkey, Nursery], tmp_path: Path) -> Iterator[Arena]:
    postgres, valkey, nursery = ground
    arena = Arena(postgres, valkey, nursery, tmp_path)
    with contextlib.closing(psycopg2.connect(postgres.url())) as line, line, line.cursor() as cursor:
        cursor.execute("truncate marks, walks, outbox, event_deliveries, job_runs")
    with redis.from_url(valkey.url()) as client:
        client.flushall()
    try:
        yield arena
    finally:
        arena.clear()
