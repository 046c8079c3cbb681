"""What links of a campaign carry for site statistics. Pure."""

import re
import unicodedata
from collections.abc import Mapping

LONGEST = 60


def slug(name: str) -> str:
    """Return a name as it stands in an address: `Autumn layers, first look` is `autumn-layers-first-look`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].rstrip("-") or "campaign"


def utm(name: str, given: Mapping[str, str] | None) -> dict[str, str]:
    """Return the parts to keep: those given, blank ones left out, or ours where none were given at all."""
    if given is None:
        return {"source": "fairlead", "medium": "email", "campaign": slug(name)}
    return {part: value for part, value in given.items() if value}


def renamed(kept: Mapping[str, str], was: str, name: str) -> dict[str, str]:
    """Return the parts after a change of name: a campaign part that was made from the old name follows."""
    follows = kept.get("campaign") == slug(was)
    return {**kept, "campaign": slug(name)} if follows else dict(kept)
