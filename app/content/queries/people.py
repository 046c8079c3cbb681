"""Whom templates speak to: the names they may use in a workspace, and customers with just what is needed of them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from babel.numbers import get_currency_precision

from app.content.render.fields import Word, Words
from app.core.db import session
from app.customers.fields import custom, registry
from app.customers.models import Customer, CustomerStats
from app.customers.models.fields import FieldType
from app.customers.values import PREFIX, PROFILE, STATS, FieldInfo
from app.workspaces.queries import get_workspace

_ROOT = "customer."
_SOURCES = {"profile", "tags", "custom", "stats"}
_COLUMNS = {info.key: info for info in PROFILE}
_COMPUTED = {info.key: info for info in STATS}
SAMPLE = 10_000
"""The newest customers among whom is counted who lacks a field."""


def vocabulary(workspace_id: int) -> Words:
    """Return the names that templates of a workspace may use."""
    infos = [info for info in registry(workspace_id).values() if info.source in _SOURCES]
    return Words.of(
        (*(Word(_ROOT + info.path, info.label, info.type) for info in infos), Word("customer.id", "Customer’s number", "number"))
    )


def contexts(workspace_id: int, ids: Sequence[int], uses: frozenset[str]) -> dict[int, dict[str, Any]]:
    """Return `{"customer": {…}}` of each customer with what `uses` names, by id; who is not there is left out.

    One statement for all customers, one more for the workspace's fields if any are used. Money is in whole units (dollars), as Decimal.
    """
    paths = {path.removeprefix(_ROOT) for path in uses if path.startswith(_ROOT)}
    columns = [name for name in _COLUMNS if name in paths]
    computed = [name for name in _COMPUTED if f"stats.{name}" in paths]
    fields = _custom(workspace_id, paths)
    selected = [Customer.id, *(getattr(Customer, name) for name in columns)]
    selected += [getattr(CustomerStats, name) for name in computed]
    selected += [Customer.attributes[info.key].label(f"f{i}") for i, info in enumerate(fields)]
    if "tags" in paths:
        selected.append(Customer.tags)
    wanted = sa.select(*selected).where(Customer.workspace_id == workspace_id, Customer.id.in_(ids))
    if computed:
        wanted = wanted.outerjoin(CustomerStats, _same(workspace_id))
    scale = _scale(workspace_id, [*(_COMPUTED[name] for name in computed), *fields])
    rows: list[dict[str, Any]] = [dict(row) for row in session().execute(wanted).mappings()]
    return {row["id"]: {"customer": _customer(row, columns, computed, fields, scale)} for row in rows}


def _customer(row: Mapping[str, Any], columns: Iterable[str], computed: Iterable[str], fields: Sequence[FieldInfo], scale: int) -> Any:
    person: dict[str, Any] = {"id": row["id"], "tags": row.get("tags", [])} | {name: row[name] for name in columns}
    person["stats"] = {name: _value(row[name], _COMPUTED[name], scale) for name in computed}
    person["fields"] = {info.key: _value(row[f"f{i}"], info, scale) for i, info in enumerate(fields)}
    return person


def _value(value: Any, info: FieldInfo, scale: int) -> Any:
    return Decimal(value).scaleb(-scale) if info.type == FieldType.MONEY and isinstance(value, int) else value


def _scale(workspace_id: int, infos: Iterable[FieldInfo]) -> int:
    """Return the decimals of the workspace's money, if any of these is money."""
    if not any(info.type == FieldType.MONEY for info in infos):
        return 0
    return int(get_currency_precision(get_workspace(workspace_id).currency))


def _custom(workspace_id: int, paths: set[str]) -> list[FieldInfo]:
    if not any(path.startswith(PREFIX) for path in paths):
        return []
    return [info for path, info in custom(workspace_id).items() if path in paths]


def _same(workspace_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(CustomerStats.workspace_id == workspace_id, CustomerStats.customer_id == Customer.id)


def lacking(workspace_id: int, paths: Sequence[str]) -> tuple[dict[str, int], int]:
    """Return how many of the newest 10,000 customers have nothing under each path (`customer.company`), and how many were looked at."""
    known = {path: column for path in paths if (column := _column(path)) is not None}
    newest = (
        sa.select(Customer.id, *(column.label(f"v{i}") for i, column in enumerate(known.values())))
        .outerjoin(CustomerStats, _same(workspace_id))
        .where(Customer.workspace_id == workspace_id)
        .order_by(Customer.created_at.desc(), Customer.id.desc())
        .limit(SAMPLE)
        .subquery()
    )
    counts = [sa.func.count().filter(newest.c[f"v{i}"]) for i in range(len(known))]
    total, *found = session().execute(sa.select(sa.func.count(), *counts).select_from(newest)).one()
    return dict(zip(known, found, strict=True)), total


def _column(path: str) -> sa.ColumnElement[bool] | None:
    """Return the condition that a customer has nothing under this path."""
    name = path.removeprefix(_ROOT)
    if name == "tags":
        return sa.func.cardinality(Customer.tags) == 0
    if name.startswith(PREFIX):
        value = Customer.attributes[name.removeprefix(PREFIX)].astext
        return sa.func.coalesce(value, "") == ""
    if name in _COLUMNS:
        return sa.func.coalesce(sa.cast(getattr(Customer, name), sa.Text), "") == ""
    key = name.removeprefix("stats.")
    return getattr(CustomerStats, key).is_(None) if key in _COMPUTED else None
