"""The application under fire, in processes of its own: what it writes has no unique keys, so that doubling would show.

Forked by `nursery`, or run as `flask --app tests.faults.subject:create_subject worker`.
Never import it into the process of the tests: its handlers hear every event.
"""

import contextlib
import importlib
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.core.db import session
from app.customers.service import import_steps, import_undo
from app.events.queries import news as event_queries
from app.events.registry import on, on_any
from app.events.service import Event, publish
from app.jobs import queries, service, worker
from app.jobs.registry import job, jobs

queries.LOST_AFTER = 3
event_queries.HOLD = 2
IMPORTED = UNDONE = 120
"""Rows an import takes in one step, and customers it takes back in one: few, so that there are many steps to die in."""
import_steps.rows_for = lambda _width: IMPORTED
import_undo.BATCH = UNDONE
PLACE = Path(os.environ.get("FAULTS", "/nonexistent"))
"""A folder: seams to die at, and files that processes wait for."""


@dataclass(frozen=True)
class Struck(Event):
    ref: int


@dataclass(frozen=True)
class Echoed(Event):
    ref: int


@dataclass(frozen=True)
class Dawdled(Event):
    ref: int


def mark(kind: str, ref: int) -> None:
    session().execute(sa.text("insert into marks values (:kind, :ref)"), {"kind": kind, "ref": ref})


def wait_for(name: str) -> None:
    """Say that we are here, and wait until the test lets us go on."""
    (PLACE / f"at-{name}").touch()
    until = time.monotonic() + 60
    while not (PLACE / f"go-{name}").exists() and time.monotonic() < until:
        time.sleep(0.01)


@on(Struck)
def first(event: Struck) -> None:
    mark("first", event.ref)


@on(Struck)
def second(event: Struck) -> None:
    """Publish in turn: news from a handler must be as safe as news from a request."""
    mark("second", event.ref)
    publish(Echoed(event.workspace_id, event.ref))


@on(Struck)
def walks(event: Struck) -> None:
    """Start a job of three steps."""
    session().execute(sa.text("insert into walks (id, till) values (:id, 3) on conflict do nothing"), {"id": event.ref})
    service.start(walk, workspace_id=event.workspace_id, key=f"walk:{event.ref}", ref=event.ref)


@on(Dawdled)
def dawdle(event: Dawdled) -> None:
    mark("dawdle", event.ref)
    wait_for("dawdle")


@on_any
def everything(news: Any) -> None:
    mark(f"any {news.event}", news.data.get("ref", news.data.get("import_id", 0)))


@job(queue="bulk", lease=3)
def walk(ref: int) -> bool:
    """Take one step; each writes a mark and moves the cursor in the same transaction."""
    row = (
        session()
        .execute(sa.text("update walks set at = at + 1 where id = :id and at < till returning at, till"), {"id": ref})
        .one_or_none()
    )
    if row is None:
        return False
    mark(f"step {row.at}", ref)
    return bool(row.at < row.till)


@job(queue="bulk", lease=2)
def linger(ref: int) -> bool:
    """Wait inside the first step."""
    mark("linger", ref)
    wait_for("linger")
    return False


@job(queue="bulk", lease=2)
def pause(ref: int) -> bool:
    """Two steps with a wait between them (`arm` puts it there)."""
    mark("pause", ref)
    return bool(session().scalar(sa.text("select count(*) from marks where kind = 'pause' and ref = :ref"), {"ref": ref}) == 1)


@job(queue="bulk", lease=60)
def toil(ref: int) -> bool:
    """Steps of a second, without end."""
    mark("toil", ref)
    (PLACE / "at-toil").touch()
    time.sleep(1)
    return True


@job(queue="bulk", lease=60)
def hang(ref: int) -> bool:
    """A step without end."""
    mark("hang", ref)
    (PLACE / "at-hang").touch()
    time.sleep(600)
    return False


def create_subject() -> Flask:
    """Make the application; its workers die at the seams laid out for them."""
    app = create_app()
    importlib.import_module("app.cli.processes")
    for name in ("customers.run_import", "customers.undo_import"):
        object.__setattr__(jobs[name], "lease", 3)
    for made in jobs.values():
        if made.every:  # housekeeping whose worker was killed is taken up again within the test
            object.__setattr__(made, "lease", 5)
    original = worker.work

    @wraps(original)
    def work(*given: Any) -> None:
        arm("worker")
        original(*given)

    worker.work = work
    return app


def arm(kind: str) -> None:
    """Take the next seam laid out for this kind of process, if there is one, and die there by SIGKILL."""
    for path in sorted((PLACE / kind).glob("*")):
        with contextlib.suppress(FileNotFoundError):
            seam = json.loads(path.read_text())
            path.unlink()
            _lay(seam["module"], seam["name"], seam["when"], seam["nth"])
            return


def _lay(module: str, name: str, when: str, nth: int) -> None:
    holder: Any = importlib.import_module(module)
    *outer, leaf = name.split(".")
    for part in outer:
        holder = getattr(holder, part)
    original: Callable[..., Any] = getattr(holder, leaf)
    hits = [0]

    @wraps(original)
    def deadly(*given: Any, **named: Any) -> Any:
        hits[0] += 1
        if when == "before" and hits[0] == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = original(*given, **named)
        if when == "after" and hits[0] == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        if when == "wait" and hits[0] == nth:
            wait_for(name)
        return answer

    setattr(holder, leaf, deadly)
