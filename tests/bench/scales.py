"""Scales: how much memory of their own this process and those of PostgreSQL take while something is done."""

import os
import threading
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg2

MEMORY = 100 * 1024 * 1024
"""Bytes that any process may need over what it has at rest."""
EVERY = 0.02
"""Seconds between two looks."""


class Scales:
    """Weighs while it is entered: private bytes, without the buffers that all of PostgreSQL's processes share."""

    def __init__(self, dsn: str) -> None:
        with closing(psycopg2.connect(dsn)) as line:
            self._postmaster = psutil.Process(psutil.Process(line.info.backend_pid).ppid())
        self._idle: dict[int, int] = {}
        self._peak: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._idle = dict(self._peak)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def tell(self, what: str) -> None:
        """Print by how much this process and the heaviest of PostgreSQL's grew over their idle, at their peak; fail over MEMORY.

        One that was started meanwhile (a parallel worker) is compared with the lightest there was at the beginning.
        """
        lightest = min(self._idle.values())
        grown = {pid: peak - self._idle.get(pid, lightest) for pid, peak in self._peak.items()}
        web, postgres = grown.pop(os.getpid()), max(grown.values())
        print(f"{f'memory over idle during {what}: web, PostgreSQL':62} {web / 1024**2:12,.1f} {postgres / 1024**2:12,.1f} MB")
        assert max(web, postgres) <= MEMORY

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            self._look()

    def _look(self) -> None:
        for pid in [os.getpid(), *(child.pid for child in self._postmaster.children())]:
            with suppress(FileNotFoundError, ProcessLookupError, StopIteration):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                size = int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) * 1024
                self._peak[pid] = max(size, self._peak.get(pid, 0))
