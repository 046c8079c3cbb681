"""Real servers for the tests: one PostgreSQL and one Valkey for the run, a database for each worker, an outer transaction for each test."""

import contextlib
import gc
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass

gc.disable()  # nothing that is imported is garbage; pytest_collection_finish goes on

import psycopg2
import pytest
import redis as redis_client
import sqlalchemy as sa
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from flask_sqlalchemy.session import Session
from hypothesis import HealthCheck, settings
from psycopg2 import sql
from xdist.scheduler import LoadScopeScheduling

from app import create_app
from app.core import redis as core_redis
from app.core.db import db
from app.core.services.servers import throw_away
from app.customers.service import import_lane
from config import Config
from tests.support import OneTransaction, TestClient

# A machine that is busy with something else is slow; that is no fault of the code under test.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")

_TOGETHER = ("tests/browser/", "tests/faults/")
"""Folders whose tests go to one worker, one after the other."""
_YOUNG = 20_000
"""New objects after which the collector looks at them. Python's 700 are for programs that are small beside a test suite."""
ONE_KEY = Fernet.generate_key().decode()


@dataclass(frozen=True)
class Places:
    """The servers of this run: a template database with all tables, and Valkey without a database number."""

    template: str
    redis: str

    def settings(self, worker: str) -> dict[str, str]:
        """Return the environment of a worker (`gw0`, `gw1`, … or `master`)."""
        number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
        return {
            "DATABASE_URL": self.template.rpartition("/")[0] + f"/test_{worker}",
            "REDIS_URL": f"{self.redis}/{number}",
            "PUBLIC_URL": "http://localhost",
            "SECRET_KEYS": "s" * 32,
            "LINK_KEYS": "k1:" + "l" * 32,
            "CREDENTIAL_KEYS": ONE_KEY,
            "TESTING": "1",
        }


_places = pytest.StashKey[Places]()
_servers = pytest.StashKey[contextlib.ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers, once: in the process that starts the workers."""
    if hasattr(config, "workerinput"):
        config.stash[_places] = Places(**config.workerinput["places"])
    elif not config.option.collectonly and not config.option.help and not config.option.version and not config.option.markers:
        stack = config.stash[_servers] = contextlib.ExitStack()
        postgres, valkey = stack.enter_context(throw_away(os.environ))
        config.stash[_places] = Places(template=postgres.url(), redis=valkey.url().rpartition("/")[0])
        _migrate(config.stash[_places])


class _Schedule(LoadScopeScheduling):
    """Each test goes to who is free, but those that share a running product or ground to one worker, and first: they take longest.

    A hook and no marks of xdist_group: with this pytest xdist loses their names (pytest-dev/pytest-xdist#1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test: by its name, groups of one."""
        return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _Schedule:
    """Give tests to workers."""
    return _Schedule(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start one worker more than there are processors: while tests wait for processes that start or are killed, the others go on."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) + 1


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what stands in these folders: `-m` chooses by them. In tests/faults only the long ones are marked, one by one."""
    for kind in ("bench", "browser"):
        if f"tests/{kind}/" in item.nodeid:
            item.add_marker(kind)


def pytest_collection_finish() -> None:
    """Let the collector go on, seldom, and without walking through all that was imported and collected."""
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    if _servers in config.stash:
        config.stash[_servers].close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of xdist where the servers are."""
    node.workerinput["places"] = asdict(node.config.stash[_places])


def _migrate(places: Places) -> None:
    """Bring the template database to the newest schema, once for all workers."""
    app = create_app(Config.from_env(places.settings("master") | {"DATABASE_URL": places.template}))
    with app.app_context():
        upgrade()
        db.engine.dispose()


@pytest.fixture(scope="session")
def places(pytestconfig: pytest.Config) -> Places:
    return pytestconfig.stash[_places]


@pytest.fixture(scope="session")
def environment(places: Places) -> Iterator[dict[str, str]]:
    """The environment of this worker's application, with a database of its own; for tests that start processes."""
    settings = places.settings(os.environ.get("PYTEST_XDIST_WORKER", "master"))
    fresh_database(places.template, settings["DATABASE_URL"])
    yield settings
    drop_database(places.template, settings["DATABASE_URL"])


@pytest.fixture(scope="session")
def app(environment: dict[str, str]) -> Iterator[Flask]:
    app = create_app(Config.from_env(environment))
    app.test_client_class = TestClient
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def database(app: Flask, environment: dict[str, str], places: Places, request: pytest.FixtureRequest) -> Iterator[None]:
    """An application context whose work is undone after the test.

    Marked `committed`, the test has real commits on as many connections as it likes, and a new database afterwards.
    """
    undo = _commit_for_real if request.node.get_closest_marker("committed") else _roll_back
    with redis_client.from_url(environment["REDIS_URL"]) as valkey:
        valkey.flushdb()
    with app.app_context():
        scope = undo(app, places, environment)
    with scope, app.app_context():
        yield
        db.session.remove()


@pytest.fixture
def session(database: None) -> Session:
    return db.session()


@pytest.fixture
def redis(database: None) -> redis_client.Redis:
    return core_redis.client()


@pytest.fixture
def client(database: None, app: Flask) -> FlaskClient:
    """A browser without a session. Each request commits what the test did so far, and has an application context of its own."""
    return app.test_client()


@contextlib.contextmanager
def _roll_back(app: Flask, _places: Places, _environment: dict[str, str]) -> Iterator[None]:
    """Hold one connection with an open transaction; sessions join it with savepoints. An import has one lane: two need two connections."""
    engines = db._app_engines[app]
    engine = engines[None]
    with engine.connect() as connection, connection.begin() as outer, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "get_bind", lambda _session, *_, bind=None, **__: bind or connection)
        patch.setitem(engines, None, OneTransaction(engine, connection))
        patch.setattr(import_lane.Lane, "begin", lambda *_: None)
        yield
        outer.rollback()


@contextlib.contextmanager
def _commit_for_real(app: Flask, places: Places, environment: dict[str, str]) -> Iterator[None]:
    """Leave the engine as it is, and make the database anew."""
    try:
        yield
    finally:
        engine: sa.Engine = db._app_engines[app][None]
        engine.dispose()
        fresh_database(places.template, environment["DATABASE_URL"])


def fresh_database(template: str, url: str) -> None:
    """Make the database of `url` as a copy of the template, whatever was there before."""
    drop_database(template, url)
    name, source = (sql.Identifier(address.rpartition("/")[2]) for address in (url, template))
    _administer(template, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, source))


def drop_database(template: str, url: str) -> None:
    """Remove the database of `url`; who is connected is sent away.

    FORCE would end autovacuum's workers too, which an owner who is no superuser may not; a plain DROP waits for those by itself.
    """
    name = url.rpartition("/")[2]
    _administer(
        template,
        sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {} AND usename = current_user").format(
            sql.Literal(name)
        ),
        sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)),
    )


def _administer(template: str, *statements: sql.Composed) -> None:
    connection = psycopg2.connect(template.rpartition("/")[0] + "/postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
