"""What an entry says, in a form people read. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MISSING = "–"
_ACTS = {
    "user.email_changed": "E-mail changed",
    "user.logged_out_everywhere": "Logged out everywhere",
    "user.password_changed": "Password changed",
    "user.recovery_codes_renewed": "Recovery codes renewed",
    "user.reset_asked": "Password reset asked for",
    "user.signed_in": "Signed in",
    "user.totp_off": "One-time codes switched off",
    "user.totp_on": "One-time codes switched on",
}
"""Acts whose names do not read as words; all others do."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what it was and what it became, as text."""

    field: str
    before: str
    after: str


def changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, known: Mapping[str, Callable[[Any], str]] | None = None
) -> list[Change]:
    """Return the fields that differ; all fields of a thing that came or went. `known`: what makes words of a field's value."""
    old, new, told = before or {}, after or {}, known or {}
    names = [*old, *(name for name in new if name not in old)]

    def say(name: str, value: Any) -> str:
        return MISSING if value is None else told.get(name, show)(value)

    def label(name: str) -> str:
        return _words(name.removesuffix("_id") if name in told else name)

    return [Change(label(name), say(name, old.get(name)), say(name, new.get(name))) for name in names if old.get(name) != new.get(name)]


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


def act(name: str) -> str:
    """Return an action in words: `api_key.revoked` is “API key revoked”. A refused call stays as it was made, method and path."""
    return _ACTS.get(name) or (name if " " in name else capitalised(_words(name.replace(".", " "))))


def kind(name: str) -> str:
    """Return a kind of thing in words: `api_key` is “API key”."""
    return _words(name)


def capitalised(words: str) -> str:
    """Return the words with a capital in front."""
    return words[:1].upper() + words[1:]


def _words(name: str) -> str:
    return name.replace("_", " ").replace("api key", "API key")
