"""The processes of the Procfile, run by honcho: all stop when one does or a server of theirs, within ten seconds; none outlives the launcher."""

import signal
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.process import Popen, Process

from app.core.services.process import leash

PATIENCE = 7.5
"""Seconds between TERM and KILL: web requests end, workers finish their step or hand it back; then the servers stop, in ten altogether."""


class _Leashed(Process):  # type: ignore[misc] # honcho has no types
    """A process that ends with the launcher, even when that is killed."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:  # noqa: FBT001, FBT002 (honcho's signature)
        hold = leash(signal.SIGKILL)
        if hold is not None:
            hold()
        self._child_ctor = partial(Popen, preexec_fn=leash(signal.SIGTERM))
        super().run(events, ignore_signals)


class Processes(Manager):  # type: ignore[misc] # honcho has no types
    """Starts and stops the processes of a Procfile."""

    def __init__(
        self,
        procfile: Path,
        environment: Mapping[str, str],
        started: Callable[["Processes"], None],
        lost: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Prepare one of each; `started` will be called, in a thread of its own, once all are on their way.

        `lost` is asked each second what they need and is gone: then they are stopped, and `lost` keeps the answer.
        """
        super().__init__()
        self.asked = False
        self.lost: str | None = None
        self._look = lost
        self._late: threading.Timer | None = None
        self._started_hook = started
        self._process_ctor = _Leashed
        for name, command in parse_procfile(procfile.read_text()).processes.items():
            self.add_process(name, f"exec {command}", env=dict(environment), cwd=str(procfile.parent))

    def pids(self) -> list[int]:
        """Return the process ids that are known so far."""
        return [process["pid"] for process in self._processes.values() if process.get("pid")]

    def loop(self) -> None:
        """Run until all have ended. `asked` tells afterwards whether somebody asked for that."""
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        super().loop()
        if self._late is not None:
            self._late.cancel()
        self.asked = self.returncode in {130, 143}

    def terminate(self) -> None:
        """Send TERM to all, and KILL after a while to those that are left, even if none has ended by then (honcho waits for the first)."""
        if not self._terminating:
            self._late = threading.Timer(PATIENCE, self.kill)
            self._late.daemon = True
            self._late.start()
        super().terminate()

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._started_hook, args=(self,), daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """Stop all when something that they need is gone: each would go on, and do nothing but say so."""
        while not self._terminating:
            lost = self._look()
            if lost is not None and self._all_started() and not self._terminating:
                self.lost = lost
                self.terminate()
            time.sleep(1)
