"""Two lanes: what an import leaves is what it leaves with one, whatever is in the way of the second."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg2.extensions import connection as Connection  # noqa: N812 (a class)

from app.core.db import session
from app.customers.imports.reading import Cursor, rows_for
from app.customers.models import Customer, Import
from app.customers.queries import import_merge as merge
from app.customers.service import import_chunks, import_lane, import_steps
from tests.factories.imports import begun, counts, people
from tests.factories.workspaces import workspace
from tests.faults.papers import first_file, left_in, second_file

pytestmark = pytest.mark.committed


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_steps, "rows_for", lambda width, most=20: rows_for(width, min(most, 20)))
    monkeypatch.setattr(import_lane, "_REST", 1)
    monkeypatch.setattr(import_steps, "_LANE", import_lane.Lane())


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether the chunks of the second lane were taken, as they came."""
    seen: list[bool] = []
    run = import_lane._run

    def noted(second: import_lane.Second, work: object) -> None:
        run(second, work)  # type: ignore[arg-type]
        seen.append(second.taken.result())

    monkeypatch.setattr(import_lane, "_run", noted)
    yield seen
    import_steps._LANE.take(0, Cursor(0, 1))


def place() -> int:
    made: int = workspace().id
    session().commit()
    return made


def away(_: import_lane.Second) -> bool:
    """Fail, as where the database goes away behind a chunk."""
    raise OSError("away")


def people_file(count: int, prefix: str = "new") -> str:
    return "email,first_name,points\n" + "".join(f"{prefix}{i}@b.example,Name {i},{i}\n" for i in range(count))


def steps(row: Import) -> Import:
    """Run all steps as the runner does: each is committed."""
    while import_steps.step(row.workspace_id, row.id):
        session().commit()
    session().commit()
    return row


def one_lane(workspace_id: int, text: str, **given: object) -> Import:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_lane.Lane, "begin", lambda *_: None)
        return steps(queued(workspace_id, text, **given))


def queued(workspace_id: int, text: str, **given: object) -> Import:
    row = begun(workspace_id, text, **given)
    session().commit()
    return row


def test_new_people_come_by_both_lanes_in_the_order_of_the_file(database: None, taken: list[bool]) -> None:
    row = steps(queued(place(), people_file(415)))
    assert counts(row) == (415, 0, 0, 0)
    assert [mail for (mail,) in people(row.workspace_id, "email")] == [f"new{i}@b.example" for i in range(415)]
    assert taken.count(True) >= 8, "half of 21 chunks, but the last"


@pytest.mark.parametrize(("overwrite", "seed"), [("always", 1), ("empty", 2), ("never", 3)])
def test_a_hostile_file_leaves_what_it_leaves_by_one_lane(database: None, taken: list[bool], overwrite: str, seed: int) -> None:
    two, one = place(), place()
    consent = {"state": "subscribed", "basis": "contract"}
    for where in (two, one):
        one_lane(where, first_file(40))
    text = second_file(300, 40, seed) + "".join(f"more{i}@b.example,,,More {i},,,{i},\n" for i in range(200))
    one_lane(one, text, overwrite=overwrite, consent=consent)
    steps(queued(two, text, overwrite=overwrite, consent=consent))
    left, expected = left_in(two), left_in(one)
    for name in expected:
        assert left[name] == expected[name], name
    assert any(taken), "the file has parts with nobody known"


def test_a_repeat_of_a_row_that_was_taken_does_not_stop_the_second_lane(database: None, taken: list[bool]) -> None:
    repeats = "".join(f"new{i}@b.example,Again,1\nfresh{i}@b.example,Fresh,2\n" for i in range(100))
    row = steps(queued(place(), people_file(100) + repeats))
    assert counts(row) == (200, 0, 0, 100)
    assert taken.count(True) >= 4


def test_rows_that_share_a_key_with_the_chunk_before_wait_for_it(database: None, taken: list[bool]) -> None:
    """Each address twice, forty rows apart: with chunks of twenty rows, the second stands in the next chunk but one, or the next."""
    rows = [f"a{i % 30}x{i // 60}@b.example,N,1\n" for i in range(300)]
    text = "email,first_name,points\n" + "".join(rows)
    two, one = place(), place()
    first, second = one_lane(one, text), steps(queued(two, text))
    assert counts(first) == counts(second)
    assert left_in(two)["acts"] == left_in(one)["acts"]
    assert left_in(two)["rejects"] == left_in(one)["rejects"]


