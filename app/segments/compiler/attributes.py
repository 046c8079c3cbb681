"""Conditions on values kept as JSON: custom fields of customers and the data of activities.

A value of another JSON type than the field's counts as missing, so no cast can fail. Equality is containment (`@>`), which a
`jsonb_path_ops` index serves.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.segments.compiler.columns import compare, interval, like
from app.segments.intervals import of_dates, of_times
from app.segments.nodes import DataTest, FieldTest, Scalar
from app.segments.vocabulary import Moment

Condition = sa.ColumnElement[bool]
_FEW = 20  # so many equalities are worth a bitmap each; more are compared with a list
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
_DATE = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


def of_field(document: sa.ColumnElement[Any], key: str, test: FieldTest, moment: Moment) -> Condition:
    """Return the condition of a positive comparison of a custom field."""
    kind, op, value = test.field.type, test.op, test.value
    if op == "exists":
        return _exists(document, key, kind)
    if kind == "list":
        return _entries(document, key, op, value)
    if kind == "date":
        written = _matching(document[key].astext, _DATE)
        if op == "anniversary_next_days":
            return sa.func.substr(written, 6, 5) == sa.any_(sa.literal(moment.coming_days(int(value)), ARRAY(sa.Text)))  # type: ignore[arg-type]
        return interval(written, of_dates(test, moment), lambda day: day.isoformat())
    if kind == "datetime":
        return interval(
            _time(document, key), of_times(test, moment).in_seconds(), lambda time: f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        )
    return _scalar(document, key, op, value)


def of_data(document: sa.ColumnElement[Any], test: DataTest) -> Condition:
    """Return the condition of a positive comparison of one entry of an activity's data."""
    if test.op == "exists":
        return sa.func.jsonb_typeof(document[test.key]) != "null"
    return _scalar(document, test.key, test.op, test.value)


def _scalar(document: sa.ColumnElement[Any], key: str, op: str, value: Any) -> Condition:
    if op == "eq":
        return has(document, {key: value})
    if op == "in":
        return _one_of(document, key, value)
    if op in ("contains", "starts_with", "ends_with"):
        return sa.and_(sa.func.jsonb_typeof(document[key]) == "string", like(document[key].astext, op, value))
    number = sa.case((sa.func.jsonb_typeof(document[key]) == "number", sa.cast(document[key], sa.Numeric)))
    return compare(number, op, value)


def _one_of(document: sa.ColumnElement[Any], key: str, wanted: Sequence[Scalar]) -> Condition:
    if len(wanted) <= _FEW:
        return sa.or_(*(has(document, {key: value}) for value in wanted))
    texts = [value for value in wanted if isinstance(value, str)]
    numbers = [value for value in wanted if isinstance(value, int | Decimal) and not isinstance(value, bool)]
    truths = [value for value in wanted if isinstance(value, bool)]
    kind = sa.func.jsonb_typeof(document[key])
    number = sa.case((kind == "number", sa.cast(document[key], sa.Numeric)))
    return sa.or_(
        sa.and_(kind == "string", document[key].astext == sa.any_(sa.literal(texts, ARRAY(sa.Text)))),
        number == sa.any_(sa.literal(numbers, ARRAY(sa.Numeric))),
        *(has(document, {key: value}) for value in truths),
    )


def _entries(document: sa.ColumnElement[Any], key: str, op: str, value: Any) -> Condition:
    if op == "contains":
        return has(document, {key: [value]})
    if op == "all_of":
        return has(document, {key: list(value)})
    if len(value) <= _FEW:
        return sa.or_(*(has(document, {key: [entry]}) for entry in value))
    listed = sa.case((sa.func.jsonb_typeof(document[key]) == "array", document[key]))
    return listed.op("?|", return_type=sa.Boolean())(sa.literal(list(value), ARRAY(sa.Text)))


def _exists(document: sa.ColumnElement[Any], key: str, kind: str) -> Condition:
    found = sa.func.jsonb_typeof(document[key])
    if kind == "list":
        return sa.case((found == "array", sa.func.jsonb_array_length(document[key]) > 0), else_=sa.false())
    if kind == "date":
        return _matching(document[key].astext, _DATE).is_not(None)
    if kind == "datetime":
        return _time(document, key).is_not(None)
    return found == {"text": "string", "boolean": "boolean"}.get(kind, "number")


def _time(document: sa.ColumnElement[Any], key: str) -> sa.ColumnElement[str]:
    """Return a custom time as text: `customers` writes all in one form, in UTC to the second, that sorts as time does."""
    return _matching(document[key].astext, _TIME)


def _matching(text: sa.ColumnElement[str], pattern: str) -> sa.ColumnElement[str]:
    return sa.case((text.op("~")(pattern), text)).collate("C")


def has(document: sa.ColumnElement[Any], part: dict[str, Any]) -> Condition:
    """Return `document @> part`; numbers are written out exactly, which a float would not be."""
    ((key, value),) = part.items()
    written = f"{{{json.dumps(key)}: {_json(value)}}}"
    return document.op("@>", return_type=sa.Boolean())(sa.cast(sa.literal(written, sa.Text), JSONB))


def _json(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_json(entry) for entry in value)}]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        value = value.isoformat()
    return json.dumps(value)
