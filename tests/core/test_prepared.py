from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app.core import prepared
from app.core.prepared import Alone, Prepared

DIVIDE = Prepared("divide", "select :whole / part as share from unnest(:parts) part", whole="integer", parts="integer[]")
PLANS = sa.text("select name, generic_plans + custom_plans from pg_prepared_statements where name = 'divide'")


def test_a_statement_is_planned_once_a_connection_and_anew_after_a_while(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for whole in (12, 24):
        rows = DIVIDE.run({"whole": whole, "parts": [3, 4]}).all()
        assert [row.share for row in rows] == [whole // 3, whole // 4]
    assert DIVIDE.run({"whole": 1, "parts": []}).all() == []
    assert session.execute(PLANS).all() == [("divide", 3)]
    session.rollback()
    assert session.execute(PLANS).all() == [("divide", 3)]
    at = prepared.time.monotonic() + prepared.PLAN_SECONDS + 1
    monkeypatch.setattr(prepared.time, "monotonic", lambda: at)
    assert DIVIDE.run({"whole": 8, "parts": [2]}).scalar() == 4
    assert session.execute(PLANS).all() == [("divide", 1)]


def test_what_goes_wrong_is_an_error_of_the_database_like_any_other(session: Any) -> None:
    with pytest.raises(SQLAlchemyError, match="division by zero"):
        DIVIDE.run({"whole": 1, "parts": [0]})
    session.rollback()
    with pytest.raises(KeyError, match="parts"):
        DIVIDE.run({"whole": 1})
    assert DIVIDE.run({"whole": 6, "parts": [2]}).scalar() == 3


@pytest.mark.committed
def test_alone_it_is_committed_at_once_and_a_lost_connection_is_made_anew(session: Any) -> None:
    session.execute(sa.text("create table noted (n integer primary key)"))
    session.commit()
    note = Prepared("note", "insert into noted values (:n) returning n, pg_backend_pid() as pid", n="integer")
    alone = Alone()
    ((_, first),) = alone.run(note, {"n": 1})
    ((_, second),) = alone.run(note, {"n": 2})
    assert first == second
    with pytest.raises(SQLAlchemyError, match="duplicate key"):
        alone.run(note, {"n": 1})
    ((_, pid),) = alone.run(note, {"n": 3})
    session.execute(sa.text("select pg_terminate_backend(:pid)"), {"pid": pid})
    with pytest.raises(SQLAlchemyError):
        alone.run(note, {"n": 4})
    alone.run(note, {"n": 5})
    alone.close()
    assert session.scalars(sa.text("select n from noted order by n")).all() == [1, 2, 3, 5]