def test_paused_in_the_middle_the_second_lane_takes_nothing(
    database: None, app: Flask, monkeypatch: pytest.MonkeyPatch, taken: list[bool]
) -> None:
    row = queued(place(), people_file(200))
    workspace_id, import_id, take = row.workspace_id, row.id, import_chunks.take_chunk
    session().commit()

    def pause(*args: object) -> object:
        outcome = take(*args)  # type: ignore[arg-type]
        with app.app_context():
            session().execute(sa.update(Import).where(Import.workspace_id == workspace_id, Import.id == import_id).values(state="paused"))
            session().commit()
        return outcome

    while not session().get_one(Import, import_id).scanned:
        import_steps.step(workspace_id, import_id)
        session().commit()
    monkeypatch.setattr(import_steps, "take_chunk", pause)
    assert not import_steps.step(workspace_id, import_id)
    session().commit()
    import_steps._LANE.take(0, Cursor(0, 1))  # whatever is there ends
    assert people(workspace_id, "email") == []
    assert taken == [False]
    monkeypatch.setattr(import_steps, "take_chunk", take)
    session().execute(sa.update(Import).where(Import.workspace_id == workspace_id, Import.id == import_id).values(state="running"))
    session().commit()
    assert counts(steps(row)) == (200, 0, 0, 0)


def test_a_step_that_fails_takes_the_second_lane_with_it(database: None, monkeypatch: pytest.MonkeyPatch, taken: list[bool]) -> None:
    row = queued(place(), people_file(200))
    session().commit()
    while not row.scanned:
        import_steps.step(row.workspace_id, row.id)
        session().commit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_steps, "_settled", away)
        import_steps.step(row.workspace_id, row.id)
        session().commit()
        with pytest.raises(OSError, match="away"):
            import_steps.step(row.workspace_id, row.id)
    session().rollback()
    assert counts(steps(row)) == (200, 0, 0, 0)
    assert [mail for (mail,) in people(row.workspace_id, "email")] == [f"new{i}@b.example" for i in range(200)]


def scanned(workspace_id: int, rows: int) -> Import:
    """Queue an import of new people, and run it up to where it takes rows."""
    row = queued(workspace_id, people_file(rows))
    session().commit()
    while not row.scanned:
        one_step(row)
    return row


def one_step(row: Import) -> bool:
    more = import_steps.step(row.workspace_id, row.id)
    session().commit()
    return more


@pytest.fixture
def line(app: Flask) -> Iterator[Connection]:
    """Somebody else's connection."""
    url = app.config["DATABASE_URL"].replace("+psycopg2", "")
    with closing(psycopg2.connect(url, options="-c statement_timeout=20s")) as made:
        yield made


@pytest.fixture
def behind() -> Iterator[list[threading.Thread]]:
    """Threads that do something meanwhile."""
    started: list[threading.Thread] = []
    yield started
    for thread in started:
        thread.join(30)
        assert not thread.is_alive()


def run(behind: list[threading.Thread], work: Callable[[], None]) -> None:
    behind.append(threading.Thread(target=work))
    behind[-1].start()


def add(line: Connection, workspace_id: int, name: str) -> None:
    with line.cursor() as cursor:
        cursor.execute("insert into customers (workspace_id, email) values (%s, %s)", (workspace_id, f"{name}@b.example"))


def test_whoever_waits_for_the_second_lane_goes_first(
    database: None, monkeypatch: pytest.MonkeyPatch, taken: list[bool], line: Connection, behind: list[threading.Thread]
) -> None:
    """Somebody adds a person of the next chunk while that is written: the chunk makes way instead of making them wait for the one before."""
    row = scanned(place(), 60)
    workspace_id = row.workspace_id
    written, over = threading.Event(), threading.Event()
    new, take = import_chunks.take_new, import_chunks.take_chunk

    def told(*args: object) -> object:
        outcome = new(*args)  # type: ignore[arg-type]
        written.set()
        return outcome

    def slow(*args: object) -> object:
        outcome = take(*args)  # type: ignore[arg-type]
        assert written.wait(10)
        assert over.wait(10), "nobody waits for the chunk at hand"
        return outcome

    def somebody() -> None:
        written.wait(10)
        add(line, workspace_id, "new25")
        line.commit()
        over.set()

    monkeypatch.setattr(import_steps, "take_new", told)
    monkeypatch.setattr(import_steps, "take_chunk", slow)
    run(behind, somebody)
    one_step(row)
    monkeypatch.undo()
    assert taken == [False]
    assert counts(steps(row)) == (59, 1, 0, 0)


