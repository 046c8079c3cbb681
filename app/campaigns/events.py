"""News of this room."""

from dataclasses import dataclass

from app.events.service import Event


@dataclass(frozen=True)
class CampaignCreated(Event):
    """A campaign was begun, or copied from another."""

    campaign_id: int


@dataclass(frozen=True)
class CampaignUpdated(Event):
    """What it says, whom it goes to, or what it costs changed."""

    campaign_id: int


@dataclass(frozen=True)
class CampaignDeleted(Event):
    """A draft was thrown away."""

    campaign_id: int


@dataclass(frozen=True)
class CampaignScheduled(Event):
    """It will be launched by itself at its time (ISO 8601, UTC)."""

    campaign_id: int
    scheduled_at: str


@dataclass(frozen=True)
class CampaignUnscheduled(Event):
    """It is a draft again."""

    campaign_id: int


@dataclass(frozen=True)
class CampaignOverdue(Event):
    """Its time passed while nobody could send; a person is asked."""

    campaign_id: int


@dataclass(frozen=True)
class CampaignLaunched(Event):
    """It is on its way: the audience is put together now."""

    campaign_id: int


@dataclass(frozen=True)
class CampaignPaused(Event):
    """Nothing more leaves until somebody lets it go on."""

    campaign_id: int


@dataclass(frozen=True)
class CampaignResumed(Event):
    """It goes on. `freezing`: the audience was not complete yet."""

    campaign_id: int
    freezing: bool


@dataclass(frozen=True)
class CampaignRetried(Event):
    """Some who did not get it wait once more."""

    campaign_id: int
    people: int


@dataclass(frozen=True)
class CampaignCancelled(Event):
    """It was called off; who was still waiting does not get it."""

    campaign_id: int


@dataclass(frozen=True)
class CampaignFinished(Event):
    """Nobody waits for it any more."""

    campaign_id: int
