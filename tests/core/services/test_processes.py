"""Processes of a Procfile stop together, and for certain."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.core.services import processes
from app.core.services.processes import Processes

ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Honcho takes the signals for itself; give them back."""
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for sign, handler in before.items():
        signal.signal(sign, handler)


def procfile(folder: Path, **commands: str) -> Path:
    path = folder / "Procfile"
    path.write_text("".join(f"{name}: {command}\n" for name, command in commands.items()))
    return path


def test_when_one_ends_by_itself_all_are_stopped(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found: list[int] = []
    run = Processes(
        procfile(tmp_path, web="sleep 60", worker="sh -c 'echo no disk; exit 3'"), ENVIRONMENT, lambda these: found.extend(these.pids())
    )
    run.loop()
    assert (run.asked, run.returncode) == (False, 3)
    assert "no disk" in capfd.readouterr().out
    assert not [pid for pid in run.pids() if psutil.pid_exists(pid)]


def test_when_a_server_is_gone_all_are_stopped(tmp_path: Path) -> None:
    says = iter([None, None, "postgresql ended by itself."])
    run = Processes(procfile(tmp_path, web="sleep 60", worker="sleep 60"), ENVIRONMENT, lambda _: None, lambda: next(says))
    began = time.monotonic()
    run.loop()
    assert (run.asked, run.lost) == (False, "postgresql ended by itself.")
    assert time.monotonic() - began < 20
    assert not [pid for pid in run.pids() if psutil.pid_exists(pid)]


def test_who_does_not_heed_term_is_killed_though_nobody_else_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.5)
    deaf = """sh -c 'trap "" TERM; while :; do sleep 0.1; done'"""

    def ask(these: Processes) -> None:
        while len(these.pids()) < 2:
            time.sleep(0.05)
        time.sleep(0.3)  # for the traps to be set
        os.kill(os.getpid(), signal.SIGTERM)

    run = Processes(procfile(tmp_path, web=deaf, worker=deaf), ENVIRONMENT, ask)
    began = time.monotonic()
    run.loop()
    assert run.asked
    assert time.monotonic() - began < 10
    assert not [pid for pid in run.pids() if psutil.pid_exists(pid)]


def test_each_has_the_given_environment_the_folder_of_the_procfile_and_no_shell_around_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def look(these: Processes) -> None:
        while len(these.pids()) < 1:
            time.sleep(0.05)
        seen.append(psutil.Process(these.pids()[0]).name())

    Processes(procfile(tmp_path, web='sleep "$HOW_LONG"'), ENVIRONMENT | {"HOW_LONG": "1"}, look).loop()
    Processes(procfile(tmp_path, web="pwd"), ENVIRONMENT, lambda _: None).loop()
    assert seen == ["sleep"]
    assert str(tmp_path) in capfd.readouterr().out
