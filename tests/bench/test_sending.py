"""A personalised campaign by one mailer process: ledger, claims, links and activities on, in the very configuration of the kill tests.

Beside `smtp-source` (of Debian’s postfix) sending messages of the same size to the same `smtp-sink`, in alternation; and into a server
that takes 50 ms a message.
"""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from app import create_app
from app.core.db import db, session
from app.core.services.process import free_port
from app.customers.models import Customer
from app.customers.service.activities import register_source
from app.delivery.mailer import engine
from app.delivery.models import Sender
from app.delivery.service import mailings
from app.delivery.service.mailings import Words
from config import Config
from tests.bench.ground import Ground, say
from tests.bench.scales import MEMORY

FIRST = 0.15
"""Mark of PERFORMANCE.md: messages a second, product ÷ smtp-source."""
SLOW, SLOW_SHARE, LINES = 0.05, 0.7, 50
"""A server that takes so many seconds a message, and the share of what so many connections can do by arithmetic."""
PEOPLE, SLOWLY, MANY = 20_000, 10_000, 100_000
ROUNDS = 3
SOURCE = ("smtp-source", "-4", "-d", "-s", "10", "-f", "a@b.test", "-t", "c@d.test")
PARAGRAPH = "<p>Merino next to the skin, fleece above, and nothing that itches; for mornings at which the grass is white. {}</p>\n"
LINKS = "".join(f'<p><a href="https://shop.example/sale/{n}?from=mail">Offer {n} of this week</a></p>\n' for n in range(5))
HEAD = (
    "<html><body><h1>Hello {{ customer.first_name | default('there') }}</h1><p>In {{ customer.city }} it is {{ customer.fields.plan }}.</p>"
)
WORDS = Words(
    "html",
    "{{ customer.first_name | default('Hello') }}, layers for cold mornings",
    "Merino and fleece",
    HEAD + LINKS + "".join(PARAGRAPH.format(n) for n in range(80)) + "</body></html>",
    None,
    {"name": "Northlight", "postal_address": "12 Harbour Row, Portland"},
    "hello@northlight.example",
)
CROWD = """
insert into customers (workspace_id, email, first_name, city, attributes)
select :w, 'p' || i || '@x.example', case when i % 5 > 0 then 'Ada' || i end, 'City ' || i % 500, '{"plan": "pro"}' from generate_series(1, :n) i
"""
AGREED = """
insert into consents (workspace_id, customer_id, channel, topic_id, state, source, occurred_at)
select workspace_id, id, 'email', 0, 'subscribed', 'bench', now() from customers
"""
_WRITTEN = (
    "customers, customer_stats, customer_changes, consents, messages, mailing_tallies, mailing_hours, mailings, senders, activities, outbox"
)


def _mail(settings: dict[str, str]) -> None:
    app = create_app(Config.from_env(settings))
    asked = False

    def stop(*_: object) -> None:
        nonlocal asked
        asked = True

    signal.signal(signal.SIGTERM, stop)
    engine.run(app, lambda: asked, "bench")


@contextmanager
def a_mailer(ground: Ground) -> Iterator[BaseProcess]:
    """Run one mailer process."""
    process = get_context("spawn").Process(target=_mail, args=(ground.settings,))
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(20)


def people(ground: Ground, count: int) -> None:
    """Fill the workspace with people who agreed."""
    with ground.app.app_context():
        session().execute(sa.text(CROWD), {"w": ground.workspace_id, "n": count})
        session().execute(sa.text(AGREED))
        session().execute(sa.text("analyze customers, consents"))
        session().commit()
        db.session.remove()


