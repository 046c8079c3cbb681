"""What the API says of a campaign's results. Figures are people, not hits, unless they say so."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.core.stats import Rate
from app.delivery.definitions import DEFINITIONS

RATES = {
    "opened": "open_rate",
    "clicked": "click_rate",
    "ordered": "order_rate",
    "unsubscribed": "unsubscribe_rate",
    "complained": "complaint_rate",
    "bounced": "bounce_rate",
}
"""The name of a rate, and where `Figures` has it."""


class Read(BaseModel):
    """What is read off the objects of the lower rooms."""

    model_config = ConfigDict(from_attributes=True)


class RateOut(Read):
    """So many of so many; `low` and `high` are the ends of the 95 % interval (Wilson). Fractions, null of nothing."""

    part: int
    whole: int
    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, rate: Rate) -> "RateOut":
        """Return a rate with its interval."""
        return cls.model_validate(rate)


class HitsOut(Read):
    """Raw hits by verdict: of people, of machines, and where it cannot be told."""

    opened: int = Field(validation_alias="hits_opened")
    opened_machine: int = Field(validation_alias="hits_opened_machine")
    opened_unsure: int = Field(validation_alias="hits_opened_unsure")
    clicked: int = Field(validation_alias="hits_clicked")
    clicked_machine: int = Field(validation_alias="hits_clicked_machine")
    clicked_unsure: int = Field(validation_alias="hits_clicked_unsure")


class UsualOut(Read):
    """The mean of the up to ten campaigns launched before: rates as fractions, revenue in minor units; null without any."""

    campaigns: int
    opened: float | None
    clicked: float | None
    ordered: float | None
    unsubscribed: float | None
    bounced: float | None
    revenue: float | None


class HoursOut(Read):
    """First opens and first clicks by clock hour, beginning with the one in which sending began; then how many came later."""

    opens: list[int]
    clicks: list[int]
    opens_later: int
    clicks_later: int


class LinkOut(Read):
    """A link: people who clicked it, hits of machines and of nobody knows whom, revenue of orders whose last click it was (minor units)."""

    position: int
    label: str
    url: str
    people: int
    machines: int
    unsure: int
    revenue: int


class DomainOut(Read):
    """A recipient domain; the last row, whose name is empty, is `domains` smaller ones together."""

    domain: str
    domains: int
    sent: int
    delivered: int
    clicked: int
    computed_at: datetime


class MissedOut(Read):
    """Why so many did not get it: the state of their messages, and the reason (a word for what was skipped, else the reply's codes)."""

    state: str
    reason: str
    people: int


class ResultsOut(Read):
    """What came of a campaign until now. Money in minor units of the workspace's currency."""

    campaign_id: int
    name: str
    state: str
    launched_at: datetime | None
    recipients: int = Field(description="Rows frozen at launch, whatever became of them.")
    waiting: int = Field(description="Not tried yet, or to be tried again.")
    sent: int = Field(description=DEFINITIONS["sent"])
    delivered: int = Field(description=DEFINITIONS["delivered"])
    rates: dict[str, RateOut] = Field(description="opened, clicked, ordered, unsubscribed, complained, bounced.")
    usual: UsualOut
    hits: HitsOut
    orders: int = Field(description="Purchases credited to this campaign.")
    revenue: int = Field(description="What they brought, less refunds.")
    cost: int
    roi: float | None = Field(description="(revenue − cost) ÷ cost; null where no cost was entered.")
    goal: int | None
    hours: HoursOut
    links: list[LinkOut]
    domains: list[DomainOut]
    missed: list[MissedOut]
