"""What the pages and the API of campaigns take and give."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from app.core.schemas import Blank, Id, Line, ListQuery, Moment, Schema, Storable, Text

MOST_SEGMENTS, MOST_PEOPLE, MOST_TESTS = 50, 10_000, 5
MOST_MINOR = 10**15
"""The most minor units of a cost or a goal."""
STATES = ("draft", "scheduled", "launching", "sending", "paused", "sent", "cancelled")
MESSAGE_STATES = ("pending", "sending", "sent", "failed", "skipped", "in_doubt", "bounced")


def _once(ids: list[int]) -> list[int]:
    return list(dict.fromkeys(ids))


State = Literal["draft", "scheduled", "launching", "sending", "paused", "sent", "cancelled"]
MessageState = Literal["pending", "sending", "sent", "failed", "skipped", "in_doubt", "bounced"]
Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
Ids = Annotated[list[Id], Field(max_length=MOST_SEGMENTS), AfterValidator(_once)]
People = Annotated[list[Id], Field(max_length=MOST_PEOPLE), AfterValidator(_once)]
TopicId = Annotated[int, Field(ge=0, le=2**63 - 1)]
Part = Annotated[str, Field(max_length=100), Storable]
MaybeId = Annotated[Id | None, Blank]
Version = Annotated[int | None, Blank]
Address = Annotated[str, Field(max_length=320), Storable]


class Utm(Schema):
    """What is added to links so that site statistics know where a visit came from; blank parts are left out."""

    source: Part = ""
    medium: Part = ""
    campaign: Part = ""
    term: Part = ""
    content: Part = ""


class CampaignIn(Schema):
    """A new campaign: to segments less other segments, or to customers named one by one. `cost` and `goal` in minor units.

    `topic_id` 0: mail as a whole. Without `utm` links say source fairlead, medium email and the campaign's name. `simulate` (sandbox
    workspaces only): opens, clicks and orders are made up.
    """

    name: Line
    template_id: Id | None = None
    sender_id: Id | None = None
    topic_id: TopicId = 0
    segments: Ids = []
    exclude_segments: Ids = []
    customers: People = []
    cost: Minor = 0
    goal: Minor | None = None
    utm: Utm | None = None
    simulate: bool = False


class CampaignPatch(Schema):
    """What to change of a campaign that has not been launched. With `version`, the change is refused if somebody was faster."""

    name: Line | None = None
    template_id: Id | None = None
    sender_id: Id | None = None
    topic_id: TopicId | None = None
    segments: Ids | None = None
    exclude_segments: Ids | None = None
    customers: People | None = None
    cost: Minor | None = None
    goal: Minor | None = None
    utm: Utm | None = None
    simulate: bool | None = None
    version: int | None = None


class ScheduleIn(Schema):
    """When to launch by itself."""

    at: Annotated[Moment, Field(description="With its zone, such as 2026-11-24T09:00:00+01:00.")]


class TestIn(Schema):
    """Send the present words to at most five addresses, as `customer_id` would get them.

    Without it: as somebody in the audience would, to callers who may see customers; else as somebody of whom nothing is known.
    """

    __test__ = False
    to: Annotated[list[Address], Field(min_length=1, max_length=MOST_TESTS)]
    customer_id: Id | None = None


class RetryIn(Schema):
    """Whom to send to again, by how it ended: `failed`, `in_doubt` (they may have it), `skipped` (the rest, after it was ended or cancelled)."""

    states: Annotated[list[Literal["failed", "in_doubt", "skipped"]], Field(min_length=1, max_length=3)]


class CampaignQuery(ListQuery):
    """Which campaigns to list: in one state (`active` is launching, sending and paused), with these letters in their name."""

    state: Annotated[Literal["draft", "scheduled", "active", "launching", "sending", "paused", "sent", "cancelled"] | None, Blank] = None
    search: Annotated[Text, Field(max_length=200)] = ""


class MessageQuery(ListQuery):
    """Which messages to list: in one state, for a reason (`no_consent`, `550 5.1.1`), to addresses that begin so."""

    state: Annotated[MessageState | None, Blank] = None
    reason: Annotated[Text, Field(max_length=200)] = ""
    search: Annotated[Text, Field(max_length=320)] = ""


class CampaignOut(BaseModel):
    """A campaign. Amounts in minor units of the workspace's currency; `audience` is what was counted at launch."""

    id: int
    name: str
    state: str
    template_id: int | None
    template_version: int | None
    sender_id: int | None
    topic_id: int
    segments: list[int]
    exclude_segments: list[int]
    customers: int = Field(description="How many customers are named one by one.")
    cost: int
    goal: int | None
    utm: dict[str, Any]
    simulate: bool
    scheduled_at: datetime | None
    overdue: bool
    problem: str | None
    audience: dict[str, Any] | None
    messages: dict[str, int] = Field(description="People by state, from launch on.")
    created_by: str
    launched_by: str | None
    launched_at: datetime | None
    finished_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class ProblemOut(BaseModel):
    """Something that stands in the way of the launch: the field it belongs to, and why."""

    field: str
    reason: str


