"""Imports the subject once and forks clocks and workers of it: `python -m tests.faults.nursery`, one JSON order a line.

An order is `{"what": "clock" | "worker", "place": folder, "log": file, "processes": n}`; the answer is the process id.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from app.core.services.process import leash
from app.jobs import clock, supervisor
from app.jobs.registry import QUEUES
from tests.faults import subject


def main() -> None:
    """Take orders until the tests have gone."""
    app = subject.create_subject()
    hold = leash(signal.SIGKILL)
    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            if hold:
                hold()
            _become(app, order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _become(app: Any, order: dict[str, Any]) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    subject.PLACE = Path(order["place"])
    if order["what"] == "clock":
        _keep(app)
    else:
        if order["what"] == "mailer":
            supervisor.Supervisor(app, supervisor.program_slots(app, 0)).run()
            os._exit(0)
        supervisor.Supervisor(app, supervisor.slots(order["processes"], QUEUES)).run()
    os._exit(0)


def _keep(app: Any) -> None:
    """Fork a clock, and another when it dies."""
    child = [0]

    def end(_number: int, _frame: object) -> None:
        os.kill(child[0], signal.SIGTERM)
        os.waitpid(child[0], 0)
        os._exit(0)

    while True:
        child[0] = os.fork()
        if child[0] == 0:
            subject.arm("clock")
            clock.Clock(app).run()
            os._exit(0)
        signal.signal(signal.SIGTERM, end)
        os.waitpid(child[0], 0)


if __name__ == "__main__":
    main()
