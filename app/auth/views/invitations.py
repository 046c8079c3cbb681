"""Joining a workspace by a link."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.auth import loader, service
from app.auth.schemas import AcceptIn
from app.auth.views.account import person
from app.auth.views.sign_in import come_in
from app.core.errors import Invalid, NotFound
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal

pages = Pages("invitations", __name__)


@pages.form("/invitations/<token>", public=True)
def accept(caller: Principal | None, token: str) -> ResponseReturnValue:
    """Show who invites to what. Somebody without an account makes one; others accept with theirs."""
    try:
        invitation, workspace = service.get_invitation(token)
    except NotFound:
        return render_template("auth/link_over.html", what="invitation"), 404
    form = Form(AcceptIn, request.form if request.method == "POST" else None)
    known = service.has_account(invitation)
    if request.method == "POST":
        try:
            return _join_known(caller, token) if known else _join_new(caller, token, form)
        except Invalid as no:
            form.refuse(no)
            invitation, workspace = service.get_invitation(token)
    page = render_template("auth/invitation.html", form=form, invitation=invitation, workspace=workspace, known=known, token=token)
    return page, 422 if form.errors else 200


def _join_new(caller: Principal | None, token: str, form: Form[AcceptIn]) -> ResponseReturnValue:
    user, workspace_id = service.accept_as_new(token, form.parse(), loader.origin())
    return come_in(user, "/", caller, workspace_id)


def _join_known(caller: Principal | None, token: str) -> ResponseReturnValue:
    if caller is None:
        return redirect(f"/auth/login?next=/invitations/{token}")
    user_id = person(caller)
    workspace_id = service.accept_as_member(token, user_id)
    service.enter_workspace(caller.session_id or 0, user_id, workspace_id)
    flash("You have joined.")
    return redirect("/")
