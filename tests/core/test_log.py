import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from flask.testing import FlaskClient

from app.core import log


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield capsys
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def read(lines: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.readouterr().out.splitlines()]


def test_a_request_has_a_line_without_what_its_address_holds(client: FlaskClient, lines: pytest.CaptureFixture[str]) -> None:
    log.configure("INFO")
    client.get("/auth/reset/secret-token?also=secret", headers={"X-Request-Id": "abc"})
    (line,) = [line for line in read(lines) if line["event"] == "request"]
    assert (line["route"], line["method"], line["request"], line["level"]) == ("/auth/reset/<token>", "GET", "abc", "info")
    assert isinstance(line["ms"], float)
    assert "secret" not in json.dumps(line)


def test_libraries_write_the_same_lines(lines: pytest.CaptureFixture[str]) -> None:
    log.configure("INFO")
    logging.getLogger("elsewhere").warning("watch %s", "out")
    (line,) = read(lines)
    assert (line["event"], line["level"]) == ("watch out", "warning")


def test_a_trace_comes_without_local_values(lines: pytest.CaptureFixture[str]) -> None:
    log.configure("INFO")

    def break_it() -> None:
        password = "hunter2"
        raise ValueError(len(password))

    try:
        break_it()
    except ValueError:
        structlog.get_logger().exception("broken")
    (line,) = read(lines)
    assert "ValueError" in str(line["exception"])
    assert "hunter2'" not in str(line["exception"])
