"""Members of the workspace, invitations, and what each role may do."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.auth import permissions, queries, service
from app.auth.schemas import InvitationIn, MemberChange
from app.core import registry
from app.core.errors import Invalid
from app.core.time import now
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal

pages = Pages("members", __name__)


@pages.get("/settings/members", "settings.view")
def list_members(caller: Principal) -> ResponseReturnValue:
    """Show who belongs to the workspace, and who is asked to."""
    members = queries.list_members(caller.workspace_id)
    return render_template("auth/members.html", members=members, invitations=queries.list_invitations(caller.workspace_id, now()))


@pages.form("/settings/members/invite", "members.edit")
def invite(caller: Principal) -> ResponseReturnValue:
    """Ask somebody to join; the link is mailed, or shown once, to be passed on, where no mail can leave."""
    form = Form(InvitationIn, request.form if request.method == "POST" else None, {"role": "marketer"})
    if request.method == "POST":
        try:
            row, link = service.invite(caller.workspace_id, form.parse(), caller.permissions, caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            if not registry.mails_accounts(caller.workspace_id, row.role):
                return render_template("auth/invited.html", invitation=row, link=link)
            flash(f"The invitation is on its way to {row.email}.")
            return redirect("/settings/members")
    roles = _roles(caller)
    mails = {role for role, _, _ in roles if registry.mails_accounts(caller.workspace_id, role)}
    return render_template("auth/invite.html", form=form, roles=roles, mails=mails), 422 if form.errors else 200


@pages.post("/settings/members/invitations/<int:invitation_id>/revoke", "members.edit")
def revoke_invitation(caller: Principal, invitation_id: int) -> ResponseReturnValue:
    """End an invitation."""
    service.revoke_invitation(caller.workspace_id, invitation_id, caller.actor)
    flash("The invitation is withdrawn. Its link leads nowhere now.")
    return redirect("/settings/members")


@pages.form("/settings/members/<int:member_id>", "members.edit")
def change_member(caller: Principal, member_id: int) -> ResponseReturnValue:
    """Change a member's role, and whether they may send."""
    membership, user = service.get_member(caller.workspace_id, member_id)
    form = Form(MemberChange, request.form if request.method == "POST" else None, membership)
    if request.method == "POST":
        try:
            service.change_member(caller.workspace_id, member_id, form.parse(), caller.permissions, caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            flash(f"Saved. {user.name} signs in again with the new role.")
            return redirect("/settings/members")
    return _member(caller, member_id, form)


@pages.post("/settings/members/<int:member_id>/remove", "members.edit")
def remove_member(caller: Principal, member_id: int) -> ResponseReturnValue:
    """Take a member out of the workspace."""
    try:
        service.remove_member(caller.workspace_id, member_id, caller.permissions, caller.actor)
    except Invalid as no:
        form = Form(MemberChange, initial=service.get_member(caller.workspace_id, member_id)[0])
        form.refuse(no)
        return _member(caller, member_id, form)
    flash("The member is removed, with the API keys they made here.")
    return redirect("/settings/members")


def _member(caller: Principal, member_id: int, form: Form[MemberChange]) -> ResponseReturnValue:
    membership, user = service.get_member(caller.workspace_id, member_id)
    mine = service.may_give(caller.permissions, membership.role, may_send=membership.may_send)
    page = render_template("auth/member.html", membership=membership, user=user, form=form, roles=_roles(caller), mine=mine)
    return page, 422 if form.errors else 200


def _roles(caller: Principal) -> list[tuple[str, str, str]]:
    """Return the roles the caller may give, for choosing."""
    words = permissions.ROLE_WORDS.items()
    return [(role, role.capitalize(), text) for role, text in words if service.may_give(caller.permissions, role, may_send=False)]


@pages.get("/settings/roles", "settings.view")
def roles(_caller: Principal) -> ResponseReturnValue:
    """Show the table of roles and permissions."""
    return render_template(
        "auth/roles.html",
        permissions=permissions.PERMISSIONS,
        roles=permissions.ROLES,
        words=permissions.ROLE_WORDS,
        senders=permissions.SENDERS,
    )
