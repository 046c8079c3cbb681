"""One timeline of a customer: activities, orders, consent, edits. Newest first, bounded by time.

Activities are partitioned by month, and a look at all months costs more the older the workspace is. So the recent ones are looked at first,
and further back only where they do not fill the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from app.audit.diff import changes
from app.audit.models import AuditEntry
from app.core.db import decode_cursor, encode_cursor, session
from app.core.time import now
from app.customers.models import Activity, ConsentLog, Kind, Order, OrderLine, Topic
from app.customers.queries import activities as kinds
from app.customers.queries.activities import MACHINES, MAIL
from app.customers.schemas.activities import TimelineQuery

_SPANS = (timedelta(days=62), timedelta(days=400), None)
_ORDER_ACTS = (Kind.BOUGHT, Kind.REFUNDED)
_CONSENT_ACTS = (Kind.SUBSCRIBED, Kind.UNSUBSCRIBED)


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry: `what` it is (activity, order, consent, change), its `name` among those, and what belongs to it."""

    at: datetime
    what: str
    name: str
    row: Any
    source: Any = None
    more: Sequence[Any] = field(default_factory=tuple)


def timeline(workspace_id: int, customer_id: int, query: TimelineQuery) -> tuple[list[Moment], str | None]:
    """Return a page of a customer's timeline, and the cursor of the next. Entries of the same instant stay together."""
    before = decode_cursor(query.cursor, (datetime,))[0] if query.cursor else now() + timedelta(days=2)
    wanted = query.limit + 1
    found: list[Moment] = []
    if query.kind != "changes":
        found += _activities(workspace_id, customer_id, query, before, wanted)
    if query.kind in ("all", "shop"):
        found += _orders(workspace_id, customer_id, before, wanted)
    if query.kind in ("all", "mail", "changes"):
        found += _consents(workspace_id, customer_id, before, wanted)
    if query.kind in ("all", "changes"):
        found += _edits(workspace_id, customer_id, before, wanted)
    found.sort(key=attrgetter("at"), reverse=True)
    if len(found) <= query.limit:
        return found, None
    # A page ends between two instants, so that the cursor need only say when.
    last = found[query.limit - 1].at
    page = [moment for moment in found[: query.limit] if moment.at > last] or [moment for moment in found if moment.at == last]
    return page, encode_cursor((page[-1].at,))


def _activities(workspace_id: int, customer_id: int, query: TimelineQuery, before: datetime, wanted: int) -> list[Moment]:
    mine = [Activity.workspace_id == workspace_id, Activity.customer_id == customer_id, Activity.occurred_at < before]
    left_out = {*_ORDER_ACTS, *_CONSENT_ACTS} | (set() if query.machines else set(MACHINES))
    if query.kind == "mail":
        mine.append(Activity.kind.in_(MAIL - left_out))
    elif query.kind == "shop":
        return []
    else:
        mine.append(Activity.kind.not_in(left_out))
    rows: Sequence[Activity] = ()
    for span in _SPANS:
        recent = [Activity.occurred_at >= before - span] if span else []
        statement = sa.select(Activity).where(*mine, *recent).order_by(Activity.occurred_at.desc()).limit(wanted)
        rows = session().scalars(statement).all()
        if len(rows) == wanted:
            break
    names = {ident: name for name, ident in kinds.kind_ids(workspace_id).items()} if rows else {}
    sources = kinds.sources(workspace_id, {row.source_id for row in rows if row.source_id})
    return [Moment(row.occurred_at, "activity", names.get(row.kind, "activity"), row, sources.get(row.source_id or 0)) for row in rows]


def _orders(workspace_id: int, customer_id: int, before: datetime, wanted: int) -> list[Moment]:
    mine = (Order.workspace_id == workspace_id, Order.customer_id == customer_id, Order.ordered_at < before)
    rows = session().scalars(sa.select(Order).where(*mine).order_by(Order.ordered_at.desc(), Order.id.desc()).limit(wanted)).all()
    lines: dict[int, list[OrderLine]] = {}
    if rows:
        among = OrderLine.order_id.in_([row.id for row in rows])
        for line in session().scalars(sa.select(OrderLine).where(among).order_by(OrderLine.order_id, OrderLine.position)):
            lines.setdefault(line.order_id, []).append(line)
    sources = kinds.sources(workspace_id, {row.source_id for row in rows if row.source_id})
    return [
        Moment(
            row.ordered_at, "order", "refund" if row.amount < 0 else "order", row, sources.get(row.source_id or 0), lines.get(row.id, [])
        )
        for row in rows
    ]


def _consents(workspace_id: int, customer_id: int, before: datetime, wanted: int) -> list[Moment]:
    mine = (ConsentLog.workspace_id == workspace_id, ConsentLog.customer_id == customer_id, ConsentLog.occurred_at < before)
    topic = sa.and_(Topic.workspace_id == workspace_id, Topic.id == ConsentLog.topic_id)
    query = sa.select(ConsentLog, Topic.name).outerjoin(Topic, topic).where(*mine)
    rows = session().execute(query.order_by(ConsentLog.occurred_at.desc(), ConsentLog.id.desc()).limit(wanted))
    return [Moment(row.occurred_at, "consent", row.state, row, topic) for row, topic in rows]


def _edits(workspace_id: int, customer_id: int, before: datetime, wanted: int) -> list[Moment]:
    mine = (
        AuditEntry.workspace_id == workspace_id,
        AuditEntry.subject_kind == "customer",
        AuditEntry.subject_id == customer_id,
        AuditEntry.refused.is_(False),
        AuditEntry.at < before,
    )
    rows = session().scalars(sa.select(AuditEntry).where(*mine).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(wanted))
    return [Moment(row.at, "change", row.action.rpartition(".")[2], row, None, changes(row.before, row.after)) for row in rows]
