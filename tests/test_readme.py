"""What is written for the engineer agrees with what the program does."""

import re
import subprocess
from pathlib import Path

import pytest

from config import Config

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
UNITS = sorted((ROOT / "deploy").glob("*.service"))
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


def test_the_environment_table_is_the_settings() -> None:
    assert Config.table() in README, f"Put this table into README.md:\n{Config.table()}"


def test_the_example_environment_names_real_variables_and_all_that_are_required() -> None:
    text = (ROOT / "deploy" / "fairlead.env.example").read_text()
    names = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))
    assert names <= set(Config.model_fields)
    assert {name for name, field in Config.model_fields.items() if field.is_required()} <= names


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_and_readme_run_what_the_procfile_runs(unit: Path) -> None:
    command = PROCFILE[unit.stem.removeprefix("fairlead-")]
    assert f"ExecStart=/srv/fairlead/.venv/bin/{command}\n" in unit.read_text()
    assert f"| `{command}` |" in README


def test_every_process_has_a_unit() -> None:
    assert {unit.stem.removeprefix("fairlead-") for unit in UNITS} == set(PROCFILE)


def test_the_dockerfile_copies_what_exists() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert not [name for line in lines for name in line.split() if not (ROOT / name).exists()]


def test_make_targets_in_the_readme_exist() -> None:
    listed = set(re.findall(r"^  make (\w+)", subprocess.check_output(["make"], cwd=ROOT, text=True), re.MULTILINE))  # noqa: S607
    assert set(re.findall(r"`(?:PORT=\d+ )?make (\w+)", README)) <= listed
    assert {"run", "test", "lint", "bench", "faults", "help"} <= listed


def test_the_launcher_waits_longer_than_gunicorn_and_less_than_ten_seconds() -> None:
    graceful = int(re.findall(r"^graceful_timeout = (\d+)", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)[0])
    patience = float(re.findall(r"^PATIENCE = ([\d.]+)", (ROOT / "app/core/services/processes.py").read_text(), re.MULTILINE)[0])
    assert graceful < patience < 10
