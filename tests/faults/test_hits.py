"""Redis and the drain are killed while people open and click: every hit that was answered is in the activities once."""

import contextlib
import http.client
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import pytest
from flask import Flask

from app import create_app
from app.core.db import db, session
from app.core.services.process import free_port
from app.delivery.hits import STREAM
from config import Config
from tests.factories.tracking import a_mailing, a_message, signer
from tests.factories.workspaces import workspace
from tests.faults.arena import ROOT, Arena, wait

LINKS = 500
DRAIN = "app.delivery.drain"
DEATHS = [
    (DRAIN, "drain", "before", 2),
    ("app.delivery.service.hits", "record", "after", 2),
    (DRAIN, "forget", "before", 1),
    (DRAIN, "forget", "after", 1),
]
Ask = Callable[[str], bool]


@pytest.fixture
def place(arena: Arena) -> Iterator[tuple[Flask, int]]:
    """The application on the arena's servers, and a workspace with nobody in it."""
    app = create_app(Config.from_env(arena.nursery.settings | {"TESTING": "1"}))
    with app.app_context():
        made = workspace().id
        session().commit()
    yield app, made
    app.extensions["hits"].close()
    with app.app_context():
        db.engine.dispose()


def paths(place: tuple[Flask, int], count: int) -> dict[str, tuple[int, int]]:
    """Return addresses of links, each other than all others, with message and link."""
    app, workspace_id = place
    with app.app_context():
        mailing = a_mailing(workspace_id)
        messages = [a_message(mailing).id for _ in range(-(-count // LINKS))]
        session().commit()
        sign = signer()
        db.session.remove()
        pairs = [(message, link) for message in messages for link in range(LINKS)][:count]
        return {sign.click_url(message, link, "https://shop.example/"): (message, link) for message, link in pairs}


def hammer(arena: Arena, todo: Sequence[str], ask: Callable[[], AbstractContextManager[Ask]], kills: int, threads: int = 12) -> list[str]:
    """Ask for all of these, each once, while Redis is killed so many times; return what was answered."""
    rest, answered = list(todo), []

    def work() -> None:
        with ask() as mine, contextlib.suppress(IndexError):
            while path := rest.pop():
                if mine(path):
                    answered.append(path)

    crowd = [threading.Thread(target=work) for _ in range(threads)]
    for one in crowd:
        one.start()
    for turn in range(kills):
        goal = len(todo) * (turn + 1) // (kills + 1)
        wait(lambda goal=goal: len(answered) >= goal, 300, lambda: len(answered))  # type: ignore[misc]
        arena.valkey.kill()
        time.sleep(0.3)
        arena.valkey.start()
    for one in crowd:
        one.join()
    return answered


def counted(arena: Arena, workspace_id: int) -> Counter[tuple[int, int]]:
    """Return how often each click is among the activities."""
    rows = arena.ask("select (data->>'message')::int, (data->>'link')::int from activities where workspace_id = %s", workspace_id)
    return Counter((int(str(message)), int(str(link))) for message, link in rows)


def settled(arena: Arena, place: tuple[Flask, int]) -> bool:
    with place[0].app_context():
        return place[0].extensions["redis"].xlen(STREAM) == 0 and arena.ask("select count(*) from hits") == [(0,)]


def told(arena: Arena, workspace_id: int) -> int:
    """Return the hits that the roll-up counts."""
    rows = arena.ask(
        "select sum(hits_clicked + hits_clicked_machine + hits_clicked_unsure) from mailing_hours where workspace_id = %s", workspace_id
    )
    return int(str(rows[0][0] or 0))


def check(arena: Arena, place: tuple[Flask, int], wanted: dict[str, tuple[int, int]], answered: Sequence[str], seconds: float) -> None:
    """Every hit that was answered is there once; of one that was not, nothing is known, but that it is there at most once."""
    wait(lambda: not arena.seams_left("clock") and settled(arena, place), seconds, arena.state)
    found = counted(arena, place[1])
    assert {pair for pair, times in found.items() if times > 1} == set()
    assert {wanted[path] for path in answered} - found.keys() == set()
    assert told(arena, place[1]) == found.total()


def test_hits_while_redis_and_the_drain_are_killed(arena: Arena, place: tuple[Flask, int]) -> None:
    wanted = paths(place, 2_000)
    arena.seams("clock", DEATHS)
    arena.start("clock")
    app = place[0]

    @contextlib.contextmanager
    def ask() -> Iterator[Ask]:
        def one(path: str) -> bool:
            said: list[str] = []
            environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "Test"}
            app.wsgi_app(environ, lambda status, _headers: said.append(status))  # type: ignore[arg-type]
            time.sleep(random.uniform(0, 0.02))
            return said == ["302 Found"]

        yield one

    answered = hammer(arena, list(wanted), ask, kills=1)
    assert len(answered) == len(wanted), "who clicks is redirected whatever happens"
    with ask() as one:
        for path in paths(place, 6):  # the last seams need something to drain
            one(path)
            time.sleep(0.5)
    check(arena, place, wanted, answered, 60)


@contextlib.contextmanager
def gunicorn(arena: Arena) -> Iterator[int]:
    """Run the web process as it is run in earnest; give its port."""
    port = free_port()
    env = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **arena.nursery.settings, "PORT": str(port)}
    argv = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    with (arena.place / "web.log").open("wb") as log, subprocess.Popen(argv, cwd=ROOT, env=env, stdout=log, stderr=log) as process:
        try:
            wait(lambda: "Listening" in arena.log("web"), 60, lambda: arena.log("web"))
            time.sleep(2)
            yield port
        finally:
            process.terminate()


@pytest.mark.faults
def test_a_hundred_thousand_hits(arena: Arena, place: tuple[Flask, int]) -> None:
    wanted = paths(place, 100_000)
    arena.seams("clock", DEATHS)
    arena.start("clock")
    with gunicorn(arena) as port:

        @contextlib.contextmanager
        def ask() -> Iterator[Ask]:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

            def one(path: str) -> bool:
                try:
                    line.request("GET", path, headers={"User-Agent": "Test"})
                    answer = line.getresponse()
                    answer.read()
                except (http.client.HTTPException, OSError):
                    line.close()
                    return False
                return answer.status == http.client.FOUND

            yield one
            line.close()

        answered = hammer(arena, list(wanted), ask, kills=3, threads=32)
        assert len(answered) == len(wanted)
        check(arena, place, wanted, answered, 120)
