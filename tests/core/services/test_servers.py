"""The embedded servers: what they were told to keep is there after kill -9."""

import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from app.core.services.account import Account
from app.core.services.errors import ServiceError
from app.core.services.postgres import Postgres
from app.core.services.servers import _in_memory, kept_home
from app.core.services.valkey import Valkey


@contextmanager
def a_home() -> Iterator[tuple[Path, Account]]:
    """A folder as `.fairlead` is, with a space in its name, where another user can reach it; in memory, for speed."""
    with tempfile.TemporaryDirectory(prefix="fairlead- ", dir=_in_memory()) as folder:
        Path(folder).chmod(0o755)
        yield kept_home(Path(folder) / "kept")


@pytest.fixture
def home() -> Iterator[tuple[Path, Account]]:
    with a_home() as home:
        yield home


@pytest.fixture
def fresh(home: tuple[Path, Account]) -> Iterator[Postgres]:
    """A server without data, that forces nothing to disk, for speed: these tests kill processes, not machines."""
    server = Postgres(*home, secrets.token_hex(8), os.environ, durable=False)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def made() -> Iterator[Postgres]:
    """A server that ran once: to make its data takes longer than what the tests do with them."""
    with a_home() as home:
        server = Postgres(*home, secrets.token_hex(8), os.environ, durable=False)
        server.start()
        server.stop()
        yield server


@pytest.fixture
def postgres(home: tuple[Path, Account], made: Postgres) -> Iterator[Postgres]:
    """A server with a copy of those data."""
    subprocess.run(["cp", "-a", made.data, home[0]], check=True)  # noqa: S607
    server = Postgres(*home, made._password, os.environ, durable=False)
    yield server
    server.stop()


@pytest.fixture
def valkey(home: tuple[Path, Account]) -> Iterator[Valkey]:
    server = Valkey(*home, secrets.token_hex(8))
    yield server
    server.stop()


def query(url: str, *statements: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        found = cursor.fetchall()
        connection.commit()
    return found


def test_postgres_gives_an_ordinary_role_its_own_database(fresh: Postgres) -> None:
    url = fresh.start()
    asked = "select current_user, current_setting('is_superuser'), current_setting('server_encoding'), current_setting('data_checksums')"
    assert query(url, asked) == [("fairlead", "off", "UTF8", "on")]
    assert query(url, "create table t (x text)", "select similarity('fairlead', 'fairlaed') > 0.3, lower('ÄÖ')") == [(True, "äö")]
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(url.replace("fairlead:", "fairlead:x", 1))
    assert {found.laddr.ip for found in psutil.Process(fresh.pid).net_connections("tcp")} == {"127.0.0.1"}


def test_postgres_keeps_every_commit_when_killed_and_comes_back_on_its_port(postgres: Postgres) -> None:
    url = postgres.start()
    query(url, "create table t (x int)", "insert into t select generate_series(1, 1000)", "select 1")
    postgres.kill()
    assert postgres.start() == url
    assert query(url, "select count(*) from t") == [(1000,)]


def test_postgres_of_a_killed_launcher_is_found_and_replaced(home: tuple[Path, Account], postgres: Postgres) -> None:
    query(postgres.start(), "create table t (x int)", "select 1")
    orphan = psutil.Process(postgres.pid)
    heir = Postgres(*home, postgres._password, os.environ, durable=False)
    try:
        assert query(heir.start(), "select count(*) from t") == [(0,)]
        assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    finally:
        heir.stop()


def test_postgres_is_not_fooled_by_a_stranger_with_the_number_of_its_last_process(postgres: Postgres) -> None:
    postgres.start()
    trace = postgres.data / "postmaster.pid"
    lines = trace.read_text().splitlines()
    postgres.kill()
    with subprocess.Popen(["/bin/sleep", "60"], **postgres._account.options()) as stranger:
        trace.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        (postgres.data.parent / "postgresql.pid.json").unlink()
        assert query(postgres.start(), "select 1") == [(1,)]
        assert stranger.poll() is None
        stranger.kill()


def test_postgres_says_so_when_its_password_was_lost(home: tuple[Path, Account], postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    with pytest.raises(ServiceError, match=r"POSTGRES_PASSWORD in \.fairlead/secrets\.env"):
        Postgres(*home, "another", os.environ).start()


def test_postgres_refuses_data_of_another_major_version_by_number(postgres: Postgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServiceError, match=r"written by PostgreSQL 14, and this machine has .* Install PostgreSQL 14"):
        postgres.start()


def test_valkey_asks_for_its_password_and_keeps_a_queue_when_killed(valkey: Valkey) -> None:
    url = valkey.start()
    with redis.from_url(url) as client:
        client.rpush("q", "a", "b")
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
    valkey.kill()
    assert valkey.start() == url
    with redis.from_url(url) as client, redis.Redis(port=valkey.port) as stranger:
        assert client.lrange("q", 0, -1) == [b"a", b"b"]
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
    assert (valkey.data / "valkey.conf").stat().st_mode & 0o777 == 0o600
    assert not [part for part in psutil.Process(valkey.pid).cmdline() if valkey._password in part]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as somebody else")
def test_root_gives_way_to_another_user_and_finds_a_place_that_user_can_reach() -> None:
    with tempfile.TemporaryDirectory() as closed:  # mode 0700
        home, who = kept_home(Path(closed) / "kept")
        try:
            assert who.switch
            assert who.can_use(home)
            assert not who.can_use(Path(closed))
            assert (Path(closed) / "kept" / "servers").resolve() == home
            server = Postgres(home, who, "p", os.environ)
            server.start()
            assert psutil.Process(server.pid).uids().effective == who.uid
            server.stop()
            assert kept_home(Path(closed) / "kept") == (home, who)
        finally:
            subprocess.run(["rm", "-rf", home], check=True)  # noqa: S607


def test_a_server_that_was_not_stopped_is_missed(valkey: Valkey) -> None:
    assert valkey.lost() is None
    valkey.start()
    assert valkey.lost() is None
    psutil.Process(valkey.pid).kill()
    wait_until = time.monotonic() + 10
    while (said := valkey.lost()) is None:
        assert time.monotonic() < wait_until
        time.sleep(0.05)
    assert said.startswith("valkey ended by itself. The end of ")
    valkey.stop()
    assert valkey.lost() is None
