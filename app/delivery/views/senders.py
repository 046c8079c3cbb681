"""Senders: listed with how they fare, made, changed, tested, deleted."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.core.errors import Conflict, Invalid
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal
from app.delivery.models import Sender
from app.delivery.probe import Outcome
from app.delivery.queries import senders as queries
from app.delivery.schemas.senders import SenderIn, SenderPatch, TestIn
from app.delivery.service import sender_tests
from app.delivery.service import senders as service
from app.workspaces import queries as workspaces

pages = Pages("senders", __name__)
_TLS = [("starttls", "STARTTLS, usually port 587"), ("tls", "TLS from the start, usually port 465"), ("none", "None")]


@pages.get("/settings/senders", "settings.view")
def list_senders(caller: Principal) -> ResponseReturnValue:
    """Show the senders, and how each fares."""
    rows = queries.list_senders(caller.workspace_id)
    held, rates = queries.held_until(caller.workspace_id), queries.rates(caller.workspace_id)
    return render_template("delivery/senders.html", senders=rows, held=held, rates=rates)


@pages.form("/settings/senders/new", "settings.edit")
def create_sender(caller: Principal) -> ResponseReturnValue:
    """Add an SMTP account."""
    form = Form(SenderIn, request.form if request.method == "POST" else None, _begin(caller))
    if request.method == "POST":
        try:
            row = service.create(caller.workspace_id, form.parse(), caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            flash(f"{row.name} is added. Test it before you rely on it.")
            return redirect(f"/settings/senders/{row.id}")
    elif caller.workspace and caller.workspace.sandbox:
        return redirect("/settings/senders")
    page = render_template("delivery/sender_new.html", form=form, tls=_TLS, brands=_brands(caller), sandbox=False)
    return page, 422 if form.errors else 200


@pages.get("/settings/senders/<int:sender_id>", "settings.view")
def show_sender(caller: Principal, sender_id: int) -> ResponseReturnValue:
    """Show a sender."""
    return _show(caller, queries.get_sender(caller.workspace_id, sender_id))


@pages.post("/settings/senders/<int:sender_id>/edit", "settings.edit")
def save_sender(caller: Principal, sender_id: int) -> ResponseReturnValue:
    """Change a sender; an empty password leaves the one that is kept."""
    given = MultiDict([(name, value) for name, value in request.form.items(multi=True) if name != "password" or value])
    form = Form(SenderPatch, given)
    try:
        row = service.update(caller.workspace_id, sender_id, form.parse(), caller.actor)
    except Invalid as no:
        form.refuse(no)
        return _show(caller, queries.get_sender(caller.workspace_id, sender_id), form), 422
    flash("Saved." if row.password or not row.username else "Saved. It has no password now: enter the one for this server.")
    return redirect(f"/settings/senders/{row.id}")


@pages.post("/settings/senders/<int:sender_id>/test", "settings.edit")
def test_sender(caller: Principal, sender_id: int) -> ResponseReturnValue:
    """Test the connection, with a letter where an address is given, and show each step."""
    form = Form(TestIn, request.form)
    found: list[Outcome] = []
    try:
        found = sender_tests.run(caller.workspace_id, sender_id, form.parse().to, caller.actor)
    except Invalid as no:
        form.refuse(no)
    except Conflict as no:
        form.refuse(Invalid({"to": no.reason}))
    row = queries.get_sender(caller.workspace_id, sender_id)
    status = 422 if form.errors else 200
    if is_fragment():
        parts = {"sender": row, "trial": form, "found": found} | _standing(caller, row)
        return render_template("delivery/_sender_test.html", part=True, **parts), status
    return _show(caller, row, trial=form, found=found), status


@pages.post("/settings/senders/<int:sender_id>/delete", "settings.edit")
def delete_sender(caller: Principal, sender_id: int) -> ResponseReturnValue:
    """Remove a sender."""
    try:
        service.delete(caller.workspace_id, sender_id, caller.actor)
    except Conflict as no:
        form = Form(SenderPatch, initial=queries.get_sender(caller.workspace_id, sender_id))
        form.refuse(Invalid({"": no.reason}))
        return _show(caller, queries.get_sender(caller.workspace_id, sender_id), form), 409
    flash("The sender is deleted, with its password.")
    return redirect("/settings/senders")


def _show(
    caller: Principal,
    row: Sender,
    form: Form[SenderPatch] | None = None,
    trial: Form[TestIn] | None = None,
    found: list[Outcome] | None = None,
) -> str:
    return render_template(
        "delivery/sender.html",
        sender=row,
        form=form or Form(SenderPatch, initial=row),
        trial=trial or Form(TestIn, initial={"to": caller.email}),
        found=found or [],
        **_standing(caller, row),
        tls=_TLS,
        brands=_brands(caller),
        sandbox=row.kind == "sandbox",
    )


def _standing(caller: Principal, row: Sender) -> dict[str, Any]:
    """Return until when a sender rests, and how fast it sends now."""
    return {"held": queries.held_until(caller.workspace_id).get(row.id), "rate": queries.rates(caller.workspace_id).get(row.id)}


def _begin(caller: Principal) -> dict[str, object]:
    """Return what a new sender begins with: the first brand's names."""
    brand = workspaces.list_brands(caller.workspace_id)[0]
    own = {"from_name": brand.from_name or brand.name, "from_email": brand.from_email, "reply_to": brand.reply_to}
    return own | {"tls": "starttls", "port": 587, "connections": 10, "verp": True}


def _brands(caller: Principal) -> list[tuple[int, str]]:
    return [(brand.id, brand.name) for brand in workspaces.list_brands(caller.workspace_id)]
