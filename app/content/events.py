"""What this room tells the others."""

from dataclasses import dataclass

from app.events.service import Event


@dataclass(frozen=True)
class TemplateCreated(Event):
    """A template was made; it has a first version."""

    template_id: int


@dataclass(frozen=True)
class TemplateUpdated(Event):
    """The name changed, or the words: then `version` is a new one."""

    template_id: int
    version: int


@dataclass(frozen=True)
class TemplateArchived(Event):
    """A template is not offered any more. What was sent with it keeps its words."""

    template_id: int
