"""A quick guard of the speed of imports: what a chunk costs does not grow with its rows, nor with who is here already."""

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.customers.service import import_steps
from tests.factories.customers import a_workspace
from tests.factories.imports import begun, counts, imported


def statements(session: Session, workspace_id: int, text: str, **given: object) -> int:
    """Return how many statements the one chunk of a file takes."""
    row = begun(workspace_id, text, **given)
    assert import_steps.step(workspace_id, row.id), "the check of the whole file"
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1

    sa.event.listen(session.get_bind(), "before_cursor_execute", count)
    try:
        assert not import_steps.step(workspace_id, row.id)
    finally:
        sa.event.remove(session.get_bind(), "before_cursor_execute", count)
    assert counts(row)[3] == 0
    return seen


def people(count: int, first: int = 0) -> str:
    """Return a file of so many people."""
    rows = (f"u{i}@b.example,U{i},Name {i},a|b,{i}\n" for i in range(first, first + count))
    return "email,external_id,first_name,tags,points\n" + "".join(rows)


@pytest.mark.parametrize("overwrite", ["always", "empty", "never"])
def test_a_chunk_takes_the_same_statements_whatever_its_rows(session: Session, overwrite: str) -> None:
    place = a_workspace().id
    consent = {"state": "subscribed", "basis": "contract"}
    few, many = (
        statements(session, place, people(count, first), overwrite=overwrite, consent=consent) for count, first in ((3, 0), (2000, 10))
    )
    assert few == many
    again = statements(session, place, people(2000, 10), overwrite=overwrite, consent=consent)
    assert again == many, "and the same where all are here already"


def test_a_look_up_is_by_index_however_large_the_table(session: Session) -> None:
    """While a file comes in, no statement goes through all customers for each row of the file. Once is the planner's choice on a small table."""
    place = a_workspace().id
    imported(place, people(4000))
    before = scanned(session)
    row = imported(place, people(200, 4000))
    assert counts(row) == (200, 0, 0, 0)
    assert scanned(session) - before < 4 * 4200, "rows read by going through the table"


def test_a_table_that_was_emptied_and_fills_again_is_known_in_time(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is large already and does not grow, so its size tells nothing: what is remembered of it must follow the rows."""
    monkeypatch.setattr(import_steps, "rows_for", lambda *_: 2000)
    imported(a_workspace().id, people(20_000))
    session.execute(sa.text("delete from customers"))
    session.execute(sa.text("analyze customers"))
    imported(a_workspace().id, people(16_000))
    known = session.scalar(sa.text("select reltuples from pg_class where oid = 'customers'::regclass"))
    assert known >= 7000


def test_what_the_file_named_before_is_looked_up_one_by_one(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL knows nothing of an import that has just begun, and must not go through its log for each row."""
    monkeypatch.setattr(import_steps, "rows_for", lambda *_: 500)
    place = a_workspace().id
    imported(place, people(2000))
    session.execute(sa.text("delete from import_undo"))
    session.execute(sa.text("analyze import_undo"))
    before = looked_up(session)
    assert counts(imported(place, people(2000))) == (0, 0, 2000, 0)
    assert looked_up(session) - before >= 2 * 2000, "by address and by id"


def test_a_workspace_that_is_new_among_many_people_is_known_in_time(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL has looked at everybody, but not since this workspace filled: it would go through its people for each row."""
    imported(a_workspace().id, people(5000))
    session.execute(sa.text("analyze customers"))
    monkeypatch.setattr(import_steps, "rows_for", lambda *_: 500)
    place = a_workspace().id
    imported(place, people(4000))
    plan = session.scalars(sa.text("explain select from customers where workspace_id = :w"), {"w": place}).all()
    assert int(plan[0].split("rows=")[1].split()[0]) >= 4000 / 5, plan


def looked_up(session: Session) -> int:
    """Return how often the log of imports was asked for one customer, in this transaction."""
    return int(session.scalar(sa.text("select idx_scan from pg_stat_xact_user_tables where relname = 'import_undo'")) or 0)


def scanned(session: Session) -> int:
    """Return the rows of `customers` that were read by going through the table, in this transaction."""
    return int(session.scalar(sa.text("select seq_tup_read from pg_stat_xact_user_tables where relname = 'customers'")) or 0)
