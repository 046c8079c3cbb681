"""The embedded Valkey (a Redis): kept on disk each second, so that a restart finds queues and streams again."""

from pathlib import Path

import redis

from app.core.services import binaries
from app.core.services.account import Account
from app.core.services.errors import ServiceError
from app.core.services.process import Daemon, free_port, plain_environment

_LOADING = 120  # seconds that reading the log back may take
_TRIES = 5


class Valkey:
    """A Valkey server on 127.0.0.1 with a password."""

    def __init__(self, home: Path, account: Account, password: str, *, kept: bool = True) -> None:
        self.data = home / "valkey"
        self.port = 0
        self._account, self._password, self._kept = account, password, kept
        self._daemon = Daemon("valkey", home, account)

    def url(self, number: int = 0) -> str:
        """Return the address of a database by its number."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{number}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._daemon.pid

    def start(self) -> str:
        """Start the server and return its address. Started again, it has the port it had before. Raises ServiceError."""
        program = binaries.valkey(self._account)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._account.own(self.data)
        self._daemon.stop_leftover()
        for attempt in range(_TRIES):
            self.port = self.port or free_port()
            try:
                self._daemon.start([program, self._write_settings()], cwd=Path("/"), env=plain_environment())
                self._daemon.wait_until(self._answers, _LOADING)
                break
            except ServiceError as problem:
                if attempt == _TRIES - 1 or "bind" not in str(problem):
                    raise
                self.port = 0
        return self.url()

    def lost(self) -> str | None:
        """Return what to say where the server ended though nobody stopped it; None while it runs."""
        return self._daemon.lost()

    def stop(self) -> None:
        """Stop the server in order: what it holds is on disk."""
        self._daemon.stop()

    def kill(self) -> None:
        """Kill the server without warning, as a power cut would."""
        self._daemon.kill()

    def _write_settings(self) -> Path:
        """Write the settings into a file that only the account reads: a password in the arguments would be seen by all."""
        path = self.data / "valkey.conf"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f'dir "{self.data}"',
            f"requirepass {self._password}",
            f"databases {16 if self._kept else 64}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
        ]
        path.write_text("\n".join(lines) + "\n")
        self._account.own(path)
        return path

    def _answers(self) -> bool:
        client = redis.Redis(host="127.0.0.1", port=self.port, password=self._password, socket_timeout=5)
        try:
            return bool(client.ping())
        except redis.AuthenticationError as problem:
            reason = f"bind: another Redis answers on port {self.port}"
            raise ServiceError(reason) from problem
        except redis.RedisError:
            return False
        finally:
            client.close()
