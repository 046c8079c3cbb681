"""Hits and their drain: what a pixel costs beside a bare WSGI application, and the drain beside a COPY of the same rows."""

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
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg2
import sqlalchemy as sa

from app.core import redis
from app.core.db import db
from app.core.services.process import free_port
from app.core.time import now
from app.delivery.drain import drain
from app.delivery.hits import FIELD, STREAM, Hit, encode
from tests.bench.ground import BASELINES, Ground, say
from tests.factories.tracking import BOT, CHROME, a_mailing, signer

HIT_MARK, DRAIN_MARK = 0.2, 0.3
ROUNDS, SECONDS, LINES = 3, 5, 64
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
    """Send a mailing to so many new people; return the ids of its messages."""
    mailing, sent = a_mailing(workspace_id), now() - timedelta(hours=3)
    made = sa.text(
        "insert into customers (workspace_id, email, origin) select :w, 'p' || n || '@bench.example', 'api'"
        " from generate_series(1, :n) n returning id"
    )
    ids = db.session.scalars(made, {"w": workspace_id, "n": PEOPLE}).all()
    note = sa.text(
        "insert into messages (workspace_id, mailing_id, customer_id, original_customer_id, address, state, sent_at)"
        " select :w, :m, id, id, 'p@bench.example', 3, :at from unnest(:ids) id returning id"
    )
    return list(db.session.scalars(note, {"w": workspace_id, "m": mailing.id, "at": sent, "ids": list(ids)}).all())


def put(messages: list[int], turn: int) -> None:
    """Put hits into the stream: opens and clicks, of people and machines."""
    start, line = int((now() - timedelta(hours=2)).timestamp() * 1_000_000), redis.client().pipeline(transaction=False)
    for n in range(HITS):
        link = None if n % 4 else n // 4 % 5
        agent = BOT if n % 10 == 0 else f"{CHROME} {n % 200}"
        hit = Hit(
            UUID(int=turn << 64 | n).hex, start + n * 100_000, messages[n * 7919 % PEOPLE], link, "GET", f"192.0.{n % 200}.{n % 251}", agent
        )
        line.xadd(STREAM, {FIELD: encode(hit)})
        if n % 5_000 == 4_999:
            line.execute()


def copied(dsn: str, turn: int) -> float:
    """Return the rows a second of a plain COPY of what this turn left into a table with the same indexes, as empty as ours was."""
    with closing(psycopg2.connect(dsn)) as line, line.cursor() as cursor:
        rows = io.BytesIO()
        low, high = UUID(int=turn << 64), UUID(int=(turn + 1) << 64)
        cursor.execute(
            "create temporary table mine as select * from activities where event_id >= %s and event_id < %s", (str(low), str(high))
        )
        cursor.copy_expert("copy mine to stdout", rows)
        rows.seek(0)
        cursor.execute("create table if not exists bench_activities (like activities including all)")
        line.commit()
        began = time.perf_counter()
        cursor.copy_expert("copy bench_activities from stdin", rows)
        line.commit()
        return cursor.rowcount / (time.perf_counter() - began)


def test_drain(empty: Ground) -> None:
    ours, theirs = [], []
    with empty.app.app_context():
        messages = people(empty.workspace_id)
        db.session.commit()
        for turn in range(1, ROUNDS + 1):
            put(messages, turn)
            began = time.perf_counter()
            while drain(redis.client()):
                pass
            ours.append(HITS / (time.perf_counter() - began))
            theirs.append(copied(empty.dsn, turn))
        tables = "customers, customer_stats, customer_changes, messages, mailings, mailing_hours, activities, hit_agents, bench_activities"
        db.session.execute(sa.text(f"truncate {tables} cascade"))
        db.session.commit()
        db.session.remove()
    ratio = say("drain of the stream into activities", statistics.median(ours), statistics.median(theirs), "hits/s")
    print(f"{'mark':62} {DRAIN_MARK:12.2f}")
    assert ratio >= DRAIN_MARK
