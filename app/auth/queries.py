"""Reads about people and their secrets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.auth.models import ApiKey, Invitation, Membership, PasswordReset, RecoveryCode, RefreshToken, User, UserSession
from app.auth.permissions import ROLES, Role
from app.core.db import any_workspace, session
from app.workspaces.models import Workspace

_WORKSPACE = ("id", "name", "sandbox", "currency", "zone", "locale")


@dataclass(frozen=True, slots=True)
class Caller:
    """Everything a request needs to know of who sends it, from one query."""

    user: dict[str, Any]
    role: Role | None
    may_send: bool
    workspace: dict[str, Any] | None
    workspaces: list[dict[str, Any]]
    session: dict[str, Any] | None = None
    key: dict[str, Any] | None = None


def _object(model: Any, *names: str) -> sa.ColumnElement[Any]:
    """Return some columns of a row as one JSON object."""
    return sa.func.jsonb_build_object(*(part for name in names for part in (sa.literal(name), getattr(model, name))))


_USER = _object(User, "id", "name", "email", "locale", "demo")


def _mine() -> sa.ScalarSelect[Any]:
    """Return the workspaces a user belongs to, by name, as one JSON list."""
    inner = sa.orm.aliased(Workspace)
    member = sa.orm.aliased(Membership)
    each = _object(inner, *_WORKSPACE)
    listed = sa.func.jsonb_agg(sa.dialects.postgresql.aggregate_order_by(each, sa.func.lower(inner.name), inner.id))
    return (
        sa.select(sa.func.coalesce(listed, sa.text("'[]'::jsonb")))
        .select_from(member)
        .join(inner, inner.id == member.workspace_id)
        .where(member.user_id == User.id)
        .correlate(User)
        .scalar_subquery()
    )


@cache
def _session_holder() -> sa.Select[Any]:
    """Return the statement of caller_of_session. Each request runs it, and to build it takes longer than to run it: it is built once."""
    statement = (
        sa.select(
            _USER,
            Membership.role,
            Membership.may_send,
            sa.case((Membership.id.is_not(None), _object(Workspace, *_WORKSPACE))),
            _mine(),
            UserSession.id,
            UserSession.last_seen_at,
        )
        .select_from(UserSession)
        .join(User, sa.and_(User.id == UserSession.user_id, User.auth_version == UserSession.auth_version))
        .outerjoin(Membership, sa.and_(Membership.user_id == User.id, Membership.workspace_id == UserSession.in_workspace))
        .outerjoin(Workspace, Workspace.id == Membership.workspace_id)
        .where(
            UserSession.token_digest == sa.bindparam("token_digest"),
            UserSession.expires_at > sa.bindparam("at"),
            UserSession.last_seen_at > sa.bindparam("seen_after"),
        )
    )
    return any_workspace(statement)


def caller_of_session(token_digest: str, at: datetime, idle: timedelta) -> Caller | None:
    """Return who holds a session that is still good, or None. The workspace is None where the user left it meanwhile."""
    row = session().execute(_session_holder(), {"token_digest": token_digest, "at": at, "seen_after": at - idle}).one_or_none()
    if row is None:
        return None
    return Caller(row[0], row[1], bool(row[2]), row[3], row[4], session={"id": row[5], "last_seen_at": row[6]})


@cache
def _token_holder() -> sa.Select[Any]:
    """Return the statement of caller_of_token."""
    ended = sa.exists().where(RefreshToken.family == sa.cast(sa.bindparam("family"), sa.Uuid), RefreshToken.revoked_at.is_not(None))
    statement = (
        sa.select(_USER, Membership.role, Membership.may_send, _object(Workspace, *_WORKSPACE))
        .select_from(User)
        .join(Membership, Membership.user_id == User.id)
        .join(Workspace, Workspace.id == Membership.workspace_id)
        .where(
            User.id == sa.bindparam("user_id"),
            User.auth_version == sa.bindparam("auth_version"),
            Membership.workspace_id == sa.bindparam("workspace_id"),
            ~ended,
        )
    )
    return any_workspace(statement)


def caller_of_token(user_id: int, workspace_id: int, auth_version: int, family: str) -> Caller | None:
    """Return who holds an access token whose family of refresh tokens stands, or None."""
    values = {"user_id": user_id, "workspace_id": workspace_id, "auth_version": auth_version, "family": family}
    row = session().execute(_token_holder(), values).one_or_none()
    return None if row is None else Caller(row[0], row[1], row[2], row[3], [row[3]])


@cache
def _key_holder() -> sa.Select[Any]:
    """Return the statement of caller_of_key."""
    statement = (
        sa.select(
            _USER,
            Membership.role,
            Membership.may_send,
            _object(Workspace, *_WORKSPACE),
            ApiKey.id,
            ApiKey.name,
            ApiKey.scopes,
            ApiKey.last_used_at,
        )
        .select_from(ApiKey)
        .join(User, User.id == ApiKey.created_by)
        .join(Membership, sa.and_(Membership.user_id == User.id, Membership.workspace_id == ApiKey.workspace_id))
        .join(Workspace, Workspace.id == ApiKey.workspace_id)
        .where(
            ApiKey.token_digest == sa.bindparam("token_digest"),
            ApiKey.revoked_at.is_(None),
            sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > sa.bindparam("at")),
        )
    )
    return any_workspace(statement)


def caller_of_key(token_digest: str, at: datetime) -> Caller | None:
    """Return the maker of an API key that is good, with the key, or None. A maker who left the workspace has no keys."""
    row = session().execute(_key_holder(), {"token_digest": token_digest, "at": at}).one_or_none()
    if row is None:
        return None
    key = {"id": row[4], "name": row[5], "scopes": row[6], "last_used_at": row[7]}
    return Caller(row[0], row[1], row[2], row[3], [row[3]], key=key)


def find_by_login(login: str, address: str | None) -> tuple[User | None, bool]:
    """Return the user with this address or user name, and whether they have a session from this network address."""
    known = sa.exists().where(UserSession.user_id == User.id, UserSession.address == address)
    name = login.strip().lower()
    statement = sa.select(User, known).where(sa.or_(sa.func.lower(User.email) == name, sa.func.lower(User.username) == name))
    row = session().execute(statement).first()
    return (row[0], bool(row[1])) if row else (None, False)


def find_by_email(email: str) -> User | None:
    """Return the user with this address, whatever its case, or None."""
    return session().scalars(sa.select(User).where(sa.func.lower(User.email) == email.lower())).one_or_none()


def user_for_update(user_id: int) -> User:
    """Return a user as they are now, held until the transaction ends."""
    return (
        session()
        .execute(sa.select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True))
        .scalar_one()
    )


def list_sessions(user_id: int, at: datetime, idle: timedelta) -> Sequence[UserSession]:
    """Return a user's living sessions, the last used first."""
    alive = sa.and_(UserSession.expires_at > at, UserSession.last_seen_at > at - idle)
    same = sa.select(User.auth_version).where(User.id == user_id).scalar_subquery()
    statement = sa.select(UserSession).where(UserSession.user_id == user_id, alive, UserSession.auth_version == same)
    return session().scalars(statement.order_by(UserSession.last_seen_at.desc(), UserSession.id.desc()).limit(100)).all()


