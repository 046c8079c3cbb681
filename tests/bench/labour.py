"""A worker of its own, for what it does to be timed and weighed: an import's work, run as the runner of jobs runs it."""

import os
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from app import create_app
from app.core.db import db
from app.customers.jobs.imports import run_import
from app.jobs import runner
from app.jobs.service import start
from config import Config

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Labour:
    """What the work took: seconds, and bytes of memory before it and at its peak."""

    seconds: float
    idle: int
    peak: int


def labour(settings: dict[str, str], workspace_id: int, import_id: int) -> Labour:
    """Do the work of an import in a new process."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, settings, workspace_id, import_id))
    process.start()
    theirs.close()
    try:
        done: Labour = ours.recv()
        return done
    finally:
        process.join()


def _work(report: Connection, settings: dict[str, str], workspace_id: int, import_id: int) -> None:
    app = create_app(Config.from_env(settings))
    with app.app_context():
        run_id = start(run_import, workspace_id=workspace_id, import_id=import_id)
        db.session.commit()
        idle, began = _resident(), time.perf_counter()
        while runner.run(run_id) == "queued":
            pass
        seconds = time.perf_counter() - began
    report.send(Labour(seconds, idle, _peak()))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _peak() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
