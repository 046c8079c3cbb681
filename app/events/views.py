"""Failed work: what it is, why, and what to do about it."""

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from app.core import registry
from app.core.errors import Invalid
from app.core.registry import SettingsPart
from app.core.schemas import parse
from app.core.web.flash import flash
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.events import service
from app.events.queries import failed
from app.events.schemas import WorkQuery

pages = Pages("operations", __name__)
HOME = "/settings/operations"


def init_app(_app: Flask) -> None:
    """Put the page among the settings."""
    part = SettingsPart("Failed work", "Jobs and events that need a person", HOME, "alert-triangle", "operations.view", 70)
    registry.add(registry.settings, part)


@pages.get(HOME, "operations.view")
def show(caller: Principal) -> ResponseReturnValue:
    """Show what failed, what is being tried again, and what nobody begins, newest first."""
    try:
        query = parse(WorkQuery, request.args.to_dict())
    except Invalid:
        query = WorkQuery()
    rows, following = failed.search(caller.workspace_id, query)
    return render_template("events/failed.html", rows=rows, next=following, query=query, counts=failed.counts(caller.workspace_id))


@pages.post(HOME + "/retry", "operations.edit")
def retry_all(caller: Principal) -> ResponseReturnValue:
    """Queue all that failed anew."""
    return _done(service.retry(caller.workspace_id, caller.actor), "queued again")


@pages.post(HOME + "/discard", "operations.edit")
def discard_all(caller: Principal) -> ResponseReturnValue:
    """Give all that failed up."""
    return _done(service.discard(caller.workspace_id, caller.actor), "discarded")


@pages.post(HOME + "/runs/<int:run_id>/retry", "operations.edit")
def retry_run(caller: Principal, run_id: int) -> ResponseReturnValue:
    """Queue a run anew."""
    return _done(service.retry(caller.workspace_id, caller.actor, "run", run_id), "queued again")


@pages.post(HOME + "/runs/<int:run_id>/discard", "operations.edit")
def discard_run(caller: Principal, run_id: int) -> ResponseReturnValue:
    """Give a run up."""
    return _done(service.discard(caller.workspace_id, caller.actor, "run", run_id), "discarded")


@pages.post(HOME + "/deliveries/<int:delivery_id>/retry", "operations.edit")
def retry_delivery(caller: Principal, delivery_id: int) -> ResponseReturnValue:
    """Queue a delivery anew."""
    return _done(service.retry(caller.workspace_id, caller.actor, "delivery", delivery_id), "queued again")


@pages.post(HOME + "/deliveries/<int:delivery_id>/discard", "operations.edit")
def discard_delivery(caller: Principal, delivery_id: int) -> ResponseReturnValue:
    """Give a delivery up."""
    return _done(service.discard(caller.workspace_id, caller.actor, "delivery", delivery_id), "discarded")


def _done(count: int, what: str) -> ResponseReturnValue:
    if count:
        flash(f"{count:,} {'piece' if count == 1 else 'pieces'} of work {what}.", tone="good")
    else:
        flash("Nothing to do: it is not failed any more, or the same work already waits.")
    return redirect(HOME)
