"""The one running Fairlead of a folder: a lock that the kernel lets go of, and a note for whoever comes second."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psutil

from app.core.services.errors import ServiceError
from app.core.services.process import end, is_same


class Instance:
    """What the folder knows of its running Fairlead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._note = folder / "run.json"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one in this folder. Raises ServiceError, with the other's address, if there is one already."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "lock").open("a") as lock:
            self._lock(lock)
            try:
                yield
            finally:
                self._note.unlink(missing_ok=True)

    def _lock(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            note = self.read()
            where = f"at {note['address']} (process {note['pid']})" if note else "and about to start or to stop"
            reason = f"Fairlead is already running in this folder, {where}."
            raise ServiceError(reason) from None

    def note(self, address: str, environment: Mapping[str, str], pids: Sequence[int] = ()) -> None:
        """Write down address, settings (they hold passwords: the file is for its owner only) and processes."""
        processes = []
        for pid in pids:
            try:
                processes.append([pid, psutil.Process(pid).create_time()])
            except psutil.Error:  # gone in the meantime
                continue
        text = json.dumps({"pid": os.getpid(), "address": address, "environment": dict(environment), "processes": processes})
        fresh = self._note.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(text)
        fresh.replace(self._note)

    def read(self) -> dict[str, Any]:
        """Return what is noted of the one that runs, or ran last without an orderly end; empty if there is nothing."""
        try:
            note: dict[str, Any] = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return {}
        return note

    def clear_up(self) -> bool:
        """Stop what an earlier launcher left running when it was killed. Tell whether there was such a launcher. Only for the holder."""
        note = self.read()
        left = [process for pid, started in note.get("processes", []) if (process := is_same(pid, started))]
        for process in left:
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 9
        for process in left:
            end(process, signal.SIGCONT, max(0.1, until - time.monotonic()))
        self._note.unlink(missing_ok=True)
        return bool(note)
