"""Killed between any two steps, nothing is lost and nothing is doubled."""

import os
import signal
import time

import pytest

from tests.faults.arena import Arena, listening, wait

RELAY = "app.events.relay"
CLOCK_SEAMS = [
    (module, name, when, nth)
    for nth in (1, 2)
    for module, name in ((RELAY, "expand"), (RELAY, "push"), (RELAY, "tell"), (RELAY, "send"), ("app.jobs.carrier", "push"))
    for when in ("before", "after")
]
WORKER = "app.jobs.worker"
WORKER_SEAMS = [
    (module, name, when, nth)
    for nth in (1, 3)
    for module, name in (
        (WORKER, "FairleadWorker._take"),
        (WORKER, "FairleadWorker.perform_job"),
        (WORKER, "FairleadWorker.handle_job_success"),
        (WORKER, "carry"),
        ("app.events.deliver", "deliver"),
        ("app.events.deliver", "_call"),
        ("app.jobs.runner", "run"),
        ("app.jobs.runner", "_claim"),
        ("app.jobs.runner", "_step"),
        ("app.jobs.runner", "_fenced"),
    )
    for when in ("before", "after")
]


def test_all_die_at_a_few_seams(arena: Arena) -> None:
    """The short version of the next two."""
    arena.seams("clock", [(RELAY, "send", "after", 1), ("app.jobs.carrier", "push", "before", 1)])
    arena.seams(
        "worker", [("app.events.deliver", "_call", "after", 1), ("app.jobs.runner", "_step", "after", 1), (WORKER, "carry", "before", 1)]
    )
    arena.start("clock")
    arena.start("worker", 2)
    with listening(arena) as listener:
        arena.strike_until_died("clock")
        arena.strike_until_died("worker")
        arena.settle(90)
        wait(lambda: len(listener.heard) == 2 * arena.struck, 15, "the channel has told everything")
    assert set(listener.heard.values()) == {1}


@pytest.mark.faults
def test_the_clock_dies_at_every_seam(arena: Arena) -> None:
    arena.seams("clock", CLOCK_SEAMS)
    arena.start("clock")
    arena.start("worker", 2)
    with listening(arena) as listener:
        arena.strike_until_died("clock")
        arena.settle(60)
        told = [str(row[0]) for row in arena.ask("select id from outbox")]
        wait(lambda: len(listener.heard) == len(told), 5, "the channel has told everything")
    assert dict(listener.heard) == dict.fromkeys(told, 1)
    assert listener.gaps == 1, "the listener was never away, so it must have heard all"


@pytest.mark.faults
def test_workers_die_at_every_seam(arena: Arena) -> None:
    arena.seams("worker", WORKER_SEAMS)
    arena.start("clock")
    arena.start("worker", 2)
    arena.strike_until_died("worker")
    arena.settle(90)


def test_a_second_clock_stands_by_and_takes_over(arena: Arena) -> None:
    arena.start("clock")
    arena.start("worker")
    arena.strike(1)
    arena.settle(60)
    arena.start("clock two")
    wait(lambda: "stands by" in arena.log("clock two"), 30, "the second stands by")
    assert "clock leads" not in arena.log("clock two")
    arena.kill("clock", whole=True)
    arena.strike(1)
    arena.settle(15)
    assert "clock leads" in arena.log("clock two")


@pytest.mark.faults
def test_power_cut_of_everything_at_once(arena: Arena) -> None:
    arena.set_to_work(60)
    arena.kill("worker", whole=True)
    arena.kill("clock", whole=True)
    arena.valkey.kill()
    arena.postgres.kill()
    arena.postgres.start()
    arena.valkey.start()
    arena.start("clock")
    arena.start("worker", 2)
    arena.settle(60)


@pytest.mark.faults
def test_redis_comes_back_empty(arena: Arena) -> None:
    arena.start("clock")
    arena.start("worker")
    arena.strike(1)
    arena.settle(60)
    arena.kill("worker", whole=True)
    arena.strike(30)
    wait(
        lambda: arena.ask("select count(*) from event_deliveries where enqueued_at is not null and state = 'queued'") == [(120,)],
        30,
        "all is in RQ",
    )
    arena.valkey.kill()
    for path in sorted(arena.valkey.data.glob("appendonlydir/*")):
        path.unlink()
    arena.valkey.start()
    arena.start("worker")
    arena.settle(60)


@pytest.mark.faults
def test_a_long_queue_grows_no_longer_when_clock_and_redis_begin_anew(arena: Arena) -> None:
    """Whoever put everything there again with each restart would make it longer each time."""
    arena.start("clock")
    arena.strike(200)
    noted = "select count(*) from event_deliveries where enqueued_at is not null"
    wait(lambda: arena.ask(noted) == [(800,)] and arena.queued()["default deliveries"] > 0, 60, "all is noted to be in RQ")
    time.sleep(1)  # noted, then sent
    waiting = arena.queued()["default deliveries"]
    for _ in range(3):
        arena.kill("clock", whole=True)
        arena.valkey.kill()
        arena.valkey.start()
        arena.start("clock")
        time.sleep(4)
    assert arena.queued()["default deliveries"] == waiting
    arena.start("worker", 2)
    arena.settle(60)


