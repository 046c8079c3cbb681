"""Your account: who you are, how you sign in, where you are signed in, how pages look."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.auth import browsers, loader, queries, service
from app.auth.models import User
from app.auth.schemas import AccountIn, EmailChangeIn, PasswordChangeIn, Preferences
from app.core.errors import Invalid, Unauthorized
from app.core.time import now
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.workspaces.schemas import LOCALES

pages = Pages("account", __name__)


@pages.get("/account", signed_in=True)
def account(caller: Principal) -> ResponseReturnValue:
    """Show the account."""
    return show(caller)


@pages.post("/account", signed_in=True)
def save_account(caller: Principal) -> ResponseReturnValue:
    """Change name and user name."""
    form = Form(AccountIn, request.form)
    try:
        service.update_account(person(caller), form.parse(), caller.actor, where(caller))
    except Invalid as no:
        return refuse(caller, "about", form, no)
    flash("Saved.")
    return redirect("/account")


@pages.post("/account/preferences", signed_in=True)
def save_preferences(caller: Principal) -> ResponseReturnValue:
    """Change the way figures are written."""
    form = Form(Preferences, request.form)
    try:
        service.set_preferences(person(caller), form.parse())
    except Invalid as no:
        return refuse(caller, "preferences", form, no)
    flash("Saved.")
    return redirect("/account")


@pages.form("/account/email", signed_in=True)
def change_email(caller: Principal) -> ResponseReturnValue:
    """Change the address; the password shows that it is really you."""
    form = Form(EmailChangeIn, request.form if request.method == "POST" else None, {"email": caller.email})
    if request.method == "POST":
        try:
            user = service.change_email(person(caller), form.parse(), caller.actor, where(caller))
        except Invalid as no:
            form.refuse(no)
        else:
            stay(caller, user)
            flash("Your address is changed. You were signed out everywhere else.")
            return redirect("/account")
    return render_template("auth/account_email.html", form=form), 422 if form.errors else 200


@pages.form("/account/password", signed_in=True)
def change_password(caller: Principal) -> ResponseReturnValue:
    """Change the password; all other sessions end."""
    form = Form(PasswordChangeIn, request.form if request.method == "POST" else None)
    if request.method == "POST":
        try:
            user = service.change_password(person(caller), form.parse(), caller.actor, where(caller))
        except Invalid as no:
            form.refuse(no)
        else:
            stay(caller, user)
            flash("Your password is changed. You were signed out everywhere else.")
            return redirect("/account")
    return render_template("auth/account_password.html", form=form), 422 if form.errors else 200


@pages.post("/account/sessions/<int:session_id>/end", signed_in=True)
def end_session(caller: Principal, session_id: int) -> ResponseReturnValue:
    """Sign out one browser."""
    service.end_session(person(caller), session_id, caller.actor, where(caller))
    if session_id == caller.session_id:
        loader.sign_out()
        return redirect("/auth/login")
    flash("That browser is signed out.")
    return redirect("/account")


@pages.post("/account/sessions/end", signed_in=True)
def end_all_sessions(caller: Principal) -> ResponseReturnValue:
    """Sign out everywhere, here too; access tokens die as well."""
    service.log_out_everywhere(person(caller), caller.actor, where(caller))
    loader.sign_out()
    flash("You are signed out everywhere.")
    return redirect("/auth/login")


@pages.post("/account/workspaces/<int:workspace_id>/leave", signed_in=True)
def leave(caller: Principal, workspace_id: int) -> ResponseReturnValue:
    """Leave a workspace."""
    user_id = person(caller)
    try:
        service.leave(workspace_id, user_id, caller.actor)
    except Invalid as no:
        return refuse(caller, "workspaces", Form(AccountIn), no)
    stay(caller, service.get_user(user_id))
    flash("You have left the workspace.")
    return redirect("/account")


def person(caller: Principal) -> int:
    """Return the id of the person at the browser. Raises Unauthorized for programs: an account is a person's own."""
    if caller.kind != "session" or caller.user_id is None:
        reason = "Only a person who is signed in can do this."
        raise Unauthorized(reason)
    return caller.user_id


def where(caller: Principal) -> int | None:
    """Return the id of the workspace the caller is in, for the audit log."""
    return caller.workspace.id if caller.workspace else None


def stay(caller: Principal, user: User) -> None:
    """Let this session, with a new id, outlive what has just ended all others."""
    if caller.session_id is not None:
        loader.sign_in(service.renew_session(caller.session_id, user))


def refuse(caller: Principal, part: str, form: Form[Any], no: Invalid) -> ResponseReturnValue:
    """Show the account with what is wrong in one of its forms."""
    form.refuse(no)
    return show(caller, **{part: form}), 422


def show(caller: Principal, **wrong: Form[Any]) -> str:
    """Render the account; `wrong` replaces a form by the one that was refused."""
    user = service.get_user(person(caller))
    forms: dict[str, Form[Any]] = {
        "about": Form(AccountIn, initial=user),
        "preferences": Form(Preferences, initial=user),
    }
    return render_template(
        "auth/account.html",
        user=user,
        forms=forms | wrong,
        sessions=queries.list_sessions(user.id, now(), service.idle_limit()),
        browser=browsers.name,
        memberships=queries.memberships_of(user.id),
        codes_left=queries.unused_recovery_codes(user.id) if user.totp_since else 0,
        locales=list(LOCALES.items()),
        workspaces_wrong=wrong["workspaces"].errors if "workspaces" in wrong else {},
    )
