"""Members of the workspace, invitations, and what each role may do."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.auth import permissions, queries, service
from app.auth.schemas import InvitationIn, MemberChange
from app.core import settings
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
    return show(caller)


@pages.post("/settings/members/invite", "members.edit")
def invite(caller: Principal) -> ResponseReturnValue:
    """Ask somebody to join; the link is shown once, to be passed on."""
    form = Form(InvitationIn, request.form)
    try:
        row, token = service.invite(caller.workspace_id, form.parse(), caller.permissions, caller.actor)
    except Invalid as no:
        form.refuse(no)
        return show(caller, invitation=form), 422
    link = f"{settings.get().PUBLIC_URL}/invitations/{token}"
    return render_template("auth/invited.html", invitation=row, link=link)


@pages.post("/settings/members/invitations/<int:invitation_id>/revoke", "members.edit")
def revoke_invitation(caller: Principal, invitation_id: int) -> ResponseReturnValue:
    """End an invitation."""
    service.revoke_invitation(caller.workspace_id, invitation_id, caller.actor)
    flash("The invitation is withdrawn. Its link leads nowhere now.")
    return redirect("/settings/members")


@pages.post("/settings/members/<int:member_id>", "members.edit")
def change_member(caller: Principal, member_id: int) -> ResponseReturnValue:
    """Change a member's role, and whether they may send."""
    form = Form(MemberChange, request.form)
    try:
        service.change_member(caller.workspace_id, member_id, form.parse(), caller.permissions, caller.actor)
    except Invalid as no:
        form.refuse(no)
        return show(caller, wrong={member_id: no.errors}), 422
    flash("Saved. The member signs in again with the new role.")
    return redirect("/settings/members")


@pages.post("/settings/members/<int:member_id>/remove", "members.edit")
def remove_member(caller: Principal, member_id: int) -> ResponseReturnValue:
    """Take a member out of the workspace."""
    form = Form(MemberChange)
    try:
        service.remove_member(caller.workspace_id, member_id, caller.permissions, caller.actor)
    except Invalid as no:
        form.refuse(no)
        return show(caller, wrong={member_id: no.errors}), 422
    flash("The member is removed, with the API keys they made here.")
    return redirect("/settings/members")


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


def show(caller: Principal, invitation: Form[Any] | None = None, wrong: dict[int, dict[str, str]] | None = None) -> str:
    """Render the members; `wrong` holds what was refused about one of them."""
    return render_template(
        "auth/members.html",
        members=queries.list_members(caller.workspace_id),
        invitations=queries.list_invitations(caller.workspace_id, now()),
        invitation=invitation or Form(InvitationIn, initial={"role": "marketer"}),
        roles=list(permissions.ROLE_WORDS.items()),
        senders=permissions.SENDERS,
        may_give=lambda role, may_send: service.may_give(caller.permissions, role, may_send=may_send),
        wrong=wrong or {},
    )
