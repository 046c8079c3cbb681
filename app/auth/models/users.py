"""People, what they are in each workspace, and who is asked to join."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.auth.permissions import ROLES, Role
from app.core.db import BigId, Created, Model, Tenant

_ROLE = f"role IN ({', '.join(repr(role) for role in ROLES)})"
_SEND = "NOT may_send OR role IN ('owner', 'admin', 'marketer')"


class User(Model):
    """A person who signs in. Belongs to no workspace; memberships say which ones they work in."""

    __tablename__ = "users"
    __table_args__ = (
        sa.Index("uq_users_email", sa.text("lower(email)"), unique=True),
        sa.Index("uq_users_username", sa.text("lower(username)"), unique=True),
    )
    noun = "user"
    id: Mapped[BigId]
    email: Mapped[str]
    username: Mapped[str | None]
    name: Mapped[str]
    password_hash: Mapped[str]
    auth_version: Mapped[int] = mapped_column(sa.Integer, default=1)
    """Raised whenever all sessions and tokens of the user must die; each of them carries the value it was made with."""
    totp_secret: Mapped[str | None]
    """Sealed. Set from the moment the picture is shown; counts only once `totp_since` is set."""
    totp_since: Mapped[datetime | None]
    totp_last_step: Mapped[int] = mapped_column(default=0)
    locale: Mapped[str | None]
    """None: as the workspace."""
    demo: Mapped[bool] = mapped_column(default=False)
    """The demo user of the embedded database: only for requests whose Host is loopback."""
    last_workspace_id: Mapped[int | None] = mapped_column(sa.Integer, sa.ForeignKey("workspaces.id", ondelete="SET NULL"))
    created_at: Mapped[Created]


class Membership(Tenant, Model):
    """What a user is in a workspace."""

    __tablename__ = "memberships"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "user_id"),
        sa.Index("ix_memberships_user_id", "user_id"),
        sa.CheckConstraint(_ROLE, name="role"),
        sa.CheckConstraint(_SEND, name="may_send"),
    )
    noun = "member"
    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[Role] = mapped_column(sa.Text)
    may_send: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Created]


class Invitation(Tenant, Model):
    """Somebody is asked to join. The link is good once, for seven days; its token is kept as a digest."""

    __tablename__ = "invitations"
    __table_args__ = (
        sa.Index(
            "uq_invitations_open",
            "workspace_id",
            sa.text("lower(email)"),
            unique=True,
            postgresql_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
        sa.CheckConstraint(_ROLE, name="role"),
        sa.CheckConstraint(_SEND, name="may_send"),
    )
    noun = "invitation"
    id: Mapped[BigId]
    email: Mapped[str]
    role: Mapped[Role] = mapped_column(sa.Text)
    may_send: Mapped[bool] = mapped_column(default=False)
    token_digest: Mapped[str] = mapped_column(unique=True)
    invited_by: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[Created]
