"""API keys: shown once, kept as a digest, never able to do more than their maker."""

from collections.abc import Set as AbstractSet
from datetime import timedelta

import sqlalchemy as sa

from app.audit import service as audit
from app.auth.models import ApiKey
from app.auth.permissions import in_order
from app.auth.schemas import KeyIn
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.security import digest, random_token
from app.core.time import now

PREFIX = "fl_"
USED_EVERY = timedelta(minutes=1)
"""How often at most the last use is written."""
_HINT = 8


def create_key(workspace_id: int, data: KeyIn, held: AbstractSet[str], by: Actor) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret, which is kept nowhere. `held`: what the caller may do.

    Raises Forbidden where a scope is not held, Invalid where the end has passed.
    """
    missing = [scope for scope in data.scopes if scope not in held]
    if missing:
        reason = f"A key can do no more than you can. You do not hold: {', '.join(missing)}."
        raise Forbidden(reason)
    if data.expires_at is not None and data.expires_at <= now():
        raise Invalid({"expires_at": "This has passed."})
    if by.user_id is None:
        reason = "A key needs a person who made it."
        raise Forbidden(reason)
    secret = PREFIX + random_token()
    row = ApiKey(
        workspace_id=workspace_id,
        name=data.name,
        hint=secret[:_HINT],
        token_digest=digest(secret),
        scopes=in_order(data.scopes),
        created_by=by.user_id,
        created_at=now(),
        expires_at=data.expires_at,
    )
    session().add(row)
    session().flush()
    after = {"name": row.name, "scopes": row.scopes, "expires_at": row.expires_at}
    audit.record(workspace_id, by, "api_key.created", ("api_key", row.id, row.name), None, after)
    return row, secret


def revoke_key(workspace_id: int, key_id: int, by: Actor) -> None:
    """End a key at once and for good. Raises NotFound where it has ended."""
    row = get(ApiKey, workspace_id, key_id, lock=True)
    if row.revoked_at is not None:
        raise NotFound(ApiKey.noun)
    row.revoked_at = now()
    session().flush()
    audit.record(workspace_id, by, "api_key.revoked", ("api_key", row.id, row.name), {"name": row.name, "scopes": row.scopes}, None)


def touch_key(workspace_id: int, key_id: int, address: str | None) -> None:
    """Note that a key was used."""
    mine = sa.update(ApiKey).where(ApiKey.workspace_id == workspace_id, ApiKey.id == key_id)
    session().execute(mine.values(last_used_at=now(), last_used_from=address))
