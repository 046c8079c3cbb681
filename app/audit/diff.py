"""What an entry changed, in a form people read. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MISSING = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what it was and what it became, as text."""

    field: str
    before: str
    after: str


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """Return the fields that differ; all fields of a thing that came or went."""
    old, new = before or {}, after or {}
    names = [*old, *(name for name in new if name not in old)]
    return [Change(_words(name), show(old.get(name)), show(new.get(name))) for name in names if old.get(name) != new.get(name)]


def show(value: Any) -> str:
    """Return a value as text: lists with commas, objects as JSON, a missing value as a dash."""
    if value is None or value in ("", [], {}):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(not isinstance(item, dict | list) for item in value):
        return ", ".join(show(item) for item in value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
