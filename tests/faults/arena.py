"""Servers and processes to be killed, and the count of what they wrote."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2
import redis

from app.core.services.postgres import Postgres
from app.core.services.valkey import Valkey

ROOT = Path(__file__).resolve().parents[2]
TABLES = """
create table marks (kind text not null, ref bigint not null);
create table walks (id bigint primary key, at integer not null default 0, till integer not null);
"""
PENDING = """
select 'event', id::text, null, name, null from outbox where relayed_at is null or published_at is null
union all
select 'delivery', id::text, state, handler, attempts || ' ' || coalesce(left(error, 300), '') from event_deliveries where state <> 'done'
union all
select 'run', id::text, state, job, attempts || ' ' || coalesce(left(error, 300), '') from job_runs where state <> 'done'
"""
PER_EVENT = ("published", "first", "second", "any Struck", "any Echoed", "step 1", "step 2", "step 3")
"""What one Struck must lead to, once each."""


def wait(until: Callable[[], bool], seconds: float, what: str | Callable[[], object]) -> None:
    """Poll until it holds; fail with `what` after so many seconds."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.03)


@dataclass
class Listener:
    """A subscriber of the channel that comes back after Redis was away, and remembers every id it heard."""

    url: str
    heard: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    _stop: bool = False
    _thread: threading.Thread | None = None
    _ready: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Listen; returns when subscribed."""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """End."""
        self._stop = True
        if self._thread:
            self._thread.join(5)

    def _listen(self) -> None:
        while not self._stop:
            with contextlib.suppress(redis.RedisError), redis.from_url(self.url, socket_timeout=2) as client, client.pubsub() as line:
                line.subscribe("crm_events")
                while not self._stop:
                    message = line.get_message(timeout=0.2)
                    if message and message["type"] == "subscribe":
                        self._ready.set()
                    elif message:
                        self.heard[json.loads(message["data"])["id"]] += 1
            self.gaps += 1
            time.sleep(0.05)


class Nursery:
    """The process that forks the others."""

    def __init__(self, settings: dict[str, str], log: Path) -> None:
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **settings}
        argv = [sys.executable, "-m", "tests.faults.nursery"]
        self.log, self.settings = log, settings
        with log.open("wb") as errors:
            self._process = subprocess.Popen(argv, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)

    def fork(self, **order: object) -> int:
        """Return the id of a new process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.strip().isdigit():
                return int(line)
        raise AssertionError(self.log.read_text())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@dataclass
