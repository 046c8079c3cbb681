"""Who belongs to a workspace, and as what. Nobody gives, changes or takes away more than they hold; one owner always stays."""

from collections.abc import Set as AbstractSet

import sqlalchemy as sa

from app.audit import service as audit
from app.auth import queries
from app.auth.events import MemberJoined, MemberRemoved
from app.auth.models import ApiKey, Invitation, Membership, User
from app.auth.permissions import ROLES, SEND, SENDERS, Role, of
from app.auth.schemas import MemberChange
from app.auth.service.users import end_everything, end_resets
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Forbidden, Invalid
from app.core.time import now
from app.events.service import publish

LAST_OWNER = "This is the last owner. Make somebody else an owner first."
NOT_A_SENDER = "Owners, admins and marketers can send; analysts and clients cannot."


def create_membership(workspace_id: int, user_id: int, role: Role, by: Actor, *, may_send: bool) -> Membership:
    """Make a user a member. Raises Invalid for somebody who is one, or a role that cannot send.

    Links that set a password end: one mailed by another workspace's server must not open this one too.
    """
    check_may_send(role, may_send=may_send)
    if queries.find_membership(workspace_id, user_id):
        raise Invalid({"email": "This person is a member already."})
    user = queries.user_for_update(user_id)  # nobody mails a link meanwhile, having counted the memberships before
    end_resets(user_id)
    row = Membership(workspace_id=workspace_id, user_id=user_id, role=role, may_send=may_send)
    session().add(row)
    session().flush()
    audit.record(workspace_id, by, "member.joined", ("member", row.id, user.name), None, {"role": role, "may_send": may_send})
    publish(MemberJoined(workspace_id, user_id=user_id), by)
    return row


def get_member(workspace_id: int, member_id: int) -> tuple[Membership, User]:
    """Return a member and the user. Raises NotFound."""
    row = get(Membership, workspace_id, member_id)
    return row, session().get_one(User, row.user_id)


def change_member(workspace_id: int, member_id: int, data: MemberChange, held: AbstractSet[str], by: Actor) -> Membership:
    """Change role and sending of a member; their sessions and tokens die. `held`: what the caller may do.

    Raises Forbidden where the caller holds less than the member or the new role, Invalid for the last owner, NotFound.
    """
    check_may_send(data.role, may_send=data.may_send)
    row, user = _held_member(workspace_id, member_id)
    _check_gives(held, row.role, row.may_send)
    _check_gives(held, data.role, data.may_send)
    if data.role != "owner":
        _check_not_last_owner(workspace_id, row, "role")
    before, after = audit.changed({"role": row.role, "may_send": row.may_send}, data.model_dump())
    if after:
        if not of(row.role, may_send=row.may_send) <= of(data.role, may_send=data.may_send):
            _end_invitations(workspace_id, user.id)
        row.role, row.may_send = data.role, data.may_send
        end_everything(user)
        audit.record(workspace_id, by, "member.updated", ("member", row.id, user.name), before, after)
    return row


def remove_member(workspace_id: int, member_id: int, held: AbstractSet[str], by: Actor) -> None:
    """Take a member out of the workspace; their API keys and invitations in it, sessions and tokens die. Raises Forbidden, Invalid, NotFound."""
    row, _ = _held_member(workspace_id, member_id)
    _check_gives(held, row.role, row.may_send)
    _remove(workspace_id, row, by)


def leave(workspace_id: int, user_id: int, by: Actor) -> None:
    """Leave a workspace. Raises Invalid for the last owner, NotFound."""
    found = queries.find_membership(workspace_id, user_id)
    row, _ = _held_member(workspace_id, found.id if found else 0)
    _remove(workspace_id, row, by)


def _remove(workspace_id: int, row: Membership, by: Actor) -> None:
    _check_not_last_owner(workspace_id, row, "")
    user = session().get_one(User, row.user_id)
    keys = sa.update(ApiKey).where(ApiKey.workspace_id == workspace_id, ApiKey.created_by == user.id, ApiKey.revoked_at.is_(None))
    session().execute(keys.values(revoked_at=now()))
    _end_invitations(workspace_id, user.id)
    before = {"role": row.role, "may_send": row.may_send}
    audit.record(workspace_id, by, "member.removed", ("member", row.id, user.name), before, None)
    session().delete(row)
    if user.last_workspace_id == workspace_id:
        user.last_workspace_id = None
    end_everything(user)
    publish(MemberRemoved(workspace_id, user_id=user.id), by)


def _end_invitations(workspace_id: int, user_id: int) -> None:
    """End the open invitations of somebody who loses rights: else they could come back by one they sent to themselves."""
    mine = sa.update(Invitation).where(Invitation.workspace_id == workspace_id, Invitation.invited_by == user_id)
    session().execute(mine.where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)).values(revoked_at=now()))


def _held_member(workspace_id: int, member_id: int) -> tuple[Membership, User]:
    """Return a member and the user, held; owners first and in order, so that two changes cannot wait for each other."""
    queries.lock_owners(workspace_id)
    row = get(Membership, workspace_id, member_id, lock=True)
    return row, queries.user_for_update(row.user_id)


def _check_not_last_owner(workspace_id: int, row: Membership, field: str) -> None:
    if row.role == "owner" and queries.lock_owners(workspace_id) == [row.id]:
        raise Invalid({field: LAST_OWNER})


def check_may_send(role: Role, *, may_send: bool) -> None:
    """Refuse sending for roles that never send. Raises Invalid."""
    if may_send and role not in SENDERS:
        raise Invalid({"may_send": NOT_A_SENDER})


def _check_gives(held: AbstractSet[str], role: Role, may_send: bool) -> None:  # noqa: FBT001 (the two belong together)
    if not may_give(held, role, may_send=may_send):
        reason = f"Only somebody who may do all that {article(role)} may do can do this."
        raise Forbidden(reason)


def may_give(held: AbstractSet[str], role: Role, *, may_send: bool) -> bool:
    """Tell whether somebody who holds these permissions may give or take this role. Owners give sending even without having it."""
    wanted = of(role, may_send=may_send)
    return wanted <= (held | {SEND} if held >= ROLES["owner"] else held)


def article(role: Role) -> str:
    """Return the role with its article: `an owner`, `a client`."""
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"
