"""Hits and their drain: what a pixel costs beside a bare WSGI application, and the drain beside a COPY of the same rows."""

import gc
import io
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg2
import sqlalchemy as sa

from app.core import redis
from app.core.db import db
from app.core.services.process import free_port
from app.core.time import now
from app.delivery.drain import BATCH, ROUND, drain
from app.delivery.hits import FIELD, STREAM, Hit, encode
from tests.bench.ground import BASELINES, Ground, say
from tests.factories.tracking import BOT, CHROME, a_mailing, signer

HIT_MARK, DRAIN_MARK = 0.2, 0.3
ROUNDS, SECONDS, LINES = 3, 4, 64
PEOPLE, HITS = 20_000, 50_000
ROOT = Path(__file__).resolve().parents[2]
_SAME = ["-m", "gunicorn", "-w", "2", "-k", "gthread", "--threads", "8"]


@contextmanager
def serving(argv: list[str], port: int, folder: Path, settings: dict[str, str]) -> Iterator[None]:
    """Run a server, and wait until it answers."""
    with tempfile.TemporaryFile() as log:
        environment = {**os.environ, **settings, "PORT": str(port)}
        process = subprocess.Popen([sys.executable, *argv], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/o/x", timeout=5).close()
                    break
                except OSError:
                    assert time.monotonic() < until
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait()


def rate(port: int, path: str) -> float:
    """Return the answers a second that many connections get."""
    if shutil.which("wrk"):
        argv = ["wrk", "-t2", f"-c{LINES}", f"-d{SECONDS}s", "-H", f"User-Agent: {CHROME}", f"http://127.0.0.1:{port}{path}"]
        said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
        assert "Non-2xx" not in said, said
        return float(re.findall(r"Requests/sec:\s+([\d.]+)", said)[0])
    return own_rate(port, path)


def own_rate(port: int, path: str) -> float:
    """Do the same without wrk, in Python: slower, so the ratio is flattered."""
    ask = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {CHROME}\r\n\r\n".encode()
    count, until = 0, time.monotonic() + SECONDS
    with selectors.DefaultSelector() as ready:
        for _ in range(LINES):
            line = socket.create_connection(("127.0.0.1", port))
            ready.register(line, selectors.EVENT_READ, bytearray())
            line.sendall(ask)
        while time.monotonic() < until:
            for key, _ in ready.select(0.1):
                line, heard = key.fileobj, key.data
                heard += line.recv(65536)  # type: ignore[union-attr]
                head, end, body = heard.partition(b"\r\n\r\n")
                if end and len(body) >= int(re.findall(rb"(?i)content-length: (\d+)", head)[0]):
                    assert head.startswith(b"HTTP/1.1 200")
                    count += 1
                    heard.clear()
                    line.sendall(ask)  # type: ignore[union-attr]
        for key in list(ready.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return count / SECONDS


def test_hits(empty: Ground) -> None:
    ours, theirs = [], []
    bare, port = free_port(), free_port()
    settings = {name: value for name, value in empty.settings.items() if name != "TESTING"} | {"WEB_WORKERS": "2", "WEB_THREADS": "8"}
    with empty.app.app_context():
        pixel, line = signer().open_url(1), redis.client()
        for _ in range(ROUNDS):
            with serving([*_SAME, "-b", f"127.0.0.1:{bare}", "bare_wsgi:app"], bare, BASELINES, {}):
                theirs.append(rate(bare, pixel))
            with serving(["-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"], port, ROOT, settings):
                ours.append(rate(port, pixel))
            assert line.xlen(STREAM) >= ours[-1] * SECONDS * 0.9
            line.delete(STREAM)
    ratio = say("tracking hit, verified and in the stream", statistics.median(ours), statistics.median(theirs), "hits/s")
    print(f"{'mark':62} {HIT_MARK:12.2f}")
    assert ratio >= HIT_MARK


def people(workspace_id: int) -> list[int]:
    """Make so many customers; return their ids."""
    made = sa.text(
        "insert into customers (workspace_id, email, origin) select :w, 'p' || n || '@bench.example', 'api'"
        " from generate_series(1, :n) n returning id"
    )
    return list(db.session.scalars(made, {"w": workspace_id, "n": PEOPLE}).all())


def sent_to(workspace_id: int, customers: list[int], at: datetime) -> list[int]:
    """Send a mailing to these people: its rows wait, are taken, are sent, and cleared up after, as in life. Return the messages' ids."""
    wait = sa.text(
        "insert into messages (workspace_id, mailing_id, customer_id, original_customer_id, address)"
        " select :w, :m, id, id, 'p@bench.example' from unnest(:ids) id returning id"
    )
    values = {"w": workspace_id, "m": a_mailing(workspace_id).id, "at": at, "ids": customers}
    ids = list(db.session.scalars(wait, values).all())
    for change in ("state = 2, mailer_id = 1, claimed_at = :at", "state = 3, sent_at = :at"):
        db.session.execute(sa.text(f"update messages set {change} where workspace_id = :w and mailing_id = :m"), values)  # noqa: S608 (ours)
        db.session.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as line:
            line.execute(sa.text("vacuum analyze messages, customers, customer_stats"))
    return ids


def readings(messages: list[int], turn: int, sent: datetime) -> list[Hit]:
    """Return hits as readings leave them: opened, opened again after 20 s, half of them clicked after 40; every tenth is a machine's."""
    start, found = int(sent.timestamp() * 1_000_000) + 60_000_000, []
    for n, message in enumerate(messages):
        agent = BOT if n % 10 == 0 else f"{CHROME} {n % 200}"
        for k, link in enumerate((None, None, n % 5) if n % 2 else (None, None)):
            ident = UUID(int=turn << 64 | n * 4 + k).hex
            found.append(Hit(ident, start + n * 100_000 + k * 20_000_000, message, link, "GET", f"192.0.{n % 200}.{n % 251}", agent))
    return sorted(found, key=lambda hit: hit.at)


def put(hits: list[Hit]) -> None:
    """Put hits into the stream, as the tracker does."""
    line = redis.client().pipeline(transaction=False)
    for n, hit in enumerate(hits):
        line.xadd(STREAM, {FIELD: encode(hit)})
        if n % 5_000 == 0 or n == len(hits) - 1:
            line.execute()


def copied(dsn: str, turn: int) -> float:
    """Return the rows a second of a plain COPY of what this turn left, in batches as large, into a table with the same indexes."""
    with closing(psycopg2.connect(dsn)) as line, line.cursor() as cursor:
        everything = io.BytesIO()
        between = (str(UUID(int=turn << 64)), str(UUID(int=(turn + 1) << 64)))
        cursor.execute("create temporary table mine as select * from activities where event_id >= %s and event_id < %s", between)
        cursor.copy_expert("copy mine to stdout", everything)
        cursor.execute("create table if not exists bench_activities (like activities including all)")
        line.commit()
        rows = everything.getvalue().splitlines(keepends=True)
        assert len(rows) == HITS
        batches = [io.BytesIO(b"".join(rows[n : n + BATCH])) for n in range(0, HITS, BATCH)]
        began = time.perf_counter()
        for batch in batches:
            cursor.copy_expert("copy bench_activities from stdin", batch)
            line.commit()
        return HITS / (time.perf_counter() - began)


def test_drain(empty: Ground) -> None:
    ours, theirs = [], []
    with empty.app.app_context():
        customers = people(empty.workspace_id)
        gc.collect()
        gc.freeze()  # as the clock does
        for turn in range(1, ROUNDS + 1):
            at = now() - timedelta(hours=10 - turn)
            put(readings(sent_to(empty.workspace_id, customers, at), turn, at))
            db.session.commit()
            began = time.perf_counter()
            while drain(redis.client(), ROUND):
                pass
            ours.append(HITS / (time.perf_counter() - began))
            theirs.append(copied(empty.dsn, turn))
        tables = "customers, customer_stats, customer_changes, messages, mailings, mailing_hours, activities, hit_agents, bench_activities"
        db.session.execute(sa.text(f"truncate {tables} cascade"))
        db.session.commit()
        db.session.remove()
    gc.unfreeze()
    ratio = say("drain of the stream into activities", statistics.median(ours), statistics.median(theirs), "hits/s")
    print(f"{'mark':62} {DRAIN_MARK:12.2f}")
    assert ratio >= DRAIN_MARK
