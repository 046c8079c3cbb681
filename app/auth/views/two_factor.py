"""One-time codes: switched on with the picture and a first code, off with the password."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.auth import service, totp
from app.auth.schemas import CodeIn, ConfirmIn
from app.auth.views.account import person, stay, where
from app.core.errors import Invalid
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal

pages = Pages("two_factor", __name__)


@pages.form("/account/codes", signed_in=True)
def switch_on(caller: Principal) -> ResponseReturnValue:
    """Show the picture for the app, and take the first code; then show the recovery codes, once."""
    user_id = person(caller)
    form = Form(CodeIn, request.form if request.method == "POST" else None)
    if request.method == "POST":
        try:
            user, codes = service.confirm_totp(user_id, form.parse().code, caller.actor, where(caller))
        except Invalid as no:
            form.refuse(no)
        else:
            stay(caller, user)
            return render_template("auth/recovery_codes.html", codes=codes)
    secret = service.begin_totp(user_id)
    picture = Markup(totp.picture(secret, caller.email))  # noqa: S704 (made by segno from our own text, which stands in it as squares)
    page = render_template("auth/codes_on.html", form=form, picture=picture, secret=_groups(secret))
    return page, 422 if form.errors else 200


@pages.form("/account/codes/renew", signed_in=True)
def renew_codes(caller: Principal) -> ResponseReturnValue:
    """Make new recovery codes; the old ones are worth nothing from then on."""
    form = Form(ConfirmIn, request.form if request.method == "POST" else None)
    if request.method == "POST":
        try:
            codes = service.renew_recovery_codes(person(caller), form.parse().password, caller.actor, where(caller))
        except Invalid as no:
            form.refuse(no)
        else:
            return render_template("auth/recovery_codes.html", codes=codes)
    return render_template("auth/codes_confirm.html", form=form, act="renew"), 422 if form.errors else 200


@pages.form("/account/codes/off", signed_in=True)
def switch_off(caller: Principal) -> ResponseReturnValue:
    """Switch one-time codes off."""
    form = Form(ConfirmIn, request.form if request.method == "POST" else None)
    if request.method == "POST":
        try:
            user = service.stop_totp(person(caller), form.parse().password, caller.actor, where(caller))
        except Invalid as no:
            form.refuse(no)
        else:
            stay(caller, user)
            flash("One-time codes are off.")
            return redirect("/account")
    return render_template("auth/codes_confirm.html", form=form, act="off"), 422 if form.errors else 200


def _groups(secret: str) -> str:
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
