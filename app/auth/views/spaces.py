"""Making a workspace, and going to another one."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.auth import service
from app.auth.schemas.fields import SwitchIn
from app.auth.views.account import person
from app.core.errors import Invalid
from app.core.schemas import parse
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.workspaces.schemas import LOCALES, WorkspaceIn, currencies, zones

pages = Pages("spaces", __name__)


@pages.form("/workspaces/new", signed_in=True)
def create_workspace(caller: Principal) -> ResponseReturnValue:
    """Make a workspace and go into it as its owner."""
    user_id = person(caller)
    here = caller.workspace
    initial = {"currency": here.currency, "zone": here.zone, "locale": "en"} if here else {"currency": "USD", "zone": "UTC", "locale": "en"}
    form = Form(WorkspaceIn, request.form if request.method == "POST" else None, initial)
    if request.method == "POST":
        try:
            row = service.create_workspace(form.parse(), user_id, caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            service.enter_workspace(caller.session_id or 0, user_id, row.id)
            flash(f"This is {row.name}.")
            return redirect("/")
    page = render_template("workspaces/new.html", form=form, zones=zones(), currencies=currencies(), locales=list(LOCALES.items()))
    return page, 422 if form.errors else 200


@pages.post("/workspaces/switch", signed_in=True, any_workspace=True)
def switch(caller: Principal) -> ResponseReturnValue:
    """Go to another workspace of one's own. An address of the old one means nothing there, so it starts at the way in."""
    wanted = parse(SwitchIn, {"workspace_id": request.form.get("workspace_id")})
    service.enter_workspace(caller.session_id or 0, person(caller), wanted.workspace_id)
    return redirect("/")
