"""A campaign by real mailers into a real SMTP server, killed in the middle.

Nobody gets it twice, and whoever did not get it stands in the ledger as such.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.core.db import db, session
from app.customers.models import Customer
from app.delivery.queries.ledger import LEASE
from app.delivery.service import mailings
from config import Config
from tests.delivery.post import WORDS, a_sender
from tests.factories.workspaces import workspace
from tests.faults.arena import ROOT, Arena, wait

CONNECTIONS = 20
"""Of each mailer, as in `make bench`."""


@dataclass
class Round:
    """One campaign on its way."""

    arena: Arena
    app: Flask
    sink: "subprocess.Popen[str]"
    file: Path
    port: int
    mailing: int = 0
    doubts: int = 0
    """How many messages the interruptions so far may have left in doubt."""

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        with self.app.app_context():
            try:
                yield
                session().commit()
            finally:
                db.session.remove()
                db.engine.dispose()

    def begin(self, people: int, per_second: int | None = None) -> None:
        """Make so many customers who agreed, and a campaign to them."""
        with self.open():
            place = workspace().id
            sender = a_sender(place, self.port, connections=CONNECTIONS, per_second=per_second)
            session().execute(
                sa.text(
                    "insert into customers (workspace_id, email, first_name) select :w, 'p' || i || '@x.example', 'Ada' from generate_series(1, :n) i"
                ),
                {"w": place, "n": people},
            )
            session().execute(
                sa.text(
                    "insert into consents (workspace_id, customer_id, channel, topic_id, state, source, occurred_at)"
                    " select workspace_id, id, 'email', 0, 'subscribed', 'test', now() from customers where workspace_id = :w"
                ),
                {"w": place},
            )
            row = mailings.create_mailing(place, "Autumn", sender.id, WORDS, source_id=None)
            mailings.add_people(place, row.id, sa.select(Customer.id).where(Customer.workspace_id == place))
            mailings.open_mailing(place, row.id)
            self.mailing = row.id

    def got(self) -> Counter[str]:
        """Return how often the server accepted a message for each recipient."""
        return Counter(self.file.read_text().split() if self.file.exists() else [])

    def states(self) -> dict[str, set[str]]:
        """Return the addresses in each state of the ledger."""
        names = {1: "pending", 2: "sending", 3: "sent", 4: "failed", 5: "skipped", 6: "in_doubt", 7: "bounced"}
        found: dict[str, set[str]] = {name: set() for name in names.values()}
        for state, address in self.arena.ask("select state, address from messages where mailing_id = %s", self.mailing):
            found[names[int(str(state))]].add(str(address))
        return found

    def is_done(self) -> bool:
        """Tell whether nothing waits any more; what rests after a failure is hurried."""
        self.arena.ask("update sender_paces set held_until = null where held_until > now() + interval '1 s' returning 1")
        return self.arena.ask("select state from mailings where id = %s", self.mailing) == [("done",)]

    def settle(self, people: int, seconds: float) -> None:
        """Wait for the end, then compare what the server has with what the ledger says."""
        wait(self.is_done, seconds, lambda: {name: len(who) for name, who in self.states().items()} | {"got": len(self.got())})
        got, states = self.got(), self.states()
        assert max(got.values()) == 1, "nobody twice"
        assert sum(len(who) for who in states.values()) == people
        assert states["pending"] == states["sending"] == states["bounced"] == states["failed"] == states["skipped"] == set()
        assert states["sent"] <= got.keys(), "whoever is marked as sent got it"
        assert got.keys() - states["sent"] <= states["in_doubt"]
        assert len(states["in_doubt"]) <= self.doubts
        tally = dict(self.arena.ask("select state, sum(n) from mailing_tallies where mailing_id = %s group by 1", self.mailing))
        assert {k: int(str(v)) for k, v in tally.items() if v} == {0: people, 3: len(states["sent"])} | (
            {6: len(states["in_doubt"])} if states["in_doubt"] else {}
        )

    # What can happen.

    def kill_mailer(self, name: str) -> None:
        """Kill the process that sends; its parent replaces it."""
        self.doubts += CONNECTIONS
        self.arena.kill_children(name)

    def kill_all(self) -> None:
        """Kill every process of the workers at once, as a power cut does, and start them again."""
        names = [name for name in self.arena.processes if name.startswith("mailer")]
        for name in names:
            self.doubts += CONNECTIONS
            self.arena.kill(name, whole=True)
        for name in names:
            self.arena.start(name)

    def cut(self) -> None:
        """Cut the server's connections."""
        self.doubts += CONNECTIONS * sum(1 for name in self.arena.processes if name.startswith("mailer"))
        self.sink.send_signal(signal.SIGUSR1)


