"""`make run` after the installation, as a person meets it: started twice, killed, started again, stopped."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from app.core.services.errors import ServiceError
from app.core.services.launcher import PROJECT, child_environment, execute, run, wait_for_port
from app.core.services.process import free_port
from app.core.services.servers import _in_memory

RUN = [sys.executable, "tools/launch.py", "run"]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Little more than PATH and HOME, as on a fresh machine."""
    passed = {name: os.environ[name] for name in ("PATH", "HOME", "PG_BIN") if name in os.environ}
    return passed | {"FAIRLEAD_FOLDER": str(folder)} | more


class Launched:
    """A launcher under observation."""

    all: ClassVar[list["Launched"]] = []

    def __init__(self, folder: Path, port: int) -> None:
        self.log = folder.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(RUN, cwd=PROJECT, env=environment(folder, PORT=str(port)), stdout=log, stderr=log)
        self.all.append(self)

    def wait_until_ready(self) -> list[psutil.Process]:
        """Wait for the address; return all processes of the tree, the launcher's own first."""
        until = time.monotonic() + 120
        while "Fairlead is ready at" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.1)
        return [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder like `.fairlead`, in memory, for speed; whoever runs in it afterwards is ended."""
    with tempfile.TemporaryDirectory(prefix="fairlead-", dir=_in_memory()) as place:
        folder = Path(place) / "kept here"
        yield folder
        for launched in Launched.all:
            if launched.process.poll() is None:
                launched.process.terminate()
                launched.process.wait(30)
        Launched.all.clear()
        away = (folder / "servers").resolve()
        if away != folder / "servers":
            subprocess.run(["rm", "-rf", away], check=True)  # noqa: S607


def test_started_twice_killed_started_again_and_stopped(folder: Path) -> None:
    port = free_port()
    first = Launched(folder, port)
    tree = first.wait_until_ready()
    assert f"ready at http://127.0.0.1:{port}\n" in first.log.read_text()

    second = subprocess.run(RUN, check=False, cwd=PROJECT, env=environment(folder), capture_output=True, text=True)
    assert second.returncode == 1
    assert f"already running in this folder, at http://127.0.0.1:{port} (process {first.process.pid})" in second.stderr
    asked = [*RUN[:-1], "exec", sys.executable, "-c", "import os; print(os.environ['PUBLIC_URL'], os.environ['EMBEDDED'])"]
    assert subprocess.check_output(asked, cwd=PROJECT, env=environment(folder), text=True) == f"http://127.0.0.1:{port} 1\n"

    first.process.kill()
    first.process.wait()
    if sys.platform.startswith("linux"):
        assert psutil.wait_procs(tree, timeout=20)[1] == []

    again = Launched(folder, port)
    tree = again.wait_until_ready()
    assert len(tree) > 8
    began = time.monotonic()
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(20) == 0
    assert time.monotonic() - began < 10
    assert psutil.wait_procs(tree, timeout=1)[1] == []
    assert not (folder / "run.json").exists()


def test_a_taken_port_is_said_plainly_before_anything_is_started(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        assert run(folder, {"PORT": str(port)}) == 1
    said = f"Port {port} on 127.0.0.1 cannot be used (Address already in use). Choose another: PORT={port + 1} make run\n"
    assert capfd.readouterr().err == said
    assert not (folder / "servers").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "http", "PORT: 'http' is not allowed."),
        ("HOST", "0.0.0.0", "EMBEDDED: is on, so HOST must be a loopback address"),
        ("DATABASE_URL", "mysql://u:geheim@127.0.0.1/x", "DATABASE_URL: 'mysql://***@127.0.0.1/x' is not allowed."),
        ("REDIS_URL", "geheim", "REDIS_URL: The value (kept secret) is not allowed."),
    ],
)
def test_a_bad_setting_is_said_by_name(folder: Path, name: str, value: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(folder, {"PORT": str(free_port()), name: value}) == 1
    told = capfd.readouterr().err
    assert said in told
    assert "geheim" not in told
    assert not (folder / "servers").exists()


def test_a_database_that_was_named_and_does_not_answer_is_not_replaced(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    named = {"DATABASE_URL": "postgresql://u:geheim@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    assert run(folder, {"PORT": str(free_port()), **named}) == 1
    told = capfd.readouterr().err
    assert told.startswith("The database of DATABASE_URL does not answer")
    assert "geheim" not in told
    assert not (folder / "servers").exists()


def test_exec_without_a_running_fairlead_says_what_to_do(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert execute(folder, {}, ["true"]) == 1
    assert capfd.readouterr().err == "Fairlead is not running in this folder: start it with make run first.\n"


def test_the_port_of_an_earlier_run_may_take_a_moment_to_be_free() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceError):
            wait_for_port("127.0.0.1", port, 0.1)
    wait_for_port("127.0.0.1", port, 0)


def test_children_find_the_virtual_environment_first_and_keep_what_was_given() -> None:
    child = child_environment({"PATH": "/usr/bin", "PG_BIN": "x"}, {"PORT": "1"})
    assert child == {"PATH": f"{Path(sys.executable).parent}:/usr/bin", "PG_BIN": "x", "PORT": "1", "PYTHONUNBUFFERED": "1"}
