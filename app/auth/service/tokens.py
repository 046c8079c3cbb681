"""Access tokens for programs: 15 minutes, with a refresh token that is good once. One used twice ends its family."""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.auth import bearer, queries
from app.auth.models import RefreshToken, User
from app.auth.origin import Origin
from app.auth.schemas import LoginIn, TokensOut
from app.auth.service.sign_in import check_code, check_login, may_come_from, note_signed_in
from app.auth.service.users import get_user
from app.core.db import session
from app.core.errors import Invalid, Unauthorized
from app.core.security import digest, random_token, token_keys
from app.core.time import now

REFRESH_LIFE = timedelta(days=30)
"""Counted from the sign-in: exchanging a token does not lengthen it, so that a stolen one ends too."""
_ENDED = "This refresh token is not good any more. Sign in again."


def login(data: LoginIn, origin: Origin) -> TokensOut:
    """Sign in with everything in one call. Raises Unauthorized, TooMany, Invalid for a workspace or a missing one-time code."""
    user = check_login(data.login, data.password, origin)
    if user.totp_since is not None:
        if data.totp is None:
            raise Invalid({"totp": "This account asks for a one-time code."})
        user = check_code(user.id, data.totp, origin)
    workspace_id = _choose(user, data.workspace)
    note_signed_in(user, origin, workspace_id, "api")
    return _issue(user, workspace_id, uuid.uuid4(), now() + REFRESH_LIFE)


def refresh(token: str, host: str) -> TokensOut | None:
    """Exchange a refresh token for new tokens.

    Returns None where it was used before: its family is ended by then, which the caller must let be committed.
    Raises Unauthorized where it is unknown, past its time, or the user's sessions have ended.
    """
    row = queries.find_refresh(digest(token))
    if row is None or row.revoked_at is not None or row.expires_at <= now():
        raise Unauthorized(_ENDED)
    if row.used_at is not None:
        end_family(row.family)
        return None
    user = get_user(row.user_id)
    member = queries.find_membership(row.for_workspace, user.id)
    if user.auth_version != row.auth_version or member is None or not may_come_from(user.demo, host):
        raise Unauthorized(_ENDED)
    row.used_at = now()
    return _issue(user, row.for_workspace, row.family, row.expires_at)


def end_family(family: uuid.UUID | str) -> None:
    """End all tokens that came from one sign-in; access tokens of it die with them."""
    mine = sa.update(RefreshToken).where(RefreshToken.family == sa.cast(str(family), sa.Uuid), RefreshToken.revoked_at.is_(None))
    session().execute(mine.values(revoked_at=now()))


def _choose(user: User, wanted: int | str | None) -> int:
    """Return the id of the workspace named by id or slug, or of the one last worked in. Raises Invalid."""
    mine = [workspace for _, workspace in queries.memberships_of(user.id)]
    if wanted is not None:
        mine = [w for w in mine if wanted in {w.id, w.slug, str(w.id)}]
    if not mine:
        raise Invalid({"workspace": "You are a member of no such workspace." if wanted is not None else "You belong to no workspace yet."})
    ids = [w.id for w in mine]
    return user.last_workspace_id if user.last_workspace_id in ids else ids[0]


def _issue(user: User, workspace_id: int, family: uuid.UUID, expires_at: datetime) -> TokensOut:
    at, fresh = now(), random_token()
    session().add(
        RefreshToken(
            token_digest=digest(fresh),
            family=family,
            user_id=user.id,
            for_workspace=workspace_id,
            auth_version=user.auth_version,
            created_at=at,
            expires_at=expires_at,
        )
    )
    session().flush()
    claims = bearer.Claims(user.id, workspace_id, user.auth_version, str(family))
    return TokensOut(access_token=bearer.encode(claims, token_keys(), at), refresh_token=fresh, expires_in=int(bearer.LIFE.total_seconds()))
