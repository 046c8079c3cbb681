"""Members, invitations and the caller's workspaces for programs."""

from app.auth import queries, service
from app.auth.models import Membership, User
from app.auth.schemas import InvitationCreated, InvitationIn, MemberChange, MemberOut
from app.auth.schemas.members import InvitationOut
from app.core import registry
from app.core.schemas import Page
from app.core.time import now
from app.core.web.api import Api
from app.core.web.principal import Principal

api = Api("members", __name__)


@api.get("/members", "settings.view", returns=Page[MemberOut], summary="List the members")
def list_members(caller: Principal) -> Page[MemberOut]:
    """Return who belongs to the workspace, by name. There are few: one page."""
    return Page(items=[_out(row, user) for row, user in queries.list_members(caller.workspace_id)])


@api.patch("/members/<int:member_id>", "members.edit", body=MemberChange, returns=MemberOut, summary="Change a member's role")
def change_member(caller: Principal, member_id: int, body: MemberChange) -> MemberOut:
    """Change role and sending. The member's sessions and tokens end."""
    service.change_member(caller.workspace_id, member_id, body, caller.permissions, caller.actor)
    return _out(*service.get_member(caller.workspace_id, member_id))


@api.delete("/members/<int:member_id>", "members.edit", summary="Remove a member")
def remove_member(caller: Principal, member_id: int) -> None:
    """Take a member out of the workspace, with the API keys they made in it."""
    service.remove_member(caller.workspace_id, member_id, caller.permissions, caller.actor)


@api.get("/invitations", "members.edit", returns=Page[InvitationOut], summary="List the open invitations")
def list_invitations(caller: Principal) -> Page[InvitationOut]:
    """Return the invitations that can still be accepted, newest first. There are few: one page."""
    return Page(items=[InvitationOut.model_validate(row) for row in queries.list_invitations(caller.workspace_id, now())])


@api.post("/invitations", "members.edit", body=InvitationIn, returns=InvitationCreated, status=201, secret=True, summary="Invite somebody")
def invite(caller: Principal, body: InvitationIn) -> InvitationCreated:
    """Ask somebody to join. The link is mailed, or returned, this once, where no mail can leave the workspace."""
    row, link = service.invite(caller.workspace_id, body, caller.permissions, caller.actor)
    mailed = registry.mails_accounts(caller.workspace_id, row.role)
    return InvitationCreated(**InvitationOut.model_validate(row).model_dump(), link=None if mailed else link)


@api.delete("/invitations/<int:invitation_id>", "members.edit", summary="Withdraw an invitation")
def revoke_invitation(caller: Principal, invitation_id: int) -> None:
    """End an invitation."""
    service.revoke_invitation(caller.workspace_id, invitation_id, caller.actor)


def _out(row: Membership, user: User) -> MemberOut:
    return MemberOut(
        id=row.id,
        user_id=user.id,
        name=user.name,
        email=user.email,
        role=row.role,
        may_send=row.may_send,
        totp=user.totp_since is not None,
        created_at=row.created_at,
    )
