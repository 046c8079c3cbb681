"""Asking people to join. The link is good once, for seven days; it is mailed, or whoever invites passes it on where no mail can leave."""

from collections.abc import Set as AbstractSet
from datetime import timedelta

import sqlalchemy as sa

from app.audit import service as audit
from app.auth import queries
from app.auth.events import InvitationCreated
from app.auth.models import Invitation, User
from app.auth.origin import Origin
from app.auth.schemas import AcceptIn, InvitationIn
from app.auth.service.members import article, check_may_send, create_membership, may_give
from app.auth.service.users import create_user
from app.core import settings
from app.core.actor import Actor
from app.core.db import find, get, session
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.security import digest, random_token
from app.core.time import now
from app.events.service import publish
from app.workspaces.models import Workspace

LIFE = timedelta(days=7)


def invite(workspace_id: int, data: InvitationIn, held: AbstractSet[str], by: Actor) -> tuple[Invitation, str]:
    """Make an invitation and its link, which is kept nowhere; an earlier one to the same address ends.

    Raises Forbidden where the caller may do less than the role, Invalid for a member.
    """
    check_may_send(data.role, may_send=data.may_send)
    if not may_give(held, data.role, may_send=data.may_send):
        reason = f"Only somebody who may do all that {article(data.role)} may do can invite one."
        raise Forbidden(reason)
    user = queries.find_by_email(data.email)
    if user and queries.find_membership(workspace_id, user.id):
        raise Invalid({"email": f"{user.name} is a member already."})
    _end_earlier(workspace_id, data.email)
    token = random_token()
    row = Invitation(
        workspace_id=workspace_id, **data.model_dump(), token_digest=digest(token), invited_by=by.user_id, expires_at=now() + LIFE
    )
    session().add(row)
    session().flush()
    audit.record(workspace_id, by, "invitation.created", ("invitation", row.id, row.email), None, data.model_dump())
    publish(InvitationCreated(workspace_id, row.id), by)
    return row, _link(token)


def renew_invitation(workspace_id: int, invitation_id: int) -> tuple[Invitation, str] | None:
    """Return an open invitation with a new link, which replaces the one before; None where it is not open any more."""
    row = find(Invitation, workspace_id, invitation_id, lock=True)
    if row is None or row.accepted_at or row.revoked_at or row.expires_at <= now():
        return None
    token = random_token()
    row.token_digest = digest(token)
    session().flush()
    return row, _link(token)


def _link(token: str) -> str:
    return f"{settings.get().PUBLIC_URL}/invitations/{token}"


def _end_earlier(workspace_id: int, email: str) -> None:
    same = sa.update(Invitation).where(Invitation.workspace_id == workspace_id, sa.func.lower(Invitation.email) == email.lower())
    session().execute(same.where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)).values(revoked_at=now()))


def revoke_invitation(workspace_id: int, invitation_id: int, by: Actor) -> None:
    """End an invitation. Raises NotFound where it is not open."""
    row = get(Invitation, workspace_id, invitation_id, lock=True)
    if row.accepted_at or row.revoked_at:
        raise NotFound(Invitation.noun)
    row.revoked_at = now()
    session().flush()
    audit.record(workspace_id, by, "invitation.revoked", ("invitation", row.id, row.email), {"email": row.email, "role": row.role}, None)


def get_invitation(token: str) -> tuple[Invitation, Workspace]:
    """Return an open invitation with its workspace. Raises NotFound."""
    found = queries.find_invitation(digest(token), now())
    if found is None:
        raise NotFound(Invitation.noun)
    return found


def has_account(invitation: Invitation) -> bool:
    """Tell whether the invited address has an account already: then its owner signs in to accept."""
    return queries.find_by_email(invitation.email) is not None


def accept_as_new(token: str, data: AcceptIn, origin: Origin) -> tuple[User, int]:
    """Make an account for the invited address and join; return the user and the workspace's id. Raises NotFound, Invalid, Conflict."""
    row = _take(token)
    if has_account(row):
        reason = "There is an account with this address. Sign in to accept."
        raise Conflict(reason)
    user = create_user(row.email, data.name, data.password, origin.actor(data.name, None))
    _join(row, user)
    return user, row.workspace_id


def accept_as_member(token: str, user_id: int) -> int:
    """Join with an account that exists, and return the workspace's id. Raises NotFound, Invalid, Forbidden for another address."""
    row = _take(token)
    user = session().get_one(User, user_id)
    if user.email.lower() != row.email.lower():
        reason = f"This invitation is for {row.email}. You are signed in as {user.email}."
        raise Forbidden(reason)
    _join(row, user)
    return row.workspace_id


def _take(token: str) -> Invitation:
    found = queries.find_invitation(digest(token), now(), lock=True)
    if found is None:
        raise NotFound(Invitation.noun)
    return found[0]


def _join(row: Invitation, user: User) -> None:
    create_membership(row.workspace_id, user.id, row.role, Actor(user.name, user.id), may_send=row.may_send)
    row.accepted_at = now()
    user.last_workspace_id = row.workspace_id
    session().flush()
