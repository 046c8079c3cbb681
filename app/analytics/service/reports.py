"""The reports of a period: figures, by day, by campaign, beside those of the period compared with.

Delivery and response are of the messages *sent* in the period, orders and revenue of the orders *made* in it, cost of the campaigns
*launched* in it. All of it is read from roll-ups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.analytics import periods
from app.analytics.periods import Bucket, Days, buckets
from app.analytics.queries import campaigns as campaign_queries
from app.analytics.schemas import PeriodQuery
from app.core.days import starts
from app.core.time import now
from app.customers.queries import made
from app.delivery.queries.days import of_bars
from app.delivery.queries.figures import Figures, return_on, total
from app.workspaces.queries import get_workspace

NO_CAMPAIGN = "Mail of no campaign"


@dataclass(frozen=True, slots=True)
class Part:
    """A campaign's part of a period. `cost` is 0 where it was launched before."""

    campaign_id: int | None
    name: str
    state: str
    launched_at: datetime | None
    figures: Figures
    cost: int

    @property
    def roi(self) -> float | None:
        """Return what came back on the cost."""
        return return_on(self.cost, self.figures.revenue)


@dataclass(frozen=True, slots=True)
class Section:
    """Figures of some days, and by the first day of each bar. `new` customers, too; `customers` at the end; `costs` by day."""

    days: Days
    figures: Figures
    by_bar: Mapping[date, Figures]
    by_mailing: Mapping[int, Figures]
    costs: Mapping[date, int]
    new: Mapping[date, int]
    customers: int

    @property
    def cost(self) -> int:
        """Return the cost of all these days."""
        return sum(self.costs.values())

    @property
    def new_customers(self) -> int:
        """Return how many were created in these days."""
        return sum(self.new.values())

    @property
    def roi(self) -> float | None:
        """Return what came back on the cost."""
        return return_on(self.cost, self.figures.revenue)


@dataclass(frozen=True, slots=True)
class Report:
    """A period beside the one it is compared with; `campaigns` by revenue, then by what was sent."""

    zone: ZoneInfo
    currency: str
    today: date
    now: Section
    before: Section | None
    campaigns: Sequence[Part] = field(default=())


def report(workspace_id: int, query: PeriodQuery, *, with_people: bool = False, daily: bool = False) -> Report:
    """Return the report that was asked for; customers are counted only `with_people`; `daily`: a bar for each day. Raises Invalid."""
    workspace = get_workspace(workspace_id)
    zone = ZoneInfo(workspace.zone)
    today = now().astimezone(zone).date()
    days = periods.of_query(query.period, query.first, query.last, today)
    earlier = periods.before(days, query.compare)

    def section(days: Days) -> Section:
        bars = [Bucket(day, day) for day in days] if daily else buckets(days)
        return _section(workspace_id, days, bars, zone, with_people=with_people)

    current = section(days)
    before = section(earlier) if earlier else None
    return Report(zone, workspace.currency, today, current, before, _parts(workspace_id, current, zone))


def _section(workspace_id: int, days: Days, bars: Sequence[Bucket], zone: ZoneInfo, *, with_people: bool) -> Section:
    firsts, end = [bar.first for bar in bars], days.last + timedelta(days=1)
    found = of_bars(workspace_id, firsts, end, zone)
    costs: dict[date, int] = {}
    for launched_at, cost in campaign_queries.costs(workspace_id, *edges(days, zone)):
        day = launched_at.astimezone(zone).date()
        costs[day] = costs.get(day, 0) + cost
    new: dict[date, int] = {}
    customers = 0
    if with_people:
        until = made.before(workspace_id, [starts(day, zone) for day in (*firsts, end)])
        new = {first: until[at + 1] - until[at] for at, first in enumerate(firsts)}
        customers = until[-1]
    return Section(days, found.total, found.by_bar, found.by_mailing, costs, new, customers)


def edges(days: Days, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the first day begins and when the last one ends."""
    return starts(days.first, zone), starts(days.last + timedelta(days=1), zone)


def _parts(workspace_id: int, section: Section, zone: ZoneInfo) -> list[Part]:
    """Return the campaigns of a period; together they are the whole period."""
    low, high = edges(section.days, zone)
    rest = dict(section.by_mailing)
    parts: list[Part] = []
    for row in campaign_queries.of_period(workspace_id, list(rest), low, high):
        cost = row.cost if row.launched_at is not None and low <= row.launched_at < high else 0
        parts.append(Part(row.id, row.name, row.state, row.launched_at, rest.pop(row.mailing_id or 0, Figures()), cost))
    if rest:
        parts.append(Part(None, NO_CAMPAIGN, "", None, total(rest.values()), 0))
    return sorted(parts, key=lambda part: (-part.figures.revenue, -part.figures.sent, -(part.campaign_id or 0)))
