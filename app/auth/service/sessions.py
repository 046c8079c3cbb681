"""Signed-in browsers. The cookie holds a random token; the row holds its digest."""

from datetime import timedelta

import sqlalchemy as sa

from app.audit import service as audit
from app.auth import queries
from app.auth.models import User, UserSession
from app.auth.origin import Origin
from app.core import settings
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import NotFound
from app.core.security import digest, random_token
from app.core.time import now

SEEN_EVERY = timedelta(minutes=1)
"""How often at most a living session is written."""
_LONGEST_AGENT = 300


def idle_limit() -> timedelta:
    """Return how long a session may rest."""
    return timedelta(minutes=settings.get().SESSION_IDLE_MINUTES)


def absolute_limit() -> timedelta:
    """Return how long a session may last."""
    return timedelta(hours=settings.get().SESSION_ABSOLUTE_HOURS)


def start_session(user: User, origin: Origin, workspace_id: int | None = None) -> tuple[str, int | None]:
    """Start a session in the workspace named, or where the user last was; return its token and that workspace's id."""
    at, token, where = now(), random_token(), workspace_id or _where(user)
    session().add(
        UserSession(
            token_digest=digest(token),
            user_id=user.id,
            in_workspace=where,
            auth_version=user.auth_version,
            address=origin.address,
            user_agent=origin.user_agent[:_LONGEST_AGENT],
            created_at=at,
            last_seen_at=at,
            expires_at=at + absolute_limit(),
        )
    )
    session().flush()
    return token, where


def _where(user: User) -> int | None:
    mine = [workspace.id for _, workspace in queries.memberships_of(user.id)]
    if user.last_workspace_id in mine:
        return user.last_workspace_id
    return mine[0] if mine else None


def renew_session(session_id: int, user: User) -> str:
    """Give a session a new token and the user's present `auth_version`, so that it outlives what ended the others."""
    token = random_token()
    row = session().get_one(UserSession, session_id)
    row.token_digest, row.auth_version = digest(token), user.auth_version
    session().flush()
    return token


def touch_session(session_id: int, address: str | None) -> None:
    """Note that a session is alive."""
    session().execute(sa.update(UserSession).where(UserSession.id == session_id).values(last_seen_at=now(), address=address))


def move_session(session_id: int, workspace_id: int) -> None:
    """Take a session into another workspace; the caller has checked the membership."""
    row = session().get_one(UserSession, session_id)
    row.in_workspace = workspace_id
    session().execute(sa.update(User).where(User.id == row.user_id).values(last_workspace_id=workspace_id))
    session().flush()


def end_session(user_id: int, session_id: int, by: Actor, workspace_id: int | None) -> None:
    """End one session of a user. Raises NotFound for somebody else's."""
    mine = sa.delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    if session().execute(mine.returning(UserSession.id)).first() is None:
        raise NotFound(UserSession.noun)
    audit.record(workspace_id, by, "session.ended", ("session", session_id, by.name))


def drop_session(session_id: int) -> None:
    """Remove a session that gives way to a new one in the same browser."""
    session().execute(sa.delete(UserSession).where(UserSession.id == session_id))