@pytest.fixture
def round_(arena: Arena, tmp_path: Path) -> Iterator[Round]:
    app = create_app(Config.from_env(arena.nursery.settings | {"TESTING": "1"}))
    file = tmp_path / "taken"
    argv = [sys.executable, "-m", "tests.delivery.sink", "0", str(file), "0.005"]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        made = Round(arena, app, sink, file, int(sink.stdout.readline()))
        try:
            with made.open():
                session().execute(sa.text("truncate messages, mailers, mailing_tallies, mailing_hours"))
            yield made
        finally:
            arena.clear()
            sink.kill()


def bounce(server: object, seconds: float) -> None:
    server.kill()  # type: ignore[attr-defined]
    time.sleep(seconds)
    server.start()  # type: ignore[attr-defined]


def test_a_thousand_and_three_kills(round_: Round) -> None:
    """The short version of the next one."""
    round_.begin(1000)
    round_.arena.start("mailer one")
    round_.arena.start("clock")
    for share, act in (
        (150, lambda: round_.kill_mailer("mailer one")),
        (400, lambda: bounce(round_.arena.postgres, 0.2)),
        (650, round_.cut),
    ):
        wait(lambda share=share: len(round_.got()) >= share, 40, f"{share} sent")  # type: ignore[misc]
        act()
    bounce(round_.arena.valkey, 0.1)
    round_.settle(1000, 60)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(20))
def test_ten_thousand_and_anything(round_: Round, seed: int) -> None:
    chance = random.Random(seed)
    round_.begin(10_000)
    arena = round_.arena
    for name in ("mailer one", "mailer two", "clock", "clock two"):
        arena.start(name)
    acts: list[Callable[[], None]] = [
        lambda: round_.kill_mailer(chance.choice(["mailer one", "mailer two"])),
        round_.kill_all,
        lambda: arena.kill_children("clock"),
        lambda: bounce(arena.valkey, chance.uniform(0, 1)),
        lambda: bounce(arena.postgres, chance.uniform(0, 2)),
        round_.cut,
    ]
    chance.shuffle(acts)
    for number, act in enumerate(acts):
        share = 10_000 * (number + chance.random()) / (len(acts) + 1)
        wait(lambda share=share: len(round_.got()) >= share, 120, f"{share} sent")  # type: ignore[misc]
        act()
    round_.settle(10_000, 180)


def suspend(round_: Round, pid: int, *, amid: bool) -> None:
    """Suspend a mailer amid a transaction of several statements, with its locks, or between two."""
    standing = "select 1 from pg_stat_activity where state = 'idle in transaction' and query ~ '^execute|^prepare'"
    for _ in range(500):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.05)
        if bool(round_.arena.ask(standing)) is amid:
            return
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.003 * random.random())
    raise AssertionError("It could not be caught there.")


@pytest.mark.faults
@pytest.mark.parametrize("amid", [True, False])
def test_suspended_past_its_lease_and_woken(round_: Round, amid: bool) -> None:
    round_.begin(
        8000, per_second=3000 if amid else None
    )  # with a limit a tick is several statements, else it is one that commits by itself
    round_.arena.start("mailer one")
    wait(lambda: len(round_.got()) > 300, 40, "it sends")
    pid = round_.arena.children("mailer one")[0]
    process = psutil.Process(pid)
    suspend(round_, pid, amid=amid)
    round_.doubts += CONNECTIONS
    try:
        time.sleep(1)
        round_.arena.start("mailer two")
        round_.arena.start("clock")
        wait(lambda: bool(round_.states()["in_doubt"]), LEASE + 15, "its messages are in doubt")
        held = {str(row[0]) for row in round_.arena.ask("select address from messages where state in (2, 6)")}
        before = round_.got()
    finally:
        os.kill(pid, signal.SIGCONT)
    time.sleep(3)
    assert process.is_running()
    late = round_.got() - before
    assert not late.keys() & held & round_.states()["in_doubt"], "nothing that was taken from it left after all"
    round_.settle(8000, 90)
