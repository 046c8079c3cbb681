"""Signing in and out, and setting a forgotten password by a link."""

import re
from datetime import timedelta

import flask
import structlog
from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.auth import loader, queries, service
from app.auth.models import User
from app.auth.schemas import CodeIn, PasswordResetIn, ResetAskIn, SignInIn
from app.core import registry, settings
from app.core.errors import Invalid, Refusal, TooMany, Unauthorized
from app.core.time import now
from app.core.web.api import problem
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.limits import come_back
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal

pages = Pages("auth", __name__)
_HALFWAY = timedelta(minutes=5)
"""How long the password counts before the one-time code must come."""
_SAFE_NEXT = re.compile(r"/(?![/\\])[\x21-\x7e]*")


@pages.form("/auth/login", public=True)
def login(caller: Principal | None) -> ResponseReturnValue:
    """Ask for name and password; then for the one-time code, where the account has one."""
    if request.method == "GET":
        form = Form(SignInIn, initial={"next": request.args.get("next", "")})
        return redirect(_safe(form.value("next"))) if caller else _page("login", form)
    form = Form(SignInIn, request.form)
    try:
        data = form.parse()
        user = service.check_login(data.login, data.password, loader.origin())
    except (Invalid, Unauthorized, TooMany) as no:
        return _refused("login", form, no)
    if user.totp_since is not None:
        flask.session["halfway"] = {"user": user.id, "version": user.auth_version, "at": now().timestamp(), "next": data.next}
        return redirect("/auth/code")
    return come_in(user, data.next, caller)


@pages.form("/auth/code", public=True)
def code(caller: Principal | None) -> ResponseReturnValue:
    """Ask for the one-time code, or a recovery code in its place."""
    halfway = flask.session.get("halfway")
    if not halfway or now().timestamp() - halfway["at"] > _HALFWAY.total_seconds():
        flask.session.pop("halfway", None)
        return redirect("/auth/login")
    if request.method == "GET":
        return _page("code", Form(CodeIn))
    form = Form(CodeIn, request.form)
    try:
        user = service.check_code(halfway["user"], form.parse().code, loader.origin())
    except (Invalid, Unauthorized, TooMany) as no:
        return _refused("code", form, no)
    if user.auth_version != halfway["version"]:
        flask.session.pop("halfway")
        return redirect("/auth/login")
    return come_in(user, halfway["next"], caller)


def come_in(user: User, wanted: str, caller: Principal | None, workspace_id: int | None = None) -> ResponseReturnValue:
    """Start a session with a new id, end the one this browser had, and go where the person was going."""
    if caller and caller.session_id:
        service.drop_session(caller.session_id)
    token, where = service.start_session(user, loader.origin(), workspace_id)
    service.note_signed_in(user, loader.origin(), where, "session")
    loader.sign_in(token)
    return redirect(_safe(wanted))


@pages.post("/auth/logout", public=True)
def logout(caller: Principal | None) -> ResponseReturnValue:
    """End this session. Nothing is wrong with signing out twice."""
    if caller and caller.session_id and caller.user_id:
        service.end_session(caller.user_id, caller.session_id, caller.actor, caller.workspace.id if caller.workspace else None)
    loader.sign_out()
    return redirect("/auth/login")


@pages.get("/auth/me", public=True)
def me(caller: Principal | None) -> ResponseReturnValue:
    """Say who calls, as JSON, for a session or a bearer token."""
    if caller is None:
        return problem(Unauthorized.status, Unauthorized.title)
    return jsonify(loader.describe(caller).model_dump(mode="json"))


@pages.form("/auth/forgot", public=True)
def forgot(_caller: Principal | None) -> ResponseReturnValue:
    """Ask for a link that sets a new password. The answer is the same whether or not there is such an account."""
    form = Form(ResetAskIn, request.form if request.method == "POST" else None)
    if request.method == "GET":
        return _page("forgot", form)
    try:
        user = service.ask_reset(form.parse().login, loader.origin())
    except (Invalid, TooMany) as no:
        return _refused("forgot", form, no)
    if user is not None and settings.get().EMBEDDED and not _is_mailed(user):
        structlog.get_logger().info("a link that sets a new password", user_id=user.id, link=service.create_reset(user.id))
    return _page("forgot_sent", form)


def _is_mailed(user: User) -> bool:
    """Tell whether the link a user asks for goes out by mail."""
    place = user.last_workspace_id or 0
    found = queries.find_membership(place, user.id)
    return found is not None and registry.mails_accounts(place, found.role)


@pages.form("/auth/reset/<token>", public=True)
def reset(_caller: Principal | None, token: str) -> ResponseReturnValue:
    """Set a new password by a link."""
    if not service.reset_is_open(token):
        return render_template("auth/link_over.html", what="reset"), 404
    form = Form(PasswordResetIn, request.form if request.method == "POST" else None)
    if request.method == "GET":
        return _page("reset", form)
    try:
        service.reset_password(token, form.parse().password, loader.origin())
    except Invalid as no:
        return _refused("reset", form, no)
    loader.sign_out()
    flash("The new password counts from now on. All earlier sessions have ended.")
    return redirect("/auth/login")


def _page(name: str, form: Form, status: int = 200) -> ResponseReturnValue:  # type: ignore[type-arg]
    return render_template(f"auth/{name}.html", form=form), status


def _refused(name: str, form: Form, no: Refusal) -> ResponseReturnValue:  # type: ignore[type-arg]
    form.refuse(no if isinstance(no, Invalid) else Invalid({"": no.reason}))
    answer = flask.make_response(render_template(f"auth/{name}.html", form=form), no.status if isinstance(no, TooMany) else 422)
    if isinstance(no, TooMany):
        come_back(no.retry_after)
    return answer


def _safe(wanted: str) -> str:
    """Return a path of this site: never another host, which two slashes would be."""
    return wanted if _SAFE_NEXT.fullmatch(wanted) else "/"
