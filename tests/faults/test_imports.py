"""An import and its undoing by real workers, killed in the middle: what is left is what an undisturbed import of the same file leaves."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.core.db import db, session
from app.customers.models import Customer, Import
from app.customers.service import imports
from config import Config
from tests.factories.imports import ADA, begun, imported, undone
from tests.factories.workspaces import workspace
from tests.faults.arena import Arena, wait
from tests.faults.papers import first_file, left_in, second_file

CONSENT = {"state": "subscribed", "basis": "contract"}
STEPS, CHUNKS, MERGE = "app.customers.service.import_steps", "app.customers.service.import_chunks", "app.customers.queries.import_merge"
UNDO, TAKEN_BACK = "app.customers.service.import_undo", "app.customers.queries.import_undo"
RUNNER = "app.jobs.runner"
IMPORT_SEAMS = [
    (STEPS, "take_chunk", "before", 1),
    (STEPS, "take_chunk", "after", 3),
    (STEPS, "_move", "after", 2),
    (STEPS, "_move", "before", 2),
    (CHUNKS, "_write", "before", 2),
    *((MERGE, name, when, 2) for name in ("copy", "insert_new", "record_consent", "note_acts") for when in ("before", "after")),
    (MERGE, "update_known", "after", 1),
    (MERGE, "insert_rejects", "after", 1),
    (RUNNER, "_fenced", "before", 2),
    (RUNNER, "_fenced", "after", 2),
]
LANE_SEAMS = [
    *((STEPS, name, when, 1) for name in ("enter_second_lane", "take_new") for when in ("before", "after")),
    *((STEPS, "_move_second", when, 2) for when in ("before", "after")),
    *((STEPS, name, when, 2) for name in ("take_chunk", "_settled") for when in ("before", "after")),
    (RUNNER, "_fenced", "before", 3),
    (RUNNER, "_fenced", "after", 3),
]
UNDO_SEAMS = [
    *((TAKEN_BACK, name, when, 1) for name in ("next_batch", "keep_used", "remove", "restore") for when in ("before", "after")),
    (RUNNER, "_fenced", "after", 2),
]
ENDS = [(STEPS, "_finish", "before", 1), (STEPS, "_finish", "after", 1), (UNDO, "_finish", "after", 1)]


@dataclass
class Twins:
    """Two workspaces with the same people: in one the work is disturbed, in the other it is not."""

    app: Flask
    disturbed: int
    calm: int
    file: str
    import_id: int = 0

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Work on the arena's database; commits, and leaves no connection behind."""
        with self.app.app_context():
            try:
                yield
                session().commit()
            finally:
                db.session.remove()
                db.engine.dispose()

    def begin(self) -> None:
        """Let the import begin in the one workspace, and take it at once, chunk sizes and all otherwise, in the other."""
        with self.open():
            self.import_id = begun(self.disturbed, self.file, overwrite="always", consent=CONSENT).id
            imported(self.calm, self.file, overwrite="always", consent=CONSENT)

    def touch(self) -> None:
        """Edit a few of the customers that the import brought, on both sides."""
        with self.open():
            some = sa.and_(Customer.workspace_id.in_([self.disturbed, self.calm]), Customer.email.like("new%7@b.example"))
            edit = sa.update(Customer).where(some).values(last_name="Edited", version=Customer.version + 1)
            session().execute(edit.execution_options(synchronize_session=False))

    def take_back(self) -> None:
        """Ask for the undoing in the one workspace, and do it in the other."""
        with self.open():
            imports.undo(self.disturbed, self.import_id, ADA)
            last = sa.select(Import).where(Import.workspace_id == self.calm).order_by(Import.id.desc()).limit(1)
            undone(session().scalars(last).one())

    def state(self, arena: Arena) -> tuple[object, ...]:
        """Return how the disturbed import and its undoing stand."""
        return next(iter(arena.ask("select state, undo_state, rows_done, removed from imports where id = %s", self.import_id)), ())

    def compare(self) -> dict[str, list[tuple[Any, ...]]]:
        """Compare all that was left; return it."""
        with self.open():
            ours, theirs = left_in(self.disturbed), left_in(self.calm)
        for name, expected in theirs.items():
            assert ours[name] == expected, name
        return ours


@pytest.fixture
def twins(arena: Arena) -> Twins:
    app = create_app(Config.from_env(arena.nursery.settings | {"TESTING": "1"}))
    made = Twins(app, 0, 0, "")
    with made.open():
        made.disturbed, made.calm = workspace().id, workspace().id
        for place in (made.disturbed, made.calm):
            imported(place, first_file(300), consent=CONSENT)
    return made


def every_row_once(left: dict[str, list[tuple[Any, ...]]], rows: int) -> None:
    """Each row of the file was taken by one act or rejected once; the import ended and was told of once."""
    done = left["counts"][-1]
    assert done[:3] == ("finished", rows, rows)
    assert sum(done[3:7]) == rows
    assert min(done[3:7]) > 0, "a file with something of everything"
    news = dict(left["news"])
    assert (news["ImportFinished"], news["CustomersChanged"]) == (2, 2), "one of the first file, one of this"


def ended(arena: Arena, twins: Twins, *, undo: bool) -> Callable[[], bool]:
    """Return whether the work is over, hurrying it on."""

    def over() -> bool:
        arena.hurry()
        state = twins.state(arena)
        return (state[1:2] == ("done",) if undo else state[:1] == ("finished",)) and not arena.pending()

    return over


