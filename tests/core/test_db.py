from typing import Any

import pytest
import sqlalchemy as sa

from app.core import db, files
from app.core.db import GuardError, after, any_workspace, event, find, get, let_go_after, session, time_limit, unless_taken
from app.core.errors import Conflict, NotFound, TooLarge, Unavailable
from app.core.files import CHUNK, File
from app.core.kept_answers import IdempotencyKey
from app.workspaces.models import Workspace


@pytest.fixture
def ours(session: Any) -> Workspace:
    workspace = Workspace(name="Ours", slug="ours")
    session.add_all([workspace, Workspace(name="Theirs", slug="theirs")])
    session.commit()
    return workspace


@pytest.mark.parametrize(
    "statement",
    [
        sa.select(File),
        sa.select(File.id).where(File.id == 1),
        sa.update(File).values(name="x"),
        sa.delete(File).where(File.name == "x"),
        sa.select(Workspace.id)
        .join(File, File.workspace_id == Workspace.id)
        .where(Workspace.id.in_(sa.select(IdempotencyKey.workspace_id))),
        sa.select(File.id).where(File.workspace_id == 1).union_all(sa.select(IdempotencyKey.status)),
    ],
)
def test_a_tenant_table_is_not_read_without_its_workspace(session: Any, statement: Any) -> None:
    with pytest.raises(GuardError):
        session.execute(statement)


def test_naming_the_workspace_or_lifting_the_guard_lets_it_pass(session: Any, ours: Workspace) -> None:
    session.add(File(workspace_id=ours.id, name="Trail", content_type="text/csv"))
    session.flush()
    assert session.scalars(sa.select(File.name).where(File.workspace_id == ours.id)).all() == ["Trail"]
    assert session.scalars(any_workspace(sa.select(File.name))).all() == ["Trail"]
    assert session.scalars(sa.select(Workspace.slug).order_by(Workspace.id)).all() == ["ours", "theirs"]


