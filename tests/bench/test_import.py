"""The reference file by the API, worked off by a worker of its own, beside COPY of the same rows into a table with all its indexes.

Everything is on: validation, custom fields, duplicates, the log for undoing, progress. Both begin with empty tables, in alternation.
"""

import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from app.core.db import db
from app.workspaces.models import Workspace
from tests.bench.ground import BASELINES, CUSTOMERS, Ground, say
from tests.bench.labour import Labour, labour
from tests.bench.scales import MEMORY, Scales
from tests.factories.auth import api_key, member

FIRST, SECOND = 0.2, 0.4
"""Marks of PERFORMANCE.md: rows a second, product ÷ COPY into the same table with all its indexes.

The first beside the table of baseline.py, which has four indexes where ours has twelve; the second beside a COPY into a table like ours.
"""
ROUNDS = 2
_WRITTEN = (
    "customers, customer_fields, customer_stats, customer_changes, consents, consent_log, import_undo, import_rejects, imports, files,"
    " job_runs, outbox"
)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("reference") / "customers.csv"
    with path.open("wb") as out:
        subprocess.run([sys.executable, BASELINES / "customers_csv.py", str(CUSTOMERS)], check=True, stdout=out)
    yield path
    path.unlink()


def sent(ground: Ground, reference: Path, headers: dict[str, str]) -> int:
    """Send the file as a program does; return the id of the import."""
    with reference.open("rb") as stream:
        began = time.perf_counter()
        data = {"file": (io.BufferedReader(stream), "customers.csv")}  # type: ignore[type-var]
        answer = ground.app.test_client().post("/api/v1/customers/import", data=data, headers=headers)
        took = time.perf_counter() - began
    assert answer.status_code == 202, answer.text
    print(f"{'received, and kept in PostgreSQL':62} {reference.stat().st_size / took / 1024**2:12,.1f} MB/s")
    return int(answer.json["id"])


def into_ours(ground: Ground) -> float:
    """Return the rows a second of a plain COPY of the customers into a table with every index of theirs: what no import can beat."""
    with closing(psycopg2.connect(ground.dsn)) as line, line.cursor() as cursor, tempfile.TemporaryFile() as rows:
        cursor.copy_expert("copy customers to stdout", rows)
        rows.seek(0)
        cursor.execute("create table bench.ours (like customers including all)")
        began = time.perf_counter()
        cursor.copy_expert("copy bench.ours from stdin", rows)
        line.commit()
        rate = CUSTOMERS / (time.perf_counter() - began)
        cursor.execute("drop table bench.ours")
        line.commit()
    return rate


def run(ground: Ground, reference: Path, headers: dict[str, str]) -> tuple[Labour, float]:
    """Import the file into empty tables; return what it took, and the rate of `into_ours`."""
    with Scales(ground.dsn) as scales:
        import_id = sent(ground, reference, headers)
        done = labour(ground.settings, ground.workspace_id, import_id)
    scales.tell("the import")
    shown = ground.app.test_client().get(f"/api/v1/imports/{import_id}", headers=headers).json
    assert (shown["state"], shown["created"], shown["rejected"]) == ("finished", CUSTOMERS, 0)
    plain = into_ours(ground)
    with ground.app.app_context():
        db.session.execute(db.text(f"truncate {_WRITTEN} cascade"))
        db.session.commit()
        db.session.remove()
    return done, plain


def test_import(empty: Ground, reference: Path) -> None:
    with empty.app.app_context():
        headers = api_key(membership=member(db.session.get_one(Workspace, empty.workspace_id)))
        with db.engine.begin() as line:
            line.execute(db.text("create schema if not exists bench"))
        db.session.commit()
        db.session.remove()
    ours: list[tuple[Labour, float]] = []
    theirs = list(empty.baseline("copy", str(reference)).values())
    for _ in range(ROUNDS):
        ours.append(run(empty, reference, headers))
        theirs += empty.baseline("copy", str(reference)).values()
    rate = statistics.median(CUSTOMERS / done.seconds for done, _ in ours)
    ratio = say("import, everything on", rate, statistics.median(theirs), "rows/s")
    same = say(
        "the same beside a plain COPY into a table with all our indexes", rate, statistics.median(plain for _, plain in ours), "rows/s"
    )
    over = max(done.peak - done.idle for done, _ in ours)
    print(f"{'memory of the worker over idle, at its peak':62} {over / 1024**2:12,.1f} MB of {MEMORY / 1024**2:,.0f}")
    print(f"{'marks: beside the first, beside the second':62} {FIRST:34.2f} {SECOND:.2f}")
    assert over <= MEMORY
    assert ratio >= FIRST
    assert same >= SECOND