def test_a_circle_through_the_second_lane_is_broken(
    database: None, monkeypatch: pytest.MonkeyPatch, taken: list[bool], line: Connection, behind: list[threading.Thread]
) -> None:
    """Somebody holds a person of the chunk in the second lane, and waits for one of the chunk after it, which waits for the second lane."""
    row = scanned(place(), 100)
    workspace_id, take, merged = row.workspace_id, import_chunks.take_chunk, threading.Event()
    add(line, workspace_id, "new25")
    one_step(row)  # the first twenty; the next stand in the second lane, and wait for somebody

    def told(*args: object) -> object:
        outcome = take(*args)  # type: ignore[arg-type]
        merged.set()
        return outcome

    def somebody() -> None:
        merged.wait(10)
        add(line, workspace_id, "new45")
        line.commit()

    monkeypatch.setattr(import_steps, "take_chunk", told)
    run(behind, somebody)
    began = time.monotonic()
    assert one_step(row)
    assert time.monotonic() - began < 10
    monkeypatch.setattr(import_steps, "take_chunk", take)
    assert counts(steps(row)) == (98, 2, 0, 0)
    assert [mail for (mail,) in people(workspace_id, "email")].count("new45@b.example") == 1


def test_a_chunk_that_comes_late_stays_out_where_another_import_has_its_turn(
    database: None, monkeypatch: pytest.MonkeyPatch, taken: list[bool], line: Connection
) -> None:
    """The chunk before it is committed, and whoever came next found the second lane free."""
    row = scanned(place(), 60)
    enter, go = import_chunks.enter_second_lane, threading.Event()

    def late(*args: object) -> object:
        assert go.wait(10)
        return enter(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(import_steps, "enter_second_lane", late)
    one_step(row)
    with line.cursor() as cursor:
        merge.queue_up(cursor, row.workspace_id)
    go.set()
    import_steps._LANE.take(0, Cursor(0, 1))
    assert taken == [False]
    line.rollback()
    assert counts(steps(row)) == (60, 0, 0, 0)


def test_the_second_lane_of_another_import_is_waited_for_though_our_own_had_it(
    database: None, taken: list[bool], line: Connection, behind: list[threading.Thread]
) -> None:
    row = scanned(place(), 60)
    one_step(row)
    until = time.monotonic() + 10
    while not taken:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert taken == [True]
    with line.cursor() as cursor:
        merge.enter_second_lane(cursor, row.workspace_id, 0)
    seen = []

    def somebody() -> None:
        with line.cursor() as cursor:
            time.sleep(0.5)
            cursor.execute("select exists (select from pg_locks where locktype = 'advisory' and not granted)")
            seen.extend(cursor.fetchone())
        line.commit()

    run(behind, somebody)
    one_step(row)
    assert seen == [True]
    assert counts(steps(row)) == (60, 0, 0, 0)


def test_another_worker_finds_its_place(database: None, app: Flask, taken: list[bool]) -> None:
    """A step of a second worker comes while the second lane of the first holds the next chunk: nobody twice, and it goes on."""
    row = queued(place(), people_file(300))
    workspace_id, import_id = row.workspace_id, row.id
    session().commit()
    while counts_so_far(import_id)[0] < 40:
        import_steps.step(workspace_id, import_id)
        session().commit()
    other = import_lane.Lane()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_steps, "_LANE", other)
        for _ in range(3):
            assert import_steps.step(workspace_id, import_id)
            session().commit()
    assert counts(steps(row)) == (300, 0, 0, 0)
    assert session().scalar(sa.select(sa.func.count()).where(Customer.workspace_id == workspace_id)) == 300


def counts_so_far(import_id: int) -> tuple[int, ...]:
    return tuple(session().execute(sa.text("select rows_done from imports where id = :i"), {"i": import_id}).one())


def test_nothing_is_taken_there_while_postgresql_does_not_know_how_many_there_are(
    database: None, monkeypatch: pytest.MonkeyPatch, taken: list[bool]
) -> None:
    """It would go through all customers for each row of the chunk."""
    monkeypatch.setattr("app.customers.queries.import_merge._FEW", 10)
    assert counts(steps(queued(place(), people_file(400)))) == (400, 0, 0, 0)
    assert taken[0] is False
    assert True in taken, "once the chunk at hand let it look"
