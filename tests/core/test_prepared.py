from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app.core import prepared
from app.core.prepared import Prepared

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
