"""What this room tells the others."""

from dataclasses import dataclass

from app.events.service import Event


@dataclass(frozen=True)
class SegmentCreated(Event):
    """A segment was made; its members may not be there yet."""

    segment_id: int


@dataclass(frozen=True)
class SegmentUpdated(Event):
    """Name, description or rules changed; `rules` tells whether who fits may have changed."""

    segment_id: int
    rules: bool


@dataclass(frozen=True)
class SegmentDeleted(Event):
    """A segment is gone, with its members and history."""

    segment_id: int


@dataclass(frozen=True)
class SegmentRefreshed(Event):
    """Members entered or left. `spread` tells that the segments which name this one have been looked at in the same act."""

    segment_id: int
    members: int
    entered: int
    left: int
    spread: bool
