"""What the next page says: a small act is done (a toast, with Undo where it can be undone)."""

from typing import Literal, TypedDict, cast

from flask import Flask, get_flashed_messages
from flask import flash as flask_flash

Tone = Literal["good", "warn", "bad"]


class Message(TypedDict):
    """What a toast shows: `undo` is an address that takes a POST."""

    text: str
    undo: str | None
    tone: Tone


def flash(text: str, undo_url: str | None = None, tone: Tone = "good") -> None:
    """Say on the next page that an act is done. A failure that needs a decision is a note on its page instead."""
    flask_flash(cast("str", Message(text=text, undo=undo_url, tone=tone)))


def flashed() -> list[Message]:
    """Return and forget what is to be said."""
    said = cast("list[Message | str]", get_flashed_messages())
    return [Message(text=item, undo=None, tone="good") if isinstance(item, str) else item for item in said]


def init_app(app: Flask) -> None:
    """Give templates `flashed()`."""
    app.jinja_env.globals["flashed"] = flashed