def work(arena: Arena, twins: Twins, seconds: float, *, undo: bool = False) -> None:
    """Wait until the work is over, and nobody is left who should have died."""
    wait(ended(arena, twins, undo=undo), seconds, lambda: (twins.state(arena), arena.pending(), arena.log("worker")[-2000:]))
    assert arena.seams_left("worker") == []


def test_a_worker_imports_and_takes_back_though_it_dies(arena: Arena, twins: Twins) -> None:
    """The short version."""
    twins.file = second_file(1000, 300, seed=1)
    twins.begin()
    arena.seams("worker", [(MERGE, "note_acts", "after", 3), ENDS[1]])
    arena.start("clock")
    arena.start("worker")
    work(arena, twins, 60)
    every_row_once(twins.compare(), 1000)
    twins.touch()
    twins.take_back()
    arena.seams("worker", [(TAKEN_BACK, "restore", "after", 2)])
    arena.kill_children("worker")
    work(arena, twins, 60, undo=True)
    assert min(twins.compare()["counts"][-1][-3:]) > 0, "some were removed, some restored, some kept"


@pytest.mark.faults
def test_workers_die_at_every_seam_of_an_import(arena: Arena, twins: Twins) -> None:
    twins.file = second_file(6000, 300, seed=2)
    twins.begin()
    arena.seams("worker", [*IMPORT_SEAMS, *ENDS[:2]])
    arena.start("clock")
    arena.start("worker")
    work(arena, twins, 180)
    every_row_once(twins.compare(), 6000)
    twins.touch()
    twins.take_back()
    arena.seams("worker", [*UNDO_SEAMS, ENDS[2]])
    arena.kill_children("worker")
    work(arena, twins, 180, undo=True)
    twins.compare()


@pytest.mark.faults
def test_workers_die_at_every_seam_of_two_lanes(arena: Arena, twins: Twins) -> None:
    rows = 90_000
    twins.file = first_file(rows).replace("here", "new").replace(",H", ",N")
    twins.begin()
    arena.seams("worker", [*LANE_SEAMS, *ENDS[:2]])
    arena.start("clock")
    arena.start("worker")
    work(arena, twins, 240)
    left = twins.compare()
    assert left["counts"][-1][:4] == ("finished", rows, rows, rows)
    assert len(left["customers"]) == rows + 300


@pytest.mark.faults
def test_two_imports_at_once_find_whom_the_other_brought(arena: Arena, twins: Twins) -> None:
    """Two workers take two files of the same people, one a little before the other; a phone, which no index keeps unique, names one person still."""
    rows = [f"new{i}@b.example,,New {i}\n" if i % 4 else f",+4940{i:07},Phone {i}\n" for i in range(24_000)]
    with twins.open():
        files = ["email,phone,first_name\n" + "".join(some) for some in (rows, [*rows[300:], *rows[:300]])]
        both = [begun(twins.disturbed, file).id for file in files]
    arena.start("clock")
    arena.start("worker one")
    arena.start("worker two")
    state = "select state, rows_done, created, unchanged, rejected from imports where id = any(%s)"
    wait(lambda: {row[0] for row in arena.ask(state, both)} == {"finished"} and not arena.pending(), 240, arena.state)
    assert [row[1] for row in arena.ask(state, both)] == [len(rows)] * 2
    assert arena.ask("select sum(created), sum(unchanged), sum(rejected) from imports where id = any(%s)", both) == [(24_000, 24_000, 0)]
    assert arena.ask("select count(*), count(distinct phone) from customers where phone is not null") == [(6_000, 6_000)]
    assert arena.ask("select count(*) from job_runs where attempts > 1") == [(0,)]


@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_an_import_loses_and_doubles_nothing(arena: Arena, twins: Twins, seed: int) -> None:
    """Workers, the clock and both servers are killed at random moments of the work; Valkey comes back empty."""
    chance = random.Random(seed)
    twins.file = second_file(6_000, 300, seed=seed)
    twins.begin()
    arena.start("clock")
    arena.start("worker")
    assert disturb(arena, twins, chance, undo=False) > 8
    every_row_once(twins.compare(), 6_000)
    twins.touch()
    twins.take_back()
    assert disturb(arena, twins, chance, undo=True) > 8
    twins.compare()


def disturb(arena: Arena, twins: Twins, chance: random.Random, *, undo: bool) -> int:
    """Kill something whenever the work went on, until it is over; return how often."""
    acts: list[Callable[[], None]] = [
        lambda: bounce(arena.postgres),
        lambda: bounce(arena.valkey, empty=True),
        lambda: again(arena, "worker"),
        lambda: arena.kill_children("clock"),
    ]
    over, kills = ended(arena, twins, undo=undo), 0
    while not over():
        here = twins.state(arena)
        wait(lambda: over() or twins.state(arena) not in (here, ()), 60, lambda: (here, arena.pending(), arena.log("worker")[-2000:]))  # noqa: B023 (asked at once)
        time.sleep(chance.uniform(0, 0.1))
        (acts[kills // 2 % len(acts)] if kills % 2 else lambda: arena.kill_children("worker"))()
        kills += 1
    return kills


def again(arena: Arena, name: str) -> None:
    """Kill a process with its children and start it again."""
    arena.kill(name, whole=True)
    arena.start(name)


def bounce(server: Any, *, empty: bool = False) -> None:
    """Kill a server and start it again, without what it had on disk if `empty`."""
    server.kill()
    for path in sorted(server.data.glob("appendonlydir/*")) if empty else []:
        path.unlink()
    server.start()
