"""A worker process: RQ's loop without the fork. Its parent (`supervisor`) replaces it when it dies."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import redis
import structlog
from flask import Flask
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from app.core.db import db
from app.jobs.carrier import carriers, connect
from app.jobs.programs import Run
from app.jobs.slate import Slate

TURN = 2.0
"""Seconds of work on one entry after which it is given back if something waits in a queue before its own."""
GROWTH = 150 * 1024 * 1024
"""Bytes a worker may grow before it makes room for a fresh one."""
log = structlog.get_logger()


class Halt:
    """Says between two steps whether to stop: asked by a signal, or orphaned."""

    def __init__(self, parent: int) -> None:
        self.asked = False
        self._parent = parent

    def __call__(self) -> bool:
        """Tell whether to stop."""
        return self.asked or os.getppid() != self._parent


class Hand:
    """What the running worker holds; `carry` below is called by RQ by name and finds it here."""

    worker: "FairleadWorker"
    slate: Slate


def carry(kind: str, ids: list[int]) -> None:
    """Work on rows: the one function that RQ ever calls."""
    began = time.monotonic()

    def stop() -> bool:
        return Hand.worker.halt() or (time.monotonic() - began > TURN and Hand.worker.more_urgent_waits())

    Hand.slate.write(kind, ids)
    carriers[kind].carry(ids, stop, lambda current: Hand.slate.write(kind, ids, current))
    Hand.slate.wipe()


class FairleadWorker(SimpleWorker):
    """RQ's worker in one process, with a wait for work that TERM and a lost Redis can end without losing an entry."""

    log_result_lifespan = False

    def __init__(self, app: Flask, halt: Halt, queues: tuple[str, ...], name: str, connection: redis.Redis) -> None:
        super().__init__(list(queues), name=name, connection=connection, serializer=JSONSerializer, log_job_description=False)
        self.app, self.halt = app, halt
        self._heaviest = _resident() + GROWTH
        self._present = 0

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """Leave RQ's registries to the clock."""
        return False

    def _install_signal_handlers(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
        signal.signal(signal.SIGTERM, self.request_stop)

    def request_stop(self, _signum: int, _frame: Any) -> None:
        """Stop after the step under way. RQ's own way would raise wherever the signal falls, and lose what it just took."""
        self.halt.asked = self._stop_requested = True

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: int | None = None) -> tuple[Job, Queue] | None:
        """Wait for work a second at a time; None when it is time to go."""
        del timeout, max_idle_time
        pause = 0.1
        while not self.halt() and _resident() < self._heaviest:
            try:
                return self._take()
            except DequeueTimeout:
                pause = 0.1
            except (redis.ConnectionError, redis.TimeoutError) as problem:
                log.warning("redis is away", problem=str(problem))
                time.sleep(pause)
                pause = min(pause * 2, 2)
        return None

    def _take(self) -> tuple[Job, Queue] | None:
        if self._state != WorkerStatus.IDLE:
            self.set_state(WorkerStatus.IDLE)
        self.heartbeat(60)
        taken = self.queue_class.dequeue_any(
            self._ordered_queues, 1, self.connection, self.job_class, self.serializer, self.death_penalty_class
        )
        if taken is not None:
            self._present = self.queues.index(taken[1])
            self._take_turns(taken[1])
        return taken

    def _take_turns(self, queue: Queue) -> None:
        """Put the queue just served behind the others, so that none starves; `fast` stays in front."""
        first = [q for q in self.queues if q.name == "fast"]
        others = [q for q in self._ordered_queues if q.name not in {"fast", queue.name}]
        self._ordered_queues = first + others + [q for q in (queue,) if q.name != "fast"]

    def more_urgent_waits(self) -> bool:
        """Tell whether anything waits in a queue that comes before that of the entry in hand."""
        try:
            return any(queue.count for queue in self.queues[: self._present])
        except redis.RedisError:
            return False

    def perform_job(self, job: Job, queue: Queue) -> bool:
        """Run one RQ job in an application context of its own: a fresh session each time."""
        with self.app.app_context():
            return super().perform_job(job, queue)


def work(app: Flask, slate: Slate, queues: tuple[str, ...], name: str, parent: int) -> None:
    """Be a worker until told to stop, or until the parent (its process id) is gone."""
    Hand.slate = slate
    with app.app_context():
        db.engine.dispose(close=False)
        settle(slate, "The worker died while this ran.")
    connection = connect(app.config["REDIS_URL"])
    Hand.worker = FairleadWorker(app, Halt(parent), queues, name, connection)
    Hand.worker.work(logging_level="WARNING")


def run_program(app: Flask, run: Run, name: str, parent: int) -> None:
    """Be a program until told to stop, or until the parent is gone."""
    halt = Halt(parent)

    def stop(_signum: int, _frame: Any) -> None:
        halt.asked = True

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    with app.app_context():
        db.engine.dispose(close=False)
    run(app, halt, name)


def settle(slate: Slate, error: str, patience: float = 2.0) -> None:
    """Take care of what the one who wrote on this slate left behind; wait for a database that is away no longer than `patience`."""
    entry = slate.read()
    if entry is not None:
        log.warning("a worker died", kind=entry.kind, ids=entry.ids, current=entry.current)
        carriers[entry.kind].settle(entry.ids, entry.current, error, patience)
        slate.wipe()


def _resident() -> int:
    """Return this process' resident memory in bytes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
