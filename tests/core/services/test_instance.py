"""One Fairlead a folder, whatever was killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.core.services.errors import ServiceError
from app.core.services.instance import Instance


def test_a_second_one_is_told_where_the_first_is(tmp_path: Path) -> None:
    first, second = Instance(tmp_path), Instance(tmp_path)
    with first.hold():
        with pytest.raises(ServiceError, match="about to start"), second.hold():
            pass
        first.note("http://127.0.0.1:8000", {"A": "b"})
        with pytest.raises(ServiceError, match=rf"already running .* at http://127\.0\.0\.1:8000 \(process {os.getpid()}\)"), second.hold():
            pass
        assert second.read()["environment"] == {"A": "b"}
        assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o600
    with second.hold():
        assert second.read() == {}


def test_the_lock_of_a_killed_one_is_free_and_its_processes_are_stopped(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as orphan:
        Instance(tmp_path).note("http://127.0.0.1:8000", {}, [orphan.pid])
        with Instance(tmp_path).hold():
            assert Instance(tmp_path).clear_up()
            assert orphan.poll() is not None
            assert not Instance(tmp_path).clear_up()


def test_a_process_that_only_has_the_number_of_an_old_one_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        instance = Instance(tmp_path)
        instance.note("http://127.0.0.1:8000", {}, [stranger.pid])
        note = tmp_path / "run.json"
        started = psutil.Process(stranger.pid).create_time()
        note.write_text(note.read_text().replace(str(started), str(started - 100)))
        with instance.hold():
            assert instance.clear_up()
        time.sleep(0.2)
        assert stranger.poll() is None
        stranger.kill()
