"""News of this room."""

from dataclasses import dataclass

from app.events.service import Event


@dataclass(frozen=True)
class SegmentResultsWanted(Event):
    """Somebody looks at the segments' figures, and they are old."""
