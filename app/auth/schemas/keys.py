"""API keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from app.auth.permissions import PERMISSIONS, in_order
from app.core.schemas import Blank, Line, Schema


def _known(names: list[str]) -> list[str]:
    for name in names:
        if name not in PERMISSIONS:
            msg = f"There is no permission {name[:60]}."
            raise ValueError(msg)
    return in_order(names)


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 5 else value  # noqa: PLR2004 (days of 27 years)


Scopes = Annotated[list[str], Field(min_length=1, max_length=100), AfterValidator(_known)]


class KeyIn(Schema):
    """A new key: its name, what it may do, and when it ends (None: never)."""

    name: Line
    scopes: Scopes
    expires_at: Annotated[AwareDatetime | None, Blank] = None


class KeyForm(Schema):
    """The same as people say it: for how many days (None: until it is revoked)."""

    name: Line
    scopes: Scopes
    days: Annotated[Literal[30, 90, 365] | None, Blank, BeforeValidator(_number)] = None


class KeyOut(Schema):
    """A key as listed: never the secret, only its first characters."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    created_by: int
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str | None
    revoked_at: datetime | None


class KeyCreated(KeyOut):
    """A new key with its secret, shown once."""

    key: str
