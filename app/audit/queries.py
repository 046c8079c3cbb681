"""Searching the audit log: newest first, by keyset."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.audit.models import AuditEntry
from app.audit.schemas import AuditQuery
from app.core.db import after, decode_cursor, encode_cursor, session

_CHOICES = 200


def search(workspace_id: int, query: AuditQuery, zone: str) -> tuple[Sequence[AuditEntry], str | None]:
    """Return a page of entries, newest first, and the cursor of the next page. `zone` says when a day begins."""
    statement = (
        sa.select(AuditEntry)
        .where(AuditEntry.workspace_id == workspace_id, *_filters(query, ZoneInfo(zone)))
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(query.limit + 1)
    )
    if query.cursor:
        place = decode_cursor(query.cursor, (datetime, int))
        statement = statement.where(after([(AuditEntry.at, True), (AuditEntry.id, True)], place))
    rows = session().scalars(statement).all()
    page = rows[: query.limit]
    return page, encode_cursor((page[-1].at, page[-1].id)) if len(rows) > query.limit else None


def _filters(query: AuditQuery, zone: ZoneInfo) -> list[sa.ColumnElement[bool]]:
    found = []
    if query.who:
        found.append(_by(query.who))
    if query.action:
        found.append(AuditEntry.action == query.action)
    if query.kind:
        found.append(AuditEntry.subject_kind == query.kind)
    if query.id is not None:
        found.append(AuditEntry.subject_id == query.id)
    if query.since:
        found.append(AuditEntry.at >= datetime.combine(query.since, time.min, zone))
    if query.until:
        found.append(AuditEntry.at < datetime.combine(query.until, time.min, zone) + timedelta(days=1))
    if query.refused is not None:
        found.append(AuditEntry.refused.is_(query.refused))
    return found


def _by(who: str) -> sa.ColumnElement[bool]:
    kind, _, number = who.partition(":")
    if kind == "key":
        return AuditEntry.key_id == int(number)
    if kind == "user":
        return sa.and_(AuditEntry.user_id == int(number), AuditEntry.key_id.is_(None))
    return sa.and_(AuditEntry.user_id.is_(None), AuditEntry.key_id.is_(None))


def actions(workspace_id: int) -> list[str]:
    """Return the actions that occur, in order."""
    return _distinct(workspace_id, AuditEntry.action)


def kinds(workspace_id: int) -> list[str]:
    """Return the kinds of things that occur, in order."""
    return _distinct(workspace_id, AuditEntry.subject_kind)


def people(workspace_id: int) -> list[tuple[int, str]]:
    """Return who acted, by id, with the name they last acted under."""
    walk = _walk(workspace_id, AuditEntry.user_id)
    latest = (
        sa.select(AuditEntry.actor)
        .where(AuditEntry.workspace_id == workspace_id, AuditEntry.user_id == walk.c.value)
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(1)
        .correlate(walk)
        .scalar_subquery()
    )
    rows = session().execute(sa.select(walk.c.value, latest).where(walk.c.value.is_not(None)).limit(_CHOICES))
    return sorted(((user_id, name) for user_id, name in rows), key=lambda pair: pair[1].lower())


def _distinct(workspace_id: int, column: Any) -> list[Any]:
    walk = _walk(workspace_id, column)
    return list(session().scalars(sa.select(walk.c.value).where(walk.c.value.is_not(None)).limit(_CHOICES)))


def _walk(workspace_id: int, column: Any) -> sa.CTE:
    """Return the distinct values of an indexed column by jumping from one to the next: as many steps as values, not rows."""
    mine = AuditEntry.workspace_id == workspace_id
    walk = sa.select(sa.func.min(column).label("value")).where(mine).cte("walk", recursive=True)
    following = sa.select(sa.func.min(column)).where(mine, column > walk.c.value).correlate(walk).scalar_subquery()
    return walk.union_all(sa.select(following).where(walk.c.value.is_not(None)))
