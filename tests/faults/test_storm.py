"""Killed anywhere, at random, for long."""

import contextlib
import random
import time
from collections.abc import Callable

import psycopg2
import pytest

from tests.faults.arena import Arena, listening

SECONDS = 90


def storm(arena: Arena, seconds: float, seed: int) -> list[str]:
    """Publish and kill for so long; return what was done."""
    chance = random.Random(seed)
    done: list[str] = []

    def start(name: str) -> None:
        arena.start(name, 2)

    def again(name: str, *, whole: bool) -> None:
        arena.kill(name, whole=whole)
        start(name)

    def bounce(server: object) -> None:
        server.kill()  # type: ignore[attr-defined]
        time.sleep(chance.uniform(0, 0.5))
        server.start()  # type: ignore[attr-defined]

    acts: dict[str, tuple[int, Callable[[], None]]] = {
        "clock": (4, lambda: arena.kill_children("clock")),
        "standby": (1, lambda: again("clock two", whole=True)),
        "horses": (6, lambda: arena.kill_children("worker")),
        "parent": (1, lambda: again("worker", whole=False)),
        "both": (1, lambda: again("worker", whole=True)),
        "redis": (1, lambda: bounce(arena.valkey)),
        "postgres": (1, lambda: bounce(arena.postgres)),
    }
    names = list(acts)
    for name in ("clock", "clock two", "worker"):
        start(name)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(psycopg2.OperationalError):
            arena.strike(chance.randint(1, 5))
        time.sleep(chance.uniform(0, 0.6))
        act = chance.choices(names, [acts[name][0] for name in names])[0]
        done.append(act)
        acts[act][1]()
    return done


def test_a_short_storm(arena: Arena) -> None:
    with listening(arena) as listener:
        storm(arena, 5, seed=7)
        arena.settle(45)
    assert set(listener.heard.values()) == {1}


@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, 2])
def test_a_long_storm(arena: Arena, seed: int) -> None:
    with listening(arena) as listener:
        done = storm(arena, SECONDS, seed)
        assert len(done) > SECONDS / 4
        arena.settle(120)
    assert set(listener.heard.values()) == {1}
