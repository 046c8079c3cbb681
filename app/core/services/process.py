"""One server process: started apart from the terminal, found again after a crash, stopped for certain."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from app.core.services.account import Account
from app.core.services.errors import ServiceError

_PR_SET_PDEATHSIG = 1
_LOG_LIMIT = 10 * 1024 * 1024
_TAIL = 1500
_SAME_START = 2.0  # seconds that two readings of one process's start may differ


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_same(pid: int, started: float) -> psutil.Process | None:
    """Return the process `pid` if it is the one that started at `started` (seconds since 1970), not a later one of that number."""
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - started) < _SAME_START and process.status() != psutil.STATUS_ZOMBIE:
            return process
    except psutil.Error:
        pass
    return None


def end(process: psutil.Process, sign: signal.Signals, patience: float) -> None:
    """Send a signal, wait `patience` seconds, then kill. Returns when the process is gone."""
    try:
        process.send_signal(sign)
        process.wait(patience)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(10)
    except psutil.NoSuchProcess:
        pass


def leash(sign: signal.Signals) -> Callable[[], None] | None:
    """Return what a child must call so that the kernel sends it `sign` when its parent is gone; None where there is no such thing.

    The C library is loaded here, because between fork and exec little is safe.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def hold() -> None:
        prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)

    return hold


def _private(path: str, flags: int) -> int:
    """Open a file that nobody else may read: logs quote statements, and statements hold addresses."""
    return os.open(path, flags, 0o600)


class Daemon:
    """A server in the background, with a pid file and a log beside its data."""

    def __init__(self, name: str, home: Path, account: Account) -> None:
        self.name, self.account = name, account
        self.log = home / f"{name}.log"
        self._note = home / f"{name}.pid.json"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, argv: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> None:
        """Start the server; one left over from a killed launcher is stopped first."""
        self.stop_leftover()
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open(self.log, "ab", opener=_private) as log:
            self._process = subprocess.Popen(
                [str(part) for part in argv],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=leash(signal.SIGINT),  # noqa: PLW1509 (it calls one function, loaded before the fork)
                **self.account.options(),
            )
        self._note.write_text(json.dumps({"pid": self._process.pid, "started": psutil.Process(self._process.pid).create_time()}))

    def stop_leftover(self) -> None:
        """Stop the server of an earlier launcher that was killed, if it still runs."""
        try:
            note = json.loads(self._note.read_text())
            left = is_same(int(note["pid"]), float(note["started"]))
        except (OSError, ValueError, KeyError):
            return
        if left is not None:
            end(left, signal.SIGINT, 60)

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            reason = f"{self.name} was not started."
            raise ServiceError(reason)
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready()`. Raises ServiceError, with the end of the log, if the server ends or the time is over."""
        until = time.monotonic() + seconds
        while not ready():
            if self._process is None or self._process.poll() is not None:
                raise ServiceError(self._failure("ended at once"))
            if time.monotonic() > until:
                self.stop()
                raise ServiceError(self._failure(f"did not answer within {seconds:.0f} s"))
            time.sleep(0.02)

    def lost(self) -> str | None:
        """Return what to say of a server that ended though nobody stopped it; None while it runs."""
        if self._process is None or self._process.poll() is None:
            return None
        return self._failure("ended by itself")

    def stop(self, patience: float = 60) -> None:
        """Stop the server: SIGINT, and after `patience` seconds SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._note.unlink(missing_ok=True)

    def kill(self) -> None:
        """Kill the server without warning, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _failure(self, what: str) -> str:
        text = self.log.read_text(errors="replace")[-_TAIL:] if self.log.exists() else ""
        return f"{self.name} {what}. The end of {self.log}:\n{text}"


def plain_environment() -> dict[str, str]:
    """Return the little that a server needs to know of the environment."""
    return {"PATH": os.defpath, "TZ": "UTC"}
