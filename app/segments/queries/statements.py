"""Two statements that SQLAlchemy has no words for: a temporary table made from a select, and a plan's estimate."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ClauseElement, Executable

from app.core.db import session


class KeepAs(Executable, ClauseElement):
    """`CREATE TEMPORARY TABLE … AS select`: unlike INSERT it may run in parallel. The table goes with the transaction."""

    inherit_cache = False

    def __init__(self, name: str, select: sa.Select[Any] | sa.CompoundSelect[Any]) -> None:
        self.name, self.select = name, select


@compiles(KeepAs)
def _keep_as(element: KeepAs, compiler: Any, **says: Any) -> str:
    name = compiler.preparer.quote(element.name)
    return f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {compiler.process(element.select, **says)}"


class Explain(Executable, ClauseElement):
    """`EXPLAIN (FORMAT JSON) select`."""

    inherit_cache = False

    def __init__(self, select: sa.Select[Any]) -> None:
        self.select = select


@compiles(Explain)
def _explain(element: Explain, compiler: Any, **says: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.select, **says)}"


def keep(
    name: str, select: sa.Select[Any] | sa.CompoundSelect[Any], *columns: sa.ColumnClause[Any], analyze_from: int = 0
) -> tuple[Any, int]:
    """Write a select into a temporary table and return the table and its number of rows.

    Big answers go through one before a difference is taken: with true row counts the planner cannot choose a quadratic plan.
    It is told them from `analyze_from` rows on.
    """
    run = session()
    run.execute(sa.text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
    result: Any = run.execute(KeepAs(name, select))
    rows = int(result.rowcount)
    if rows >= analyze_from:
        run.execute(sa.text(f"ANALYZE pg_temp.{name}"))
    table = sa.table(name, *(columns or (sa.column("customer_id", sa.BigInteger),)), schema="pg_temp")
    return table, rows


def estimate(select: sa.Select[Any]) -> float:
    """Return how many rows the planner expects."""
    plan = session().execute(Explain(select)).scalar_one()
    return float(plan[0]["Plan"]["Plan Rows"])