def memberships_of(user_id: int) -> Sequence[tuple[Membership, Workspace]]:
    """Return what a user is, and where, by the workspaces' names."""
    statement = sa.select(Membership, Workspace).join(Workspace, Workspace.id == Membership.workspace_id)
    statement = statement.where(Membership.user_id == user_id).order_by(sa.func.lower(Workspace.name), Workspace.id)
    return [(row[0], row[1]) for row in session().execute(any_workspace(statement))]


def find_membership(workspace_id: int, user_id: int) -> Membership | None:
    """Return a user's membership of a workspace, or None."""
    statement = sa.select(Membership).where(Membership.workspace_id == workspace_id, Membership.user_id == user_id)
    return session().scalars(statement).one_or_none()


def list_members(workspace_id: int) -> Sequence[tuple[Membership, User]]:
    """Return members by name."""
    statement = sa.select(Membership, User).join(User, User.id == Membership.user_id).where(Membership.workspace_id == workspace_id)
    return [(row[0], row[1]) for row in session().execute(statement.order_by(sa.func.lower(User.name), User.id).limit(500))]


def has_lesser_editor(workspace_id: int) -> bool:
    """Tell whether somebody who is no owner may change the settings of a workspace, and with them by which server its mail goes."""
    lesser = [role for role, held in ROLES.items() if role != "owner" and "settings.edit" in held]
    statement = sa.select(Membership.id).where(Membership.workspace_id == workspace_id, Membership.role.in_(lesser))
    return session().scalars(statement.limit(1)).first() is not None