def campaign(ground: Ground, port: int, connections: int) -> int:
    """Freeze a campaign to everybody; return the mailing, still closed."""
    with ground.app.app_context():
        place = ground.workspace_id
        given: dict[str, Any] = {"kind": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", "from_email": "hello@northlight.example"}
        sender = Sender(workspace_id=place, name=f"Sender {time.time_ns()}", connections=connections, **given)
        session().add(sender)
        session().flush()
        row = mailings.create_mailing(place, "Autumn", sender.id, WORDS, source_id=register_source(place, "campaign", "Autumn"))
        mailings.add_people(place, row.id, sa.select(Customer.id).where(Customer.workspace_id == place))
        session().commit()
        mailing_id = row.id
        db.session.remove()
    return mailing_id


def sent(ground: Ground, mailing_id: int) -> float:
    """Open a mailing and wait for its end; return the seconds."""
    with ground.app.app_context():
        mailings.open_mailing(ground.workspace_id, mailing_id)
        session().commit()
        began = time.perf_counter()
        while True:
            state = session().execute(sa.text("select state from mailings where id = :m"), {"m": mailing_id}).scalar()
            session().rollback()
            if state == "done":
                break
            assert time.perf_counter() - began < 600
            time.sleep(0.02)
        taken = session().execute(sa.text("select clock_timestamp() - opened_at from mailings where id = :m"), {"m": mailing_id}).scalar()
        db.session.remove()
    return float(taken.total_seconds())


def emptied(ground: Ground) -> None:
    """Leave empty tables behind."""
    with ground.app.app_context():
        session().execute(sa.text(f"truncate {_WRITTEN} cascade"))
        session().commit()
        db.session.remove()


def size_of_one(ground: Ground, mailing_id: int) -> int:
    """Return the bytes of a message."""
    from app.delivery.mailer import pantry  # noqa: PLC0415 (only to weigh one)

    with ground.app.app_context():
        kitchen = pantry.kitchen(ground.workspace_id, mailing_id)
        found, _ = pantry.candidates(kitchen, 0, 1, 0)
        size = len(kitchen.cook(found[0]).wire)
        db.session.remove()
    return size


@contextmanager
def a_sink(*argv: str) -> Iterator[None]:
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(0.5)
        try:
            yield
        finally:
            process.kill()


def plain(port: int, size: int, messages: int) -> float:
    """Return the messages a second of smtp-source."""
    began = time.perf_counter()
    subprocess.run([*SOURCE, "-m", str(messages), "-l", str(size), f"127.0.0.1:{port}"], check=True, timeout=120)
    return messages / (time.perf_counter() - began)


def test_sending(empty: Ground) -> None:
    if not (shutil.which("smtp-source") and shutil.which("smtp-sink")):
        pytest.skip("smtp-source and smtp-sink are not here; they come with Debian's postfix.")
    people(empty, PEOPLE)
    port = free_port()
    ours, theirs = [], []
    with a_sink("smtp-sink", "-4", *(("-u", "nobody") if os.geteuid() == 0 else ()), f"127.0.0.1:{port}", "1000"), a_mailer(empty):
        for _ in range(ROUNDS):
            mailing_id = campaign(empty, port, LINES)
            size = size_of_one(empty, mailing_id)
            theirs.append(plain(port, size, PEOPLE))
            ours.append(PEOPLE / sent(empty, mailing_id))
    print(f"{'bytes of a message':62} {size:12,}")
    ratio = say("campaign, one mailer process", statistics.median(ours), statistics.median(theirs), "messages/s")
    emptied(empty)
    assert ratio >= FIRST


def test_sending_to_a_slow_server(empty: Ground, tmp_path: Path) -> None:
    people(empty, SLOWLY)
    port = free_port()
    with a_sink(sys.executable, "-m", "tests.delivery.sink", str(port), str(tmp_path / "taken"), str(SLOW)), a_mailer(empty):
        rate = statistics.median(SLOWLY / sent(empty, campaign(empty, port, LINES)) for _ in range(ROUNDS))
    share = say(f"the same into a server that takes {1000 * SLOW:.0f} ms, {LINES} connections", rate, LINES / SLOW, "messages/s")
    emptied(empty)
    assert share >= SLOW_SHARE


def test_memory_of_the_mailer(empty: Ground, tmp_path: Path) -> None:
    people(empty, MANY)
    port = free_port()
    with a_sink(sys.executable, "-m", "tests.delivery.sink", str(port), str(tmp_path / "taken")), a_mailer(empty) as process:
        time.sleep(4)
        idle = _memory(process.pid, "VmRSS")
        sent(empty, campaign(empty, port, LINES))
        peak = _memory(process.pid, "VmHWM")
    print(f"{f'memory of the mailer over idle, {MANY:,} recipients':62} {(peak - idle) / 1024**2:12,.1f} MB of {MEMORY / 1024**2:,.0f}")
    emptied(empty)
    assert peak - idle <= MEMORY


def _memory(pid: int | None, name: str) -> int:
    with suppress(psutil.NoSuchProcess):
        line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name))
        return int(line.split()[1]) * 1024
    raise AssertionError("The mailer died.")
