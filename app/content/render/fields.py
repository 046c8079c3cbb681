"""The names a template may use. Pure: who knows the workspace's fields makes the list."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Word:
    """A name, what people call it, and the type of its value (`text number boolean date datetime money list`)."""

    path: str
    label: str
    type: str = "text"


FIXED = (
    Word("brand.name", "Brand’s name"),
    Word("brand.postal_address", "Brand’s postal address"),
    Word("campaign.name", "Campaign’s name"),
    Word("unsubscribe_url", "Unsubscribe link"),
    Word("view_url", "Link to the web version"),
)
"""What every workspace has besides its customers' fields."""


@dataclass(frozen=True, slots=True)
class Words:
    """The names of one workspace, by path."""

    names: Mapping[str, Word]

    @classmethod
    def of(cls, words: tuple[Word, ...]) -> "Words":
        """Return these words and the fixed ones."""
        return cls({word.path: word for word in (*words, *FIXED)})

    def near(self, path: str) -> str | None:
        """Return the name that was probably meant."""
        found = get_close_matches(path, self.names, 1, 0.75)
        return found[0] if found else None
