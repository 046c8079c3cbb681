"""API keys: listed with their last use, made, shown once, revoked."""

from datetime import timedelta
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.auth import permissions, queries, service
from app.auth.schemas import KeyIn
from app.auth.schemas.keys import KeyForm
from app.core.errors import Invalid
from app.core.time import now
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal

pages = Pages("keys", __name__)


@pages.get("/settings/api-keys", "api_keys.edit")
def list_keys(caller: Principal) -> ResponseReturnValue:
    """Show the keys of the workspace."""
    return render_template("auth/keys.html", keys=queries.list_keys(caller.workspace_id), now=now())


@pages.form("/settings/api-keys/new", "api_keys.edit")
def create_key(caller: Principal) -> ResponseReturnValue:
    """Make a key, and show its secret once."""
    form = Form(KeyForm, request.form if request.method == "POST" else None, {"days": "90"})
    if request.method == "POST":
        try:
            data = form.parse()
            expires_at = now() + timedelta(days=data.days) if data.days else None
            wanted = KeyIn(name=data.name, scopes=data.scopes, expires_at=expires_at)
            row, secret = service.create_key(caller.workspace_id, wanted, caller.permissions, caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            return render_template("auth/key_made.html", key=row, secret=secret)
    return _new(caller, form), 422 if form.errors else 200


@pages.post("/settings/api-keys/<int:key_id>/revoke", "api_keys.edit")
def revoke_key(caller: Principal, key_id: int) -> ResponseReturnValue:
    """End a key."""
    service.revoke_key(caller.workspace_id, key_id, caller.actor)
    flash("The key is revoked. Calls with it are refused from now on.")
    return redirect("/settings/api-keys")


def _new(caller: Principal, form: Form[Any]) -> str:
    held = permissions.in_order(caller.permissions)
    return render_template("auth/key_new.html", form=form, held=[(name, permissions.PERMISSIONS[name]) for name in held])
