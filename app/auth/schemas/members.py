"""Members and invitations."""

from datetime import datetime

from app.auth.permissions import Role
from app.auth.schemas.fields import Email, NewPassword
from app.core.schemas import Line, Schema


class InvitationIn(Schema):
    """Whom to ask, and what they will be."""

    email: Email
    role: Role = "marketer"
    may_send: bool = False


class MemberChange(Schema):
    """A member's role and whether they may send. `may_send` is for owners, admins and marketers."""

    role: Role
    may_send: bool = False


class AcceptIn(Schema):
    """What somebody without an account says when they join."""

    name: Line
    password: NewPassword


class MemberOut(Schema):
    """A member of the workspace."""

    id: int
    user_id: int
    name: str
    email: str
    role: Role
    may_send: bool
    totp: bool
    created_at: datetime


class InvitationOut(Schema):
    """An open invitation."""

    id: int
    email: str
    role: Role
    may_send: bool
    expires_at: datetime
    created_at: datetime


class InvitationCreated(InvitationOut):
    """A new invitation. `link` is shown once, to be passed on; null where it was mailed."""

    link: str | None
