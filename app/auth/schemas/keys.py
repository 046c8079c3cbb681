"""API keys."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from app.auth.permissions import PERMISSIONS, in_order
from app.core.schemas import Blank, Line, Schema


def _known(names: list[str]) -> list[str]:
    for name in names:
        if name not in PERMISSIONS:
            msg = f"There is no permission {name[:60]}."
            raise ValueError(msg)
    return in_order(names)


class KeyIn(Schema):
    """A new key: its name, what it may do, and when it ends (None: never)."""

    name: Line
    scopes: Annotated[list[str], Field(min_length=1, max_length=100), AfterValidator(_known)]
    expires_at: Annotated[AwareDatetime | None, Blank] = None


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
