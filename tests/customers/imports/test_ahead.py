"""Reading ahead: what is asked for next is there, anything else is read anew, and a fault is told where it happens."""

import sys
import time
from threading import Event
from typing import Any

from app.customers.imports.ahead import Ahead
from app.customers.imports.reading import Cursor

HERE, THERE = (1, Cursor(0, 2)), (1, Cursor(99, 3))


def test_what_is_asked_for_next_is_there_once() -> None:
    ahead, made = Ahead(), object()
    ahead.begin(HERE, lambda: made)  # type: ignore[arg-type, return-value]
    assert ahead.take(HERE) is made
    assert ahead.take(HERE) is None


def test_of_another_place_or_import_nothing_is_taken() -> None:
    ahead = Ahead()
    for asked in (THERE, (2, HERE[1])):
        ahead.begin(HERE, object)  # type: ignore[arg-type, return-value]
        assert ahead.take(asked) is None
        assert ahead.take(HERE) is None


def test_readers_serve_one_at_a_time() -> None:
    ahead, over = Ahead(), Event()

    def slow() -> Any:
        over.wait(0.2)
        over.set()

    ahead.begin(HERE, slow)
    assert ahead.take(THERE) is None
    assert over.is_set(), "the thread is done when another chunk may be read"


def test_a_fault_is_not_told_ahead_of_time() -> None:
    def bad() -> Any:
        raise ValueError

    ahead = Ahead()
    ahead.begin(HERE, bad)
    assert ahead.take(HERE) is None


def test_a_busy_reader_lets_short_waits_be_short() -> None:
    usual, over = sys.getswitchinterval(), Event()
    sys.setswitchinterval(0.005)

    def busy() -> Any:
        while not over.is_set():
            sum(range(1000))

    ahead = Ahead()
    try:
        ahead.begin(HERE, busy)
        time.sleep(0.05)
        began = time.perf_counter()
        for _ in range(100):
            time.sleep(0)  # as after each answer of the database
        took = time.perf_counter() - began
    finally:
        over.set()
        ahead.take(HERE)
        sys.setswitchinterval(usual)
    assert took < 0.25, "each of a hundred waits for the reader's turn to end"
