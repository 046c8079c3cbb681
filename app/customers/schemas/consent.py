"""Topics, and consent as it is shown."""

from datetime import datetime

from app.core.schemas import Line, OptionalLine, Schema


class TopicIn(Schema):
    """A new topic that people may take or leave."""

    name: Line
    description: OptionalLine = None


class TopicOut(Schema):
    """A topic."""

    id: int
    name: str
    description: str | None


class TopicsOut(Schema):
    """All topics."""

    items: list[TopicOut]


class StandingOut(Schema):
    """How a customer stands to a channel (`topic_id` 0) or one of its topics."""

    channel: str
    topic_id: int
    topic: str | None
    state: str | None
    basis: str | None
    source: str | None
    occurred_at: datetime | None


class LogOut(Schema):
    """An entry of the consent history."""

    channel: str
    topic_id: int
    state: str
    basis: str | None
    source: str
    wording: str | None
    address: str | None
    by: str | None
    occurred_at: datetime


class ConsentOut(Schema):
    """How a customer stands to everything they were asked, and how that came about, newest first."""

    standings: list[StandingOut]
    history: list[LogOut]