def test_what_the_guard_found_is_known_for_other_values(session: Any, ours: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(value: int) -> Any:
        return sa.select(File.name, sa.literal("guard")).where(File.id == value)

    def good(value: int) -> Any:
        return bad(1).where(File.workspace_id == value)

    with pytest.raises(GuardError, match="on files must"):
        session.execute(bad(1))
    session.execute(good(ours.id))
    monkeypatch.setattr(db, "_tables", lambda _: pytest.fail("It was looked for again."))
    with pytest.raises(GuardError, match="on files must"):
        session.execute(bad(2))
    assert session.execute(good(ours.id + 1)).all() == []
    monkeypatch.undo()
    with pytest.raises(GuardError, match="on idempotency_keys must"):
        session.execute(good(ours.id).where(File.id.in_(sa.select(IdempotencyKey.status))))


def test_what_the_guard_knows_does_not_grow_without_end(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "_MOST_KNOWN", 3)
    monkeypatch.setattr(db, "_KNOWN", {})
    for number in range(10):
        session.execute(sa.select(*[Workspace.id.label(f"n{i}") for i in range(number + 1)]))
        assert 1 <= len(db._KNOWN) <= 3


def test_a_stranger_finds_nothing(session: Any, ours: Workspace) -> None:
    file = File(workspace_id=ours.id, name="Trail", content_type="text/csv")
    session.add(file)
    session.flush()
    assert get(File, ours.id, file.id) is file
    assert find(File, ours.id + 1, file.id) is None
    assert find(File, ours.id, 2**80) is None
    with pytest.raises(NotFound, match="There is no such file here"):
        get(File, ours.id + 1, file.id)


def test_a_taken_name_is_refused_and_the_transaction_goes_on(ours: Workspace) -> None:
    with pytest.raises(Conflict, match="taken"), unless_taken("uq_workspaces_slug", Conflict("taken")):
        session().execute(sa.insert(Workspace).values(name="Another", slug=ours.slug))
    assert session().scalar(sa.select(sa.func.count()).select_from(Workspace)) == 2


@pytest.mark.usefixtures("session")
def test_a_statement_over_its_time_is_unavailable_and_the_transaction_goes_on() -> None:
    with pytest.raises(Unavailable, match="too slow"), time_limit(0.05, "too slow"):
        session().execute(sa.text("select pg_sleep(2)"))
    assert session().scalar(sa.text("show statement_timeout")) == "0"


@pytest.mark.parametrize("down", [(False, False), (True, True), (True, False), (False, True)])
def test_keyset_pages_hold_every_row_once_in_order(session: Any, down: tuple[bool, bool]) -> None:
    rows = sa.values(sa.column("a", sa.Integer), sa.column("b", sa.Integer), name="r").data([(i % 3, i) for i in range(11)])
    columns = [(rows.c.a, down[0]), (rows.c.b, down[1])]
    order = [c.desc() if d else c.asc() for c, d in columns]
    whole = session.execute(sa.select(rows).order_by(*order)).all()
    seen: list[Any] = []
    while True:
        page = sa.select(rows).order_by(*order).limit(4)
        found = session.execute(page.where(after(columns, tuple(seen[-1]))) if seen else page).all()
        if not found:
            break
        seen += found
    assert seen == whole


def test_a_file_comes_back_byte_for_byte(ours: Workspace) -> None:
    pieces = [bytes([i]) * 700_000 for i in range(5)]
    row = files.create(ours.id, "a.csv", "text/csv", pieces, limit=10 * CHUNK)
    whole = b"".join(pieces)
    stream = files.open_file(ours.id, row.id)
    assert (row.size, row.ready, stream.read()) == (len(whole), True, whole)
    stream.seek(CHUNK - 3)
    assert stream.read(6) == whole[CHUNK - 3 : CHUNK + 3]
    stream.seek(-1, 2)
    assert stream.read() == whole[-1:]
    with pytest.raises(NotFound):
        files.open_file(ours.id + 1, row.id)


def test_a_file_over_the_limit_leaves_nothing(ours: Workspace) -> None:
    with pytest.raises(TooLarge, match="larger than 1 MB"):
        files.create(ours.id, "a.csv", "text/csv", [b"x" * CHUNK, b"x"], limit=CHUNK)
    assert session().scalar(sa.select(sa.func.count()).select_from(File).where(File.workspace_id == ours.id)) == 0
    assert session().scalar(sa.text("select count(*) from file_chunks")) == 0


def test_a_transaction_that_stands_still_lets_go(app: Any, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(event, "listen", lambda *given: kept.extend(given))
        let_go_after(0.2)
    made = sa.create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    sa.event.listens_for(made, kept[1])(kept[2])
    other = sa.create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    with made.connect() as still, other.connect() as waiting:
        still.execute(sa.text("lock table workspaces"))
        waiting.execute(sa.text("set lock_timeout = '5s'"))
        waiting.execute(sa.text("select * from workspaces"))
        with pytest.raises(sa.exc.DBAPIError) as found:
            still.execute(sa.text("select 1"))
        assert found.value.connection_invalidated
    made.dispose()
    other.dispose()


@pytest.mark.parametrize("seconds", [0.001, 0.0004])
def test_a_limit_that_strikes_at_once_is_a_refusal_like_any_other(session: Any, seconds: float) -> None:
    """A busy server takes longer for the savepoint alone than a count may: the transaction was lost, and the page with it."""
    before = session.scalar(sa.text("show statement_timeout"))
    connection = session.connection()

    def slowly(*_: Any) -> None:
        connection.exec_driver_sql("select pg_sleep(0.05)")

    sa.event.listen(connection, "savepoint", slowly)
    try:
        with pytest.raises(Unavailable, match="too slow"), time_limit(seconds, "too slow"):
            session.execute(sa.text("select pg_sleep(0.4)"))
    finally:
        sa.event.remove(connection, "savepoint", slowly)
    assert session.scalar(sa.text("show statement_timeout")) == before
