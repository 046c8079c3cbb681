"""The embedded PostgreSQL: made once, started in half a second, every commit kept through kill -9."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from app.core.services import binaries
from app.core.services.account import Account
from app.core.services.errors import ServiceError
from app.core.services.process import Daemon, end, free_port, plain_environment

ROLE = DATABASE = "fairlead"
_SUPERUSER = "postgres"
_MB = 1024 * 1024
_RECOVERY = 300  # seconds that replaying the log after a crash may take
_TRIES = 5
_LOCALES = ("C.UTF-8", "C")
_BUSY = ("could not bind", "still in use", "already exists", "Address already in use")


class Postgres:
    """A PostgreSQL server on 127.0.0.1 with the database `fairlead`, owned by a role of that name without special rights."""

    def __init__(
        self, home: Path, account: Account, password: str, environ: Mapping[str, str], *, durable: bool = True, kept: bool = True
    ) -> None:
        """`durable`: commits survive a power cut, not only kill -9. `kept`: gets the machine's memory; else the role may create databases."""
        self.data = home / "postgres"
        self.port = 0
        self._account, self._password, self._environ = account, password, environ
        self._durable, self._kept = durable, kept
        self._daemon = Daemon("postgresql", home, account)

    def url(self, database: str = DATABASE, user: str = ROLE) -> str:
        """Return the address of a database."""
        return f"postgresql://{user}:{quote(self._password, safe='')}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._daemon.pid

    def start(self) -> str:
        """Start the server, making data, role and database where they are missing; return the address of the database.

        Started again, it has the port it had before. Raises ServiceError.
        """
        folder = binaries.postgres(self._account, self._environ, self._version())
        self._make(folder)
        self._stop_leftover()
        for attempt in range(_TRIES):
            self.port = self.port or free_port()
            try:
                self._run(folder)
                break
            except ServiceError as problem:
                if attempt == _TRIES - 1 or not any(word in str(problem) for word in _BUSY):
                    raise
                self.port = 0 if attempt else self.port  # the second time, somebody else took the port for good
                time.sleep(0.5)
        self._furnish()
        return self.url()

    def lost(self) -> str | None:
        """Return what to say where the server ended though nobody stopped it; None while it runs."""
        return self._daemon.lost()

    def stop(self) -> None:
        """Stop the server at once and in order: clients are sent away, nothing is lost."""
        self._daemon.stop()

    def kill(self) -> None:
        """Kill the postmaster without warning, as a power cut would; its children notice and leave."""
        self._daemon.kill()

    def _version(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def _make(self, folder: Path) -> None:
        """Run initdb beside the data folder and move it in place when it is complete: a kill half-way leaves nothing behind."""
        if self._version() is not None:
            return
        with tempfile.TemporaryDirectory(dir=self.data.parent) as room, tempfile.NamedTemporaryFile("w", dir=self.data.parent) as secret:
            secret.write(self._password)
            secret.flush()
            for path in (Path(room), Path(secret.name)):
                self._account.own(path)
            reason = ""
            for locale in _LOCALES:
                reason = self._initdb(folder, Path(room) / "data", locale, Path(secret.name))
                if not reason:
                    (Path(room) / "data").rename(self.data)
                    return
            refusal = f"The data folder {self.data} could not be made:\n{reason}"
            raise ServiceError(refusal)

    def _initdb(self, folder: Path, target: Path, locale: str, secret: Path) -> str:
        """Make a data folder; return an empty text, or why not."""
        shutil.rmtree(target, ignore_errors=True)
        options = [f"--locale={locale}", "-E", "UTF8", "-U", _SUPERUSER, "--auth=scram-sha-256", f"--pwfile={secret}", "--data-checksums"]
        done = subprocess.run(
            [folder / "initdb", "-D", target, *options, *([] if self._durable else ["--no-sync"])],
            check=False, capture_output=True, text=True, cwd="/", env=plain_environment(), **self._account.options(),
        )  # fmt: skip
        return done.stderr[-1500:] if done.returncode else ""

    def _stop_leftover(self) -> None:
        """Stop the server of a launcher that was killed, and take away the trace of one that is gone."""
        self._daemon.stop_leftover()
        trace = self.data / "postmaster.pid"
        try:
            pid = int(trace.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.cwd() == str(self.data.resolve()):
                end(process, signal.SIGINT, 60)
                return
        trace.unlink(missing_ok=True)  # the number may belong to another process by now, which PostgreSQL would take for itself

    def _run(self, folder: Path) -> None:
        options = [part for name, value in self._settings().items() for part in ("-c", f"{name}={value}")]
        self._daemon.start([folder / "postgres", "-D", self.data, *options], cwd=Path("/"), env=plain_environment())
        self._daemon.wait_until(self._answers, _RECOVERY)

    def _settings(self) -> dict[str, str]:
        memory = psutil.virtual_memory().total // _MB
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": f"{max(64, min(1024 if self._kept else 256, memory // 8))}MB",
            "effective_cache_size": f"{max(128, memory // 2)}MB",
            "work_mem": "64MB" if memory >= 4096 else "16MB",  # noqa: PLR2004 (megabytes)
            "maintenance_work_mem": "256MB" if memory >= 4096 else "64MB",  # noqa: PLR2004 (megabytes)
            "max_wal_size": "4GB" if self._kept else "1GB",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not _shared_memory_is_roomy():
            settings["dynamic_shared_memory_type"] = "mmap"
        return settings | ({} if self._durable else {"fsync": "off", "full_page_writes": "off"})

    def _answers(self) -> bool:
        try:
            with closing(psycopg2.connect(self.url(_SUPERUSER, _SUPERUSER), connect_timeout=5)):
                return True
        except psycopg2.OperationalError as problem:
            if "password authentication failed" in str(problem):
                self.stop()
                reason = f"The password of {self.data} is lost: POSTGRES_PASSWORD in .fairlead/secrets.env is not the one it was made with."
                raise ServiceError(reason) from problem
            return False

    def _furnish(self) -> None:
        """Make what is missing: the role, its database, the extensions that only a superuser may be trusted to bring."""
        rights = sql.SQL("NOSUPERUSER CREATEDB" if not self._kept else "NOSUPERUSER NOCREATEDB")
        with closing(psycopg2.connect(self.url(_SUPERUSER, _SUPERUSER))) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD %s {}").format(sql.Identifier(ROLE), rights), (self._password,))
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))
        with closing(psycopg2.connect(self.url(DATABASE, _SUPERUSER))) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            connection.commit()


def _shared_memory_is_roomy() -> bool:
    """Tell whether parallel queries fit into /dev/shm (containers often give it 64 MB)."""
    try:
        room = os.statvfs("/dev/shm")  # noqa: S108 (asked for its size only)
    except OSError:
        return True
    return room.f_bavail * room.f_frsize >= 256 * _MB