@pytest.mark.faults
@pytest.mark.parametrize("what", ["redis", "postgres"])
def test_a_server_restarts_under_load(arena: Arena, what: str) -> None:
    arena.set_to_work(40)
    server = arena.valkey if what == "redis" else arena.postgres
    server.kill()
    time.sleep(1)
    server.start()
    arena.strike(5)
    arena.settle(60)


def suspended(arena: Arena, place: str) -> int:
    """Suspend the only process of the worker when it is at that place; return its id."""
    wait(lambda: arena.reached(place), 60, f"somebody is at {place}")
    (pid,) = arena.children("worker")
    os.kill(pid, signal.SIGSTOP)
    return pid


def resume(arena: Arena, pid: int, place: str) -> None:
    """Let the suspended go on, and give it time to do what it may."""
    arena.let_go(place)
    os.kill(pid, signal.SIGCONT)
    time.sleep(1.5)


@pytest.mark.parametrize("job", ["linger", pytest.param("pause", marks=pytest.mark.faults)])
def test_suspended_past_its_lease_a_worker_can_write_nothing(arena: Arena, job: str) -> None:
    """`linger` is suspended inside its step, `pause` between two."""
    place = {"linger": "linger", "pause": "_fenced"}[job]
    if job == "pause":
        arena.seams("worker", [("app.jobs.runner", "_fenced", "wait", 1)])
    arena.start("clock")
    arena.start("worker")
    arena.begin(job, 1)
    pid = suspended(arena, place)
    if job == "linger":
        (arena.place / "at-linger").unlink()
    arena.start("worker two")
    if job == "linger":
        wait(lambda: arena.reached("linger"), 60, "the other has taken it over")
        resume(arena, pid, "linger")
    wait(lambda: arena.ask("select state from job_runs where job like 'subject.%%'") == [("done",)], 60, arena.pending)
    expected = {"linger": {"linger": 1}, "pause": {"pause": 2}}[job]
    assert arena.counts() == expected
    if job == "pause":
        resume(arena, pid, place)
        assert arena.counts() == expected
        assert "outcome=lost" in arena.log("worker").replace('"outcome": "lost"', "outcome=lost")
    assert arena.ask("select state, attempts from job_runs where job like 'subject.%%'") == [("done", 0)]


@pytest.mark.faults
def test_suspended_in_a_handler_a_worker_can_write_nothing(arena: Arena) -> None:
    arena.start("clock")
    arena.start("worker")
    arena.strike(1, "Dawdled")
    pid = suspended(arena, "dawdle")
    (arena.place / "at-dawdle").unlink()
    arena.start("worker two")
    wait(lambda: arena.reached("dawdle"), 60, "the other has taken it over")
    resume(arena, pid, "dawdle")
    wait(lambda: not arena.pending(), 30, arena.pending)
    assert arena.counts() == {"published": 1, "dawdle": 1, "any Dawdled": 1}


def test_term_ends_the_step_and_hands_the_rest_back(arena: Arena) -> None:
    arena.start("clock")
    arena.start("worker")
    arena.begin("toil", 1, lease=60)
    wait(lambda: arena.reached("toil"), 60, "it works")
    assert arena.end("worker") < 6
    state, attempts, steps = arena.ask("select state, attempts, steps from job_runs where job like 'subject.%%'")[0]
    assert (state, attempts) == ("queued", 0)
    assert arena.counts() == {"toil": steps}


@pytest.mark.faults
def test_a_step_that_does_not_end_is_broken_off_in_time(arena: Arena) -> None:
    arena.start("clock")
    arena.start("worker")
    arena.begin("hang", 1, lease=60)
    wait(lambda: arena.reached("hang"), 60, "it works")
    assert arena.end("worker") < 9
    assert arena.ask("select state, attempts from job_runs where job like 'subject.%%'") == [("queued", 1)]
    assert arena.counts() == {}


@pytest.mark.faults
def test_a_worker_ends_in_time_though_the_database_is_away(arena: Arena) -> None:
    arena.set_to_work(60)
    arena.postgres.kill()
    time.sleep(1)
    assert arena.end("worker") < 9
    arena.postgres.start()
    arena.start("worker")
    arena.settle(60)


def test_an_orphaned_worker_ends_by_itself(arena: Arena) -> None:
    arena.start("worker")
    wait(lambda: len(arena.children("worker")) == 1, 30, "it has a child")
    (pid,) = arena.children("worker")
    time.sleep(1)
    arena.kill("worker", whole=False)
    wait(lambda: not os.path.exists(f"/proc/{pid}"), 5, "the orphan has gone")  # noqa: PTH110 (a process, no file)
