"""News of this room."""

from dataclasses import dataclass

from app.events.service import Event


@dataclass(frozen=True)
class ConversionWindowChanged(Event):
    """Orders are credited to clicks of another number of days than before."""

    days: int
