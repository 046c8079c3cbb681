"""News of this room. Payloads carry ids, never secrets or addresses."""

from dataclasses import dataclass

from app.events.service import Event


@dataclass(frozen=True)
class MemberJoined(Event):
    """Somebody became a member of the workspace."""

    user_id: int


@dataclass(frozen=True)
class MemberRemoved(Event):
    """Somebody is no member of the workspace any more."""

    user_id: int


@dataclass(frozen=True)
class PasswordResetAsked(Event):
    """A user asks for a link that sets a new password; whoever sends mail makes one with `service.create_reset`."""

    user_id: int


@dataclass(frozen=True)
class InvitationCreated(Event):
    """Somebody is asked to join; whoever sends mail makes the link anew with `service.renew_invitation`, since it is kept nowhere."""

    invitation_id: int
