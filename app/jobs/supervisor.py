"""The `worker` command: keeps worker processes alive, replaces the dead, and stops them all in time."""

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import sys
import time
import traceback
from dataclasses import dataclass, field

import redis
import structlog
from flask import Flask

from app.core.time import now
from app.jobs import worker
from app.jobs.programs import programs
from app.jobs.slate import Slate

GRACE = 7.0
"""Seconds a worker has for the step under way once it is told to stop."""
BEAT = 5.0
BEAT_KEY = "fl:beat:worker:"
BEAT_TTL = 20
log = structlog.get_logger()


@dataclass(slots=True)
class Slot:
    """The place of one worker process."""

    number: int
    queues: tuple[str, ...]
    program: str = ""
    """Instead of queues."""
    slate: Slate = field(default_factory=Slate)
    pid: int = 0
    started: float = 0.0
    deaths: int = 0
    not_before: float = 0.0


def slots(processes: int, queues: tuple[str, ...]) -> list[Slot]:
    """Share the queues out: where there are several processes, one never takes bulk work, so that handlers need not wait for it."""
    quick = tuple(q for q in queues if q != "bulk") or queues
    return [Slot(n, quick if n == 0 and processes > 1 else queues) for n in range(processes)]


def program_slots(app: Flask, first: int) -> list[Slot]:
    """Return the places of programs, as many of each as its setting says, numbered from `first` on."""
    names = [name for name, program in sorted(programs.items()) for _ in range(app.config[program.setting])]
    return [Slot(first + n, (), name) for n, name in enumerate(names)]


class Supervisor:
    """Parent of worker processes. Opens no database connection while it may still fork."""

    def __init__(self, app: Flask, places: list[Slot]) -> None:
        self.app, self.slots = app, places
        self.pid = os.getpid()
        self.name = f"{socket.gethostname()}:{self.pid}:{secrets.token_hex(3)}"  # two containers may share a name and a number
        self.stopping = False
        self._redis = redis.Redis.from_url(app.config["REDIS_URL"], socket_timeout=1, socket_connect_timeout=1)
        self._beaten = 0.0

    def run(self) -> None:
        """Keep the workers running until TERM or Ctrl-C."""
        wakeup, write = os.pipe()
        for end in (wakeup, write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, self._heard)
        while not self.stopping:
            self._reap()
            self._fill()
            self._beat()
            select.select([wakeup], [], [], 0.5)
            with contextlib.suppress(BlockingIOError):
                os.read(wakeup, 4096)
        self._stop()

    def _heard(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self.stopping = True

    def _fill(self) -> None:
        for slot in self.slots:
            if not slot.pid and time.monotonic() >= slot.not_before:
                self._start(slot)

    def _start(self, slot: Slot) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be_worker(slot)
        slot.pid, slot.started = pid, time.monotonic()

    def _be_worker(self, slot: Slot) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            if slot.program:
                worker.run_program(self.app, programs[slot.program].run, f"{self.name}:{slot.number}", self.pid)
            else:
                worker.work(self.app, slot.slate, slot.queues, f"{self.name}:{os.getpid()}", self.pid)
            code = 0
        except BaseException:  # noqa: BLE001 (a child must never return into its parent's code)
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        for slot in self.slots:
            if slot.pid and _ended(slot.pid):
                lived = time.monotonic() - slot.started
                slot.deaths = 0 if lived > 5 else slot.deaths + 1  # noqa: PLR2004 (seconds: it came up and worked)
                slot.not_before = time.monotonic() + min(2.0, 0.1 * 2**slot.deaths) if slot.deaths else 0.0
                slot.pid = 0

    def _beat(self) -> None:
        if time.monotonic() - self._beaten < BEAT:
            return
        self._beaten = time.monotonic()
        says = {"at": now().isoformat(), "alive": sum(1 for s in self.slots if s.pid), "of": len(self.slots)}
        try:
            self._redis.set(BEAT_KEY + self.name, json.dumps(says), ex=BEAT_TTL)
        except redis.RedisError as problem:
            log.warning("redis is away", problem=str(problem))

    def _stop(self) -> None:
        """Ask all to stop after their step; end those who do not, and give back what they held, if the database is there to hear it."""
        self._signal(signal.SIGTERM)
        until = time.monotonic() + GRACE
        while any(s.pid for s in self.slots) and time.monotonic() < until:
            self._reap()
            time.sleep(0.02)
        self._signal(signal.SIGKILL)
        for slot in self.slots:
            if slot.pid:
                os.waitpid(slot.pid, 0)
        with self.app.app_context():
            for slot in self.slots:
                worker.settle(slot.slate, "The worker was stopped while this ran and did not end its step in time.", patience=0)
        with contextlib.suppress(redis.RedisError):
            self._redis.delete(BEAT_KEY + self.name)

    def _signal(self, number: signal.Signals) -> None:
        for slot in self.slots:
            if slot.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(slot.pid, number)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
