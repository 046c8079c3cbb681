"""The slow answer: figures of a period counted one by one from messages, conversions, orders and customers."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.campaigns.models import Campaign
from app.core.db import session
from app.customers.models import Customer
from app.delivery.models import Conversion, Message

FLAGS = ("opened", "clicked", "ordered", "unsubscribed", "complained", "bounced")


def rows(model: Any, workspace_id: int) -> list[Any]:
    return list(session().scalars(sa.select(model).where(model.workspace_id == workspace_id)))


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the local day in which the UTC hour of this moment began."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0).astimezone(zone).date()


def figures(messages: Iterable[Message], sold: Iterable[Conversion], first: date, last: date, zone: ZoneInfo) -> Counter[str]:
    """Count what `Figures` says of these days."""
    found: Counter[str] = Counter()
    for row in messages:
        if row.kind != 1:
            continue
        if row.sent_at is None:
            found["refused"] += row.bounced_at is not None and first <= day_of(row.bounced_at, zone) <= last
        elif first <= day_of(row.sent_at, zone) <= last:
            found["sent"] += 1
            found.update(flag for flag in FLAGS if getattr(row, f"{flag}_at") is not None)
    for sale in sold:
        if first <= day_of(sale.ordered_at, zone) <= last:
            found["revenue"] += sale.value
            found["orders"] += not sale.refund
    return found


def cost(campaigns: Iterable[Campaign], first: date, last: date, zone: ZoneInfo) -> int:
    return sum(row.cost for row in campaigns if row.launched_at and first <= row.launched_at.astimezone(zone).date() <= last)


def created(people: Iterable[Customer], first: date, last: date, zone: ZoneInfo) -> int:
    return sum(first <= row.created_at.astimezone(zone).date() <= last for row in people)