class CheckOut(BaseModel):
    """Who would get it now. `left_out`: by segments; `duplicates`: in several segments, counted once; `seconds` at the sender's limit."""

    ready: bool
    problems: list[ProblemOut]
    notes: list[ProblemOut] = Field(description="What does not stand in the way and is worth a look.")
    counted: bool = Field(description="False: counting takes long; the counts are null.")
    matched: int | None = None
    duplicates: int | None = None
    left_out: int | None = None
    no_address: int | None = None
    no_consent: int | None = None
    unsubscribed: int | None = None
    suppressed: int | None = None
    will_receive: int | None = None
    seconds: float | None = Field(None, description="Null: as fast as it goes.")


class MessageOut(BaseModel):
    """A row of the ledger. `address` and `customer_id` are null for callers who may not see customers, and after erasure."""

    id: int
    customer_id: int | None
    address: str | None
    kind: str
    state: str
    reason: str | None
    attempts: int
    due_at: datetime | None
    created_at: datetime
    claimed_at: datetime | None
    sent_at: datetime | None
    bounced_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    ordered_at: datetime | None
    unsubscribed_at: datetime | None
    complained_at: datetime | None


class RetriedOut(BaseModel):
    """How many wait once more."""

    count: int


class TestOut(BaseModel):
    """To how many addresses a test is on its way."""

    __test__ = False
    count: int


class NewForm(Schema):
    """The page that begins a campaign."""

    name: Line


class ContentForm(Schema):
    """The first step of the builder. Amounts as people write them."""

    name: Line
    template_id: MaybeId = None
    sender_id: MaybeId = None
    cost: Annotated[Text, Field(max_length=40)] = ""
    goal: Annotated[Text, Field(max_length=40)] = ""
    utm_source: Part = ""
    utm_medium: Part = ""
    utm_campaign: Part = ""
    simulate: bool = False
    version: Version = None


class AudienceForm(Schema):
    """The second step: segments, of which one may be added or taken out by the same click, or people one a line; `go` leads on."""

    by: Literal["segments", "people"] = "segments"
    segments: Ids = []
    exclude_segments: Ids = []
    add: MaybeId = None
    leave_out: MaybeId = None
    drop: MaybeId = None
    people: Annotated[Text, Field(max_length=1_000_000)] = ""
    topic_id: TopicId = 0
    version: Version = None
    go: Literal["", "schedule"] = ""


def _clock(value: object) -> object:
    """Read `9:00` as well as `09:00`."""
    return value.zfill(5) if isinstance(value, str) and len(value) == len("9:00") else value


class ScheduleForm(Schema):
    """The third step: now, or at a day and an hour of the workspace's zone."""

    when: Literal["now", "later"] = "now"
    day: Annotated[date | None, Blank] = None
    hour: Annotated[time | None, Blank, BeforeValidator(_clock)] = None
    version: Version = None


class TestForm(Schema):
    """Addresses for a test, divided by commas, spaces or lines; as `customer` (an address, external id or number) would get it."""

    __test__ = False
    to: Annotated[Text, Field(min_length=1, max_length=2_000)]
    customer: Annotated[Text, Field(max_length=320)] = ""
