"""What people do to a campaign by a button."""

from collections.abc import Callable

from flask import request
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns
from app.campaigns.schemas import RetryIn, TestForm, TestIn
from app.campaigns.service import campaigns as service
from app.campaigns.service import launch as launching
from app.campaigns.service import running, trial
from app.campaigns.views.build import STEPS
from app.core.actor import Actor
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.schemas import parse
from app.core.web.flash import flash
from app.core.web.form import Form, undo_begun
from app.core.web.format import of_request
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.segments.service.lists import read_people

pages = Pages("campaign_acts", __name__)


@pages.post("/campaigns/<int:campaign_id>/launch", "campaigns.send")
def launch(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Send it on its way."""
    return _act(caller, campaign_id, launching.launch, back="/edit?step=check")


@pages.post("/campaigns/<int:campaign_id>/schedule", "campaigns.send")
def schedule(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Let it be launched at the time that was planned."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    at = row.scheduled_at
    if at is None:
        flash("Choose a time first.", tone="warn")
        return redirect(f"/campaigns/{campaign_id}/edit?step=schedule")
    return _act(caller, campaign_id, lambda w, c, by: launching.schedule(w, c, at, by), back="/edit?step=check")


@pages.post("/campaigns/<int:campaign_id>/unschedule", "campaigns.edit")
def unschedule(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Make it a draft again."""
    return _act(caller, campaign_id, launching.unschedule)


@pages.post("/campaigns/<int:campaign_id>/pause", "campaigns.send")
def pause(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Keep back what has not left."""
    return _act(caller, campaign_id, running.pause)


@pages.post("/campaigns/<int:campaign_id>/resume", "campaigns.send")
def resume(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Let it go on."""
    return _act(caller, campaign_id, running.resume)


@pages.post("/campaigns/<int:campaign_id>/cancel", "campaigns.send")
def cancel(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Call off what has not left."""
    return _act(caller, campaign_id, running.cancel)


@pages.post("/campaigns/<int:campaign_id>/complete", "campaigns.send")
def complete(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Take it as done."""
    return _act(caller, campaign_id, running.complete)


@pages.post("/campaigns/<int:campaign_id>/retry", "campaigns.send")
def retry(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Send again to those who did not get it."""
    try:
        campaigns.get_campaign(caller.workspace_id, campaign_id)
        given = parse(RetryIn, {"states": request.form.getlist("states")})
        count = running.retry(caller.workspace_id, campaign_id, given.states, caller.actor)
        flash(f"{of_request().count(count)} {'person waits' if count == 1 else 'people wait'} for their turn again.")
    except Conflict as no:
        _refuse(no.reason)
    return redirect(f"/campaigns/{campaign_id}")


@pages.post("/campaigns/<int:campaign_id>/test", "campaigns.edit")
def send_test(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Send the present words to some addresses, marked as a test."""
    campaigns.get_campaign(caller.workspace_id, campaign_id)
    form, to = Form(TestForm, request.form), list[str]()
    try:
        given = form.parse()
        to = given.to.replace(",", " ").replace(";", " ").split()
        test = parse(TestIn, {"to": to, "customer_id": _reader(caller, given.customer)})
        sent = trial.send(caller.workspace_id, campaign_id, test, caller.permissions, caller.actor)
        flash(f"A test is on its way to {to[0] if sent == 1 else f'{sent} addresses'}.")
    except Invalid as no:
        whose = {f"to[{number}]": f"“{address[:80]}”: " for number, address in enumerate(to)}
        _refuse("No test was sent. " + " ".join(whose.get(path, "") + why for path, why in no.errors.items()))
    except Conflict as no:
        _refuse(no.reason)
    step = request.args.get("step")
    return redirect(f"/campaigns/{campaign_id}/edit" + (f"?step={step}" if step in STEPS else ""))


@pages.post("/campaigns/<int:campaign_id>/duplicate", "campaigns.edit")
def duplicate(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Begin another like it."""
    made = service.duplicate(caller.workspace_id, campaign_id, caller.actor)
    return redirect(f"/campaigns/{made.id}/edit")


@pages.post("/campaigns/<int:campaign_id>/delete", "campaigns.edit")
def delete(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Throw a draft away."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    name = row.name
    try:
        service.delete(caller.workspace_id, campaign_id, caller.actor)
    except Conflict as no:
        _refuse(no.reason)
        return redirect(f"/campaigns/{campaign_id}")
    flash(f"Deleted “{name}”.")
    return redirect("/campaigns")


def _reader(caller: Principal, line: str) -> int | None:
    """Return whose mail a test shows, as a line names them. Raises Invalid, and Forbidden for who may not see customers."""
    if not line:
        return None
    if not caller.can("customers.view"):
        raise Forbidden(permission="customers.view")
    return read_people(caller.workspace_id, line)[0]


def _act(caller: Principal, campaign_id: int, deed: Callable[[int, int, Actor], Campaign], back: str = "") -> ResponseReturnValue:
    """Do it and show the campaign; what stands in the way, or was done before in another tab, is said."""
    try:
        deed(caller.workspace_id, campaign_id, caller.actor)
    except (Conflict, Invalid) as no:
        _refuse(" ".join(no.errors.values()) if isinstance(no, Invalid) else no.reason)
        return redirect(f"/campaigns/{campaign_id}{back}")
    return redirect(f"/campaigns/{campaign_id}")


def _refuse(reason: str) -> None:
    """Undo what was begun, and say why on the next page."""
    undo_begun()
    flash(reason, tone="warn")
