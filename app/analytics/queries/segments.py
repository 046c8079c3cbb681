"""What mail to the present members of segments brought: computed by set, kept, listed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable, DropTable

from app.analytics.models import SegmentResult
from app.core.db import any_workspace, session
from app.delivery.models import Conversion, MailingHour, Message, MessageKind
from app.segments.models import Segment, SegmentMember

WINDOWS = (28, 90)
"""Days before now in which messages were sent; the longest last."""
_COUNTS = ("sent", "delivered", "opened", "clicked", "ordered", "revenue")
_PEOPLE = sa.Table(
    "segment_results_people",
    sa.MetaData(),
    sa.Column("customer_id", sa.BigInteger),
    *(sa.Column(f"{name}_{days}", sa.BigInteger) for days in WINDOWS for name in _COUNTS),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


def gather(workspace_id: int, at: datetime) -> None:
    """Put what was sent to each customer in each window, and what it brought, into a temporary table of this transaction.

    One pass over the messages of the longest window, found by when they were sent; one row a customer, whatever the number of segments.
    """
    run = session()
    run.execute(sa.text("select set_config('work_mem', '64MB', true), set_config('jit', 'off', true)"))
    run.execute(DropTable(_PEOPLE, if_exists=True))
    run.execute(CreateTable(_PEOPLE))
    run.execute(sa.insert(_PEOPLE).from_select(list(_PEOPLE.c.keys()), by_customer(workspace_id, at)))
    run.execute(sa.text(f"analyze {_PEOPLE.name}"))


def by_customer(workspace_id: int, at: datetime) -> sa.Select[Any]:
    """Select, for each customer written to, messages by what became of them in each window, and the revenue they brought."""
    sold = (
        sa.select(Conversion.message_id, sa.func.sum(Conversion.value).label("revenue"))
        .where(Conversion.workspace_id == workspace_id, Conversion.ordered_at >= at - timedelta(days=max(WINDOWS)))
        .group_by(Conversion.message_id)
        .subquery()
    )
    happened = {
        "sent": Message.sent_at,
        "delivered": sa.case((Message.bounced_at.is_(None), 1)),
        "opened": Message.opened_at,
        "clicked": Message.clicked_at,
        "ordered": Message.ordered_at,
    }
    columns: list[sa.ColumnElement[Any]] = []
    for days in WINDOWS:
        recent = Message.sent_at >= at - timedelta(days=days)
        columns += [sa.func.count(mark).filter(recent).label(f"{name}_{days}") for name, mark in happened.items()]
        columns.append(sa.func.coalesce(sa.func.sum(sold.c.revenue).filter(recent), 0).label(f"revenue_{days}"))
    mine = (
        Message.workspace_id == workspace_id,
        Message.kind == MessageKind.BULK,
        Message.customer_id.is_not(None),
        Message.sent_at >= at - timedelta(days=max(WINDOWS)),
    )
    wanted = sa.select(Message.customer_id, *columns).outerjoin(sold, sold.c.message_id == Message.id)
    return wanted.where(*mine).group_by(Message.customer_id)


def store(workspace_id: int, at: datetime) -> int:
    """Sum what was gathered over the present members of each segment and keep it; return how many segments there are."""
    sums = [sa.func.sum(column).label(column.name) for column in _PEOPLE.c if column.name != "customer_id"]
    joined = sa.select(SegmentMember.segment_id, *sums).join(_PEOPLE, _PEOPLE.c.customer_id == SegmentMember.customer_id)
    ours = sa.select(Segment.id).where(Segment.workspace_id == workspace_id)
    brought = joined.where(SegmentMember.segment_id.in_(ours)).group_by(SegmentMember.segment_id).cte("brought")
    rows = []
    for days in WINDOWS:
        counts = [sa.cast(sa.func.coalesce(brought.c[f"{name}_{days}"], 0), sa.BigInteger) for name in _COUNTS]
        head = [Segment.workspace_id, Segment.id, sa.literal(days), Segment.members]
        mine = sa.select(*head, *counts, sa.literal(at)).outerjoin(brought, brought.c.segment_id == Segment.id)
        rows.append(mine.where(Segment.workspace_id == workspace_id))
    session().execute(sa.delete(SegmentResult).where(SegmentResult.workspace_id == workspace_id))
    names = ["workspace_id", "segment_id", "days", "members", *_COUNTS, "computed_at"]
    made: Any = session().execute(sa.insert(SegmentResult).from_select(names, sa.union_all(*rows)))
    return int(made.rowcount) // len(WINDOWS)


def listed(workspace_id: int, days: int) -> Sequence[tuple[SegmentResult, str]]:
    """Return the kept results with the segments' names, most orders per delivered message first."""
    rate = sa.cast(SegmentResult.ordered, sa.Double) / sa.func.nullif(SegmentResult.delivered, 0)
    wanted = sa.select(SegmentResult, Segment.name).join(Segment, Segment.id == SegmentResult.segment_id)
    mine = wanted.where(SegmentResult.workspace_id == workspace_id, Segment.workspace_id == workspace_id, SegmentResult.days == days)
    return [(row[0], row[1]) for row in session().execute(mine.order_by(rate.desc().nulls_last(), sa.func.lower(Segment.name)))]


def computed_at(workspace_id: int) -> datetime | None:
    """Return when they were computed last, or None."""
    return session().scalar(sa.select(sa.func.max(SegmentResult.computed_at)).where(SegmentResult.workspace_id == workspace_id))


def with_mail(since: datetime) -> list[int]:
    """Return the workspaces in which something was sent since then and there are segments."""
    sent = sa.select(MailingHour.workspace_id).where(MailingHour.hour >= since, MailingHour.sent > 0)
    wanted = sa.select(Segment.workspace_id).where(Segment.workspace_id.in_(sent)).distinct()
    return list(session().scalars(any_workspace(wanted)))
