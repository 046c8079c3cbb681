"""Sessions, keys, tokens and one-time links: rows hold digests, so that a stolen backup opens nothing."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class UserSession(Model):
    """A signed-in browser. `workspace_id` is where it is now; the session ends when idle too long or at `expires_at`."""

    __tablename__ = "sessions"
    __table_args__ = (sa.Index("ix_sessions_user_id", "user_id"), sa.Index("ix_sessions_expires_at", "expires_at"))
    noun = "session"
    id: Mapped[BigId]
    token_digest: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    in_workspace: Mapped[int | None] = mapped_column(sa.Integer, sa.ForeignKey("workspaces.id", ondelete="SET NULL"))
    auth_version: Mapped[int] = mapped_column(sa.Integer)
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiKey(Tenant, Model):
    """A secret of one workspace with a set of permissions. It never does more than its maker may do at that moment."""

    __tablename__ = "api_keys"
    __table_args__ = (sa.Index("ix_api_keys_workspace_id_id", "workspace_id", "id"), sa.Index("ix_api_keys_created_by", "created_by"))
    noun = "API key"
    id: Mapped[BigId]
    name: Mapped[str]
    hint: Mapped[str]
    """First characters, so that people can tell keys apart."""
    token_digest: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_by: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_from: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class RefreshToken(Model):
    """One link of a chain of refresh tokens. A token used twice ends its whole family."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        sa.Index("ix_refresh_tokens_family", "family"),
        sa.Index("ix_refresh_tokens_user_id", "user_id"),
        sa.Index("ix_refresh_tokens_expires_at", "expires_at"),
    )
    id: Mapped[BigId]
    token_digest: Mapped[str] = mapped_column(unique=True)
    family: Mapped[UUID]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    for_workspace: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("workspaces.id", ondelete="CASCADE"))
    auth_version: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RecoveryCode(Model):
    """A code that replaces the one-time code, once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (sa.UniqueConstraint("user_id", "code_digest"),)
    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    code_digest: Mapped[str]
    used_at: Mapped[datetime | None]


class PasswordReset(Model):
    """A link that sets a new password: good once, for an hour."""

    __tablename__ = "password_resets"
    __table_args__ = (sa.Index("ix_password_resets_user_id", "user_id"),)
    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    token_digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInThrottle(Model):
    """Attempts to sign in while Redis is down (otherwise they are counted there). Unlogged: it may vanish in a crash."""

    __tablename__ = "sign_in_throttle"
    __table_args__ = {"prefixes": ["UNLOGGED"]}
    key: Mapped[str] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(sa.Integer)
    wait_until: Mapped[datetime]
    forget_at: Mapped[datetime]