class Arena:
    """One PostgreSQL, one Valkey, clocks and workers of the subject."""

    postgres: Postgres
    valkey: Valkey
    nursery: Nursery
    place: Path
    processes: dict[str, int] = field(default_factory=dict)
    struck: int = 0

    # processes

    def start(self, name: str, processes: int = 1) -> None:
        """Start a process in a session of its own: `clock…` or `worker…`."""
        what = name.split(maxsplit=1)[0]
        self.processes[name] = self.nursery.fork(what=what, place=str(self.place), log=str(self.place / f"{name}.log"), processes=processes)

    def children(self, name: str) -> list[int]:
        """Return the processes below this one."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(self.processes[name]).children()]
        return []

    def kill_children(self, name: str) -> None:
        """Kill what this process forked."""
        for pid in self.children(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill(self, name: str, *, whole: bool) -> None:
        """Kill the process, with all it forked or alone."""
        pid = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if whole else os.kill)(pid, signal.SIGKILL)
        wait(lambda: not psutil.pid_exists(pid), 10, f"{name} has gone")

    def end(self, name: str) -> float:
        """Ask the process to end; return the seconds it took."""
        pid = self.processes.pop(name)
        began = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        wait(lambda: not psutil.pid_exists(pid), 20, f"{name} has ended")
        return time.monotonic() - began

    def clear(self) -> None:
        """End everything that runs, and orphans too."""
        for pid in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def log(self, name: str) -> str:
        """Return what a process has said."""
        path = self.place / f"{name}.log"
        return path.read_text() if path.exists() else ""

    # what they do

    def strike(self, count: int, name: str = "Struck") -> None:
        """Publish events in one transaction; what is not committed does not count."""
        refs = range(self.struck, self.struck + count)
        self.struck += count
        with contextlib.closing(psycopg2.connect(self.postgres.url())) as line, line, line.cursor() as cursor:
            for ref in refs:
                cursor.execute("insert into marks values (%s, %s)", ("published", ref))
                cursor.execute("insert into outbox (name, workspace_id, payload) values (%s, 1, %s)", (name, json.dumps({"ref": ref})))
            cursor.execute("select pg_notify('fairlead', '')")

    def set_to_work(self, events: int) -> None:
        """Start a clock and two workers, publish, and wait until they are in the midst of it."""
        self.start("clock")
        self.start("worker", 2)
        self.strike(events)
        wait(lambda: self.counts().get("first", 0) > 5, 60, "work has begun")

    def begin(self, job: str, ref: int, lease: int = 2) -> None:
        """Start a job of the subject."""
        self.ask(
            "insert into job_runs (job, args, queue, lease, max_attempts) values (%s, %s, 'bulk', %s, 10) returning pg_notify('fairlead', '')",
            f"subject.{job}", json.dumps({"ref": ref}), lease,
        )  # fmt: skip

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Run one statement; a server that is being restarted gives nothing."""
        with (
            contextlib.suppress(psycopg2.OperationalError),
            contextlib.closing(psycopg2.connect(self.postgres.url(), connect_timeout=2)) as line,
            line,
            line.cursor() as cursor,
        ):
            cursor.execute(query, values)
            return list(cursor.fetchall())
        return []

    def counts(self) -> dict[str, int]:
        """Return how many marks of each kind there are."""
        return {str(kind): int(str(count)) for kind, count in self.ask("select kind, count(*) from marks group by 1")}

    def seams(self, kind: str, seams: Sequence[tuple[str, str, str, int]]) -> None:
        """Lay out where the next processes of this kind are to die, one each: (module, function, before|after|wait, nth call)."""
        folder = self.place / kind
        folder.mkdir(exist_ok=True)
        for number, (module, name, when, nth) in enumerate(seams):
            (folder / f"{number:03}").write_text(json.dumps({"module": module, "name": name, "when": when, "nth": nth}))

    def strike_until_died(self, kind: str) -> None:
        """Publish, a little at a time, until processes have died at all seams."""
        until = time.monotonic() + 300
        while self.seams_left(kind):
            if len(self.pending()) < 30:  # enough to be busy, too little to queue up
                self.strike(2)
            time.sleep(0.05)
            assert time.monotonic() < until, self.seams_left(kind)

    def seams_left(self, kind: str) -> list[str]:
        """Return what nobody has died at yet."""
        return sorted(path.name for path in (self.place / kind).glob("*"))

    def let_go(self, name: str) -> None:
        """Let whoever waits at this place go on."""
        (self.place / f"go-{name}").touch()

    def reached(self, name: str) -> bool:
        """Tell whether somebody waits at this place."""
        return (self.place / f"at-{name}").exists()

    def pending(self) -> list[tuple[object, ...]]:
        """Return what is not done yet."""
        return self.ask(PENDING)

    def queued(self) -> Counter[str]:
        """Return how many entries RQ holds, by queue and kind."""
        with redis.from_url(self.valkey.url()) as client:
            return Counter(
                f"{key.decode().removeprefix('rq:queue:')} {entry.decode().partition('-')[0]}"
                for key in client.scan_iter("rq:queue:*")
                for entry in client.lrange(key, 0, -1)
            )

    def state(self) -> str:
        """Return what one must know of a place that does not come to rest."""
        runs = self.ask(
            "select state, job, count(*), count(enqueued_at), min(now() - enqueued_at)::text, max(now() - enqueued_at)::text,"
            " min(run_after - now())::text from job_runs where state <> 'done' group by 1, 2"
        )
        processes = {name: self.children(name) for name in self.processes}
        said = [f"{name}: {line[:300]}" for name in self.processes for line in self.log(name).splitlines()[-15:]]
        return "\n".join(map(str, [self.counts(), runs, self.queued(), processes, *self.pending()[:10], *said]))

    def hurry(self) -> None:
        """Make due at once what waits after a failure."""
        self.ask("update job_runs set run_after = now() where state = 'queued' and run_after > now() returning pg_notify('fairlead', '')")

    def settle(self, seconds: float) -> None:
        """Wait until all that was published has led to all it must, then look whether anything was doubled, lost or failed."""

        def whole() -> bool:
            counts = self.counts()
            return (
                counts.get("published", 0) > 0 and all(counts.get(kind) == counts["published"] for kind in PER_EVENT) and not self.pending()
            )

        wait(whole, seconds, self.state)
        time.sleep(0.5)
        doubled = self.ask("select kind, ref, count(*) from marks group by 1, 2 having count(*) <> 1")
        assert doubled == []
        counts = self.counts()
        assert {kind: counts[kind] for kind in PER_EVENT} == dict.fromkeys(PER_EVENT, counts["published"])


@contextlib.contextmanager
def listening(arena: Arena) -> Iterator[Listener]:
    """Listen to the channel meanwhile."""
    listener = Listener(arena.valkey.url())
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()
