"""Conditions on plain columns: the profile, computed columns, the state of consent."""

from collections.abc import Callable
from operator import eq, ge, gt, le, lt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.customers.models.customers import search_text
from app.segments.intervals import Interval, of_dates, of_times
from app.segments.nodes import FieldTest
from app.segments.vocabulary import Moment

Condition = sa.ColumnElement[bool]
_COMPARE: dict[str, Callable[[Any, Any], Condition]] = {"eq": eq, "lt": lt, "lte": le, "gt": gt, "gte": ge}
SEARCHED = ("first_name", "last_name", "email", "company", "external_id")
"""Columns in the text that the trigram index covers."""
TRIGRAM = 3


def of_column(column: sa.ColumnElement[Any], test: FieldTest, moment: Moment) -> Condition:
    """Return the condition of a positive comparison of a column that has the field's type."""
    op, value = test.op, test.value
    if op == "exists":
        return sa.func.cardinality(column) > 0 if test.field.type == "list" else column.is_not(None)
    if op == "anniversary_next_days":
        return sa.func.to_char(column, "MM-DD") == sa.any_(sa.literal(moment.coming_days(int(value)), ARRAY(sa.Text)))  # type: ignore[arg-type]
    if test.field.type == "date":
        return interval(column, of_dates(test, moment))
    if test.field.type == "datetime":
        return interval(column, of_times(test, moment))
    if test.field.type == "list":
        return _entries(column, op, value)
    return compare(column, op, value)


def compare(column: sa.ColumnElement[Any], op: str, value: Any) -> Condition:
    """Return a comparison of a text, number or boolean column."""
    if op in ("contains", "starts_with", "ends_with"):
        return like(column, op, value)
    if op == "in":
        return column.in_(list(value))
    if op == "between":
        return column.between(*value)
    return _COMPARE[op](column, value)


def interval(column: sa.ColumnElement[Any], wanted: Interval[Any], write: Callable[[Any], Any] = lambda value: value) -> Condition:
    """Return the condition that a column lies in an interval with at least one end."""
    if wanted.low is not None and wanted.low == wanted.high and not (wanted.low_open or wanted.high_open):
        return eq(column, write(wanted.low))  # type: ignore[no-any-return]
    ends: list[Condition] = []
    if wanted.low is not None:
        ends.append(column > write(wanted.low) if wanted.low_open else column >= write(wanted.low))
    if wanted.high is not None:
        ends.append(column < write(wanted.high) if wanted.high_open else column <= write(wanted.high))
    return sa.and_(sa.true(), *ends)


def like(column: sa.ColumnElement[Any], op: str, value: str) -> Condition:
    """Return a search in a text without regard to capitals; the value's own `%` and `_` mean themselves."""
    return column.ilike(pattern(op, value), escape="\\")


def pattern(op: str, value: str) -> str:
    """Return the LIKE pattern of contains, starts_with or ends_with."""
    plain = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"contains": f"%{plain}%", "starts_with": f"{plain}%", "ends_with": f"%{plain}"}[op]


def _entries(column: sa.ColumnElement[Any], op: str, value: Any) -> Condition:
    wanted = sa.literal([value] if op == "contains" else list(value), ARRAY(sa.Text))
    return column.op("@>" if op in ("all_of", "contains") else "&&", return_type=sa.Boolean())(wanted)


def of_profile(column: sa.ColumnElement[Any], test: FieldTest, moment: Moment) -> Condition:
    """Return the condition of a positive comparison of a column of the profile, in the form its indexes serve."""
    op, value = test.op, test.value
    if column.name == "email" and op == "eq":
        return sa.func.lower(column) == sa.func.lower(sa.literal(value))
    if column.name == "email" and op == "in":
        return sa.func.lower(column).in_(list(value))  # type: ignore[arg-type]
    if column.name == "email" and op == "starts_with":
        return sa.func.lower(column).like(sa.func.lower(pattern(op, str(value))), escape="\\")
    found = of_column(column, test, moment)
    if op == "contains" and column.name in SEARCHED and len(str(value)) >= TRIGRAM:
        return sa.and_(found, like(search_text(), op, str(value)))
    return found
