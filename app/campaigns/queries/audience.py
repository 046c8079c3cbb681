"""Whom a campaign goes to, as sets of ids: members of segments less members of others, or customers named one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.campaigns.models import Campaign, CampaignCustomer
from app.campaigns.queries import campaigns
from app.core.db import session
from app.segments.models import SegmentMember

Ids = sa.Select[Any]


@dataclass(frozen=True, slots=True)
class Audience:
    """What a campaign says about whom it goes to. Ids of segments were checked to be of this workspace when they were saved."""

    workspace_id: int
    campaign_id: int
    into: tuple[int, ...]
    out: tuple[int, ...]
    named: int
    """Customers named one by one; then `into` is empty."""

    def everyone(self) -> Ids:
        """Select each id that is asked for, once."""
        if not self.into:
            return self._named()
        inside = sa.select(SegmentMember.customer_id).where(_among(self.into))
        return inside if len(self.into) == 1 else inside.distinct()

    def going(self) -> Ids:
        """Select each id that is asked for and not left out, once."""
        return self.without_left_out(self.everyone())

    def without_left_out(self, ids: Ids) -> Ids:
        """Take members of the segments that are left out from a select of ids."""
        if not self.out:
            return ids
        asked, left = ids.subquery(), sa.alias(SegmentMember.__table__)
        barred = sa.exists().where(left.c.segment_id == sa.any_(_array(self.out)), left.c.customer_id == asked.c.customer_id)
        return sa.select(asked.c.customer_id).where(~barred)

    def bound(self, past: int, size: int) -> int | None:
        """Return the id up to which there are `size` ids (or all the rest) past this one; None: there are none."""
        parts = [self._range(segment_id, past, size) for segment_id in self.into] or [self._next_named(past, size)]
        together = parts[0].subquery() if len(parts) == 1 else sa.union(*(sa.select(part.subquery()) for part in parts)).subquery()
        first = sa.select(together.c.customer_id).order_by(together.c.customer_id).limit(size).subquery()
        last: int | None = session().scalar(sa.select(sa.func.max(first.c.customer_id)))
        return last

    def between(self, past: int, upto: int) -> Ids:
        """Select each id that is going, past one and up to another."""
        column = SegmentMember.customer_id if self.into else CampaignCustomer.customer_id
        return self.without_left_out(self.everyone().where(column > past, column <= upto))

    def _named(self) -> Ids:
        return sa.select(CampaignCustomer.customer_id).where(
            CampaignCustomer.workspace_id == self.workspace_id, CampaignCustomer.campaign_id == self.campaign_id
        )

    def _range(self, segment_id: int, past: int, size: int) -> Ids:
        mine = sa.select(SegmentMember.customer_id).where(SegmentMember.segment_id == segment_id, SegmentMember.customer_id > past)
        return mine.order_by(SegmentMember.customer_id).limit(size)

    def _next_named(self, past: int, size: int) -> Ids:
        return self._named().where(CampaignCustomer.customer_id > past).order_by(CampaignCustomer.customer_id).limit(size)


def of_campaign(campaign: Campaign) -> Audience:
    """Return whom a campaign goes to."""
    named = campaigns.targets(campaign.workspace_id, [campaign.id])[campaign.id]
    return Audience(
        campaign.workspace_id,
        campaign.id,
        tuple(target.segment.id for target in named if not target.excluded),
        tuple(target.segment.id for target in named if target.excluded),
        campaigns.named_customers(campaign.workspace_id, [campaign.id]).get(campaign.id, 0),
    )


def tally(audience: Audience) -> tuple[int, int, int]:
    """Count who is asked for: in all, of these in several segments, and of these left out by a segment; in one statement."""
    if audience.into:
        asked = sa.select(SegmentMember.customer_id, sa.func.count().label("times")).where(_among(audience.into))
        people = asked.group_by(SegmentMember.customer_id).subquery() if len(audience.into) > 1 else None
    else:
        people = None
    if people is None:
        base = audience.everyone().subquery()
        people = sa.select(base.c.customer_id, sa.literal(1).label("times")).subquery()
    if audience.out:
        left = sa.select(SegmentMember.customer_id).where(_among(audience.out)).distinct().subquery()
        source: Any = people.outerjoin(left, left.c.customer_id == people.c.customer_id)
        barred: Any = sa.func.count(left.c.customer_id)
    else:
        source, barred = people, sa.literal(0)
    counted = sa.select(sa.func.count(), sa.func.count().filter(people.c.times > 1), barred).select_from(source)
    row = session().execute(counted).one()
    return int(row[0]), int(row[1]), int(row[2])


def _among(ids: Sequence[int]) -> sa.ColumnElement[bool]:
    return SegmentMember.segment_id == (ids[0] if len(ids) == 1 else sa.any_(_array(ids)))


def _array(ids: Sequence[int]) -> Any:
    return sa.literal(list(ids), ARRAY(sa.BigInteger))
