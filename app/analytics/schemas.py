"""What the pages and the API of analytics take and give. Money is minor units of the workspace's currency, rates are fractions."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.analytics.periods import Compare, Named
from app.campaigns.outcome import RateOut, Read
from app.core.schemas import Blank, Schema
from app.delivery.definitions import DEFINITIONS


def _a_window(value: int) -> int:
    if value not in {28, 90}:
        msg = "Choose 28 or 90."
        raise ValueError(msg)
    return value


Window = Annotated[int, Field(description="28 or 90"), AfterValidator(_a_window)]


class PeriodQuery(Schema):
    """Which days, and what they are compared with. `from` and `to` (both included, in the workspace's zone) go before `period`."""

    period: Named = "28d"
    first: Annotated[date | None, Blank, Field(alias="from")] = None
    last: Annotated[date | None, Blank, Field(alias="to")] = None
    compare: Compare = "previous"


class SegmentQuery(Schema):
    """Messages sent in the last 28 or 90 days."""

    days: Window = 28


class DaysOut(Read):
    """Days from `first` to `last`, both included."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")


class FiguresOut(Read):
    """Figures of a period. Delivery and response are of the messages **sent** in it; orders and revenue of the orders **made** in it."""

    sent: int = Field(description=DEFINITIONS["sent"])
    delivered: int = Field(description=DEFINITIONS["delivered"])
    opened: RateOut = Field(description=DEFINITIONS["opened"])
    clicked: RateOut = Field(description=DEFINITIONS["clicked"])
    converted: RateOut = Field(description=DEFINITIONS["ordered"])
    unsubscribed: RateOut = Field(description=DEFINITIONS["unsubscribed"])
    bounced: RateOut = Field(description=DEFINITIONS["bounced"])
    orders: int = Field(description=DEFINITIONS["orders"])
    revenue: int = Field(description=DEFINITIONS["revenue"])
    cost: int = Field(description=DEFINITIONS["cost"])
    roi: float | None = Field(description=f"{DEFINITIONS['return']} (revenue − cost) ÷ cost; null where nothing was spent.")
    customers: int = Field(description="Today's people of this workspace who were there at the end of this time.")
    new_customers: int = Field(description="Of these, created in this time.")


class DayOut(Read):
    """One local day of the period: revenue and orders made on it, cost of campaigns launched, messages sent, customers created."""

    day: date
    revenue: int
    cost: int
    orders: int
    sent: int
    new_customers: int


class CampaignOut(Read):
    """A campaign's part of the period; these add up to the whole. `campaign_id` is null for mail that belongs to no campaign."""

    campaign_id: int | None
    name: str
    state: str
    launched_at: datetime | None
    sent: int
    delivered: int
    opened: int
    clicked: int
    ordered: int
    orders: int
    revenue: int
    cost: int = Field(description="0 where the campaign was launched before the period.")
    roi: float | None


class OverviewOut(Read):
    """The figures of a period, those it is compared with (null for `none`), by day, and by campaign (most revenue first, at most 100)."""

    period: DaysOut
    compared_with: DaysOut | None
    zone: str
    currency: str
    now: FiguresOut
    before: FiguresOut | None
    days: list[DayOut]
    campaigns: list[CampaignOut]


class RoiOut(Read):
    """Cost, revenue and return of a period and of its campaigns (most revenue first, at most 100)."""

    period: DaysOut
    compared_with: DaysOut | None
    currency: str
    revenue: int = Field(description=DEFINITIONS["revenue"])
    cost: int = Field(description=DEFINITIONS["cost"])
    orders: int = Field(description=DEFINITIONS["orders"])
    roi: float | None = Field(description=DEFINITIONS["return"])
    cost_per_order: float | None = Field(description="Minor units; null without an order.")
    roi_before: float | None
    campaigns: list[CampaignOut]


class StepOut(Read):
    """A step: people, their share of the step before (null for the first), and of the first."""

    step: str
    people: int
    of_step_before: RateOut | None
    of_first: RateOut


class FunnelOut(Read):
    """From sent to ordered, of the messages sent in the period, each step among those of the messages sent."""

    period: DaysOut
    compared_with: DaysOut | None
    steps: list[StepOut]
    steps_before: list[StepOut] | None
    campaigns: list[CampaignOut]


class SegmentResultOut(Read):
    """What mail to the present members of a segment brought; people may be in several segments, so rows do not add up."""

    segment_id: int
    name: str
    members: int
    sent: int
    delivered: int
    opened: RateOut
    clicked: RateOut
    converted: RateOut
    revenue: int = Field(description="Of orders credited to these messages, less refunds.")
    computed_at: datetime


class SegmentsOut(Read):
    """Segments by orders per delivered message; computed in the background every hour, and sooner when somebody looks."""

    days: int
    computed_at: datetime | None
    segments: list[SegmentResultOut]
