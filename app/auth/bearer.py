"""Access tokens: JWT, HS256, 15 minutes, signed with the first of SECRET_KEYS and naming its key. Pure: keys and time come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

LIFE = timedelta(minutes=15)
_ISSUER = "fairlead"
_AUDIENCE = "api"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: who, in which workspace, at which `auth_version`, of which family of refresh tokens."""

    user_id: int
    workspace_id: int
    auth_version: int
    family: str


def encode(claims: Claims, keys: Mapping[str, str], at: datetime) -> str:
    """Return a signed token that is good until `at` + 15 minutes."""
    key_id, key = next(iter(keys.items()))
    payload = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": str(claims.user_id),
        "ws": claims.workspace_id,
        "ver": claims.auth_version,
        "fam": claims.family,
        "iat": at,
        "exp": at + LIFE,
    }
    return jwt.encode(payload, key, algorithm="HS256", headers={"kid": key_id})


def decode(token: str, keys: Mapping[str, str], at: datetime) -> Claims | None:
    """Return what a token says, or None if it is not ours, was changed, or is past its time."""
    try:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        said = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            issuer=_ISSUER,
            audience=_AUDIENCE,
            options={"verify_exp": False, "verify_iat": False, "require": ["sub", "exp", "iat", "iss", "aud"]},
        )
        return _claims(said, at)
    except (jwt.PyJWTError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _claims(said: dict[str, Any], at: datetime) -> Claims | None:
    if int(said["exp"]) <= at.timestamp():
        return None
    return Claims(int(said["sub"]), int(said["ws"]), int(said["ver"]), str(UUID(said["fam"])))