def edits_settings(workspace_id: int, user_id: int) -> bool:
    """Tell whether a user may, as of now, change the settings of a workspace."""
    found = find_membership(workspace_id, user_id)
    return found is not None and "settings.edit" in ROLES[found.role]


def members_among(workspace_id: int, emails: Collection[str]) -> set[str]:
    """Return which of these addresses (in small letters) belong to members of the workspace."""
    email = sa.func.lower(User.email)
    statement = sa.select(email).join(Membership, Membership.user_id == User.id)
    return set(session().scalars(statement.where(Membership.workspace_id == workspace_id, email.in_(emails))))


def lock_owners(workspace_id: int) -> list[int]:
    """Return the ids of the owners' memberships, held in order, so that two changes cannot both take the last but one."""
    statement = sa.select(Membership.id).where(Membership.workspace_id == workspace_id, Membership.role == "owner")
    return list(session().scalars(statement.order_by(Membership.id).with_for_update()))


def list_invitations(workspace_id: int, at: datetime) -> Sequence[Invitation]:
    """Return the invitations that can still be accepted, the newest first."""
    statement = sa.select(Invitation).where(
        Invitation.workspace_id == workspace_id,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > at,
    )
    return session().scalars(statement.order_by(Invitation.id.desc()).limit(500)).all()


def find_invitation(token_digest: str, at: datetime, *, lock: bool = False) -> tuple[Invitation, Workspace] | None:
    """Return an invitation that can still be accepted, with its workspace, or None."""
    statement = sa.select(Invitation, Workspace).join(Workspace, Workspace.id == Invitation.workspace_id)
    statement = statement.where(
        Invitation.token_digest == token_digest,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > at,
    )
    if lock:
        statement = statement.with_for_update(of=Invitation)
    row = session().execute(any_workspace(statement)).one_or_none()
    return (row[0], row[1]) if row else None


def list_keys(workspace_id: int) -> Sequence[tuple[ApiKey, str]]:
    """Return the API keys of a workspace with the names of their makers: living first, then newest first."""
    statement = sa.select(ApiKey, User.name).join(User, User.id == ApiKey.created_by).where(ApiKey.workspace_id == workspace_id)
    order = (ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    return [(row[0], row[1]) for row in session().execute(statement.order_by(*order).limit(500))]


def find_reset(token_digest: str, at: datetime, *, lock: bool = False) -> PasswordReset | None:
    """Return a reset link that can still be used, or None."""
    statement = sa.select(PasswordReset).where(
        PasswordReset.token_digest == token_digest, PasswordReset.used_at.is_(None), PasswordReset.expires_at > at
    )
    return session().scalars(statement.with_for_update() if lock else statement).one_or_none()


def find_refresh(token_digest: str) -> RefreshToken | None:
    """Return a refresh token in whatever state, held until the transaction ends, or None."""
    return session().scalars(sa.select(RefreshToken).where(RefreshToken.token_digest == token_digest).with_for_update()).one_or_none()


def unused_recovery_codes(user_id: int) -> int:
    """Return how many recovery codes a user has left."""
    statement = sa.select(sa.func.count()).select_from(RecoveryCode)
    return session().scalar(statement.where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))) or 0
