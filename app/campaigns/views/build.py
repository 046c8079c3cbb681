"""The builder: content, audience, schedule, check and send. What is changed is kept as one goes."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.campaigns.models import Campaign, State
from app.campaigns.queries import campaigns
from app.campaigns.schemas import AudienceForm, CampaignPatch, ContentForm, ScheduleForm
from app.campaigns.service import campaigns as service
from app.campaigns.service import launch, trial
from app.campaigns.views.content import content_page, fields, money, values_of
from app.core.errors import Conflict, Invalid
from app.core.schemas import parse
from app.core.web.form import Form
from app.core.web.format import of_request
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal
from app.segments.service.lists import read_people

pages = Pages("campaign_builder", __name__)
STEPS = ("content", "audience", "schedule", "check")


@pages.form("/campaigns/<int:campaign_id>/edit", "campaigns.edit")
def edit_campaign(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Show a step of the builder, or keep what it says and go on to the next."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    if row.state not in service.OPEN:
        return redirect(f"/campaigns/{campaign_id}")
    step = request.args.get("step", STEPS[0])
    if step == "audience":
        return _audience(caller, row)
    if step == "schedule":
        return _schedule(caller, row)
    if step == "check":
        return render_template("campaigns/build.html", step=step, campaign=row)
    return _content(caller, row)


def _content(caller: Principal, row: Campaign) -> ResponseReturnValue:
    form = Form(ContentForm, request.form if request.method == "POST" else None, values_of(row))
    if request.method == "GET":
        return content_page(caller, form, row)
    number, refused = row.id, 0
    try:
        given = form.parse()
        patch = parse(CampaignPatch, {"utm": {}} | fields(given) | money(caller, given) | {"version": given.version})
        row = service.update(caller.workspace_id, number, patch, caller.actor, may_send=caller.can("campaigns.send"))
    except (Invalid, Conflict) as no:
        refused = _refuse(form, no)
        row = campaigns.get_campaign(caller.workspace_id, number)
    if is_fragment():
        words = campaigns.template_words(caller.workspace_id, row.template_id) if row.template_id else None
        read = trial.as_read(row, sees=caller.can("customers.view"))
        return render_template("campaigns/_kept.html", campaign=row, form=form, words=words, read=read), refused or 200
    return (content_page(caller, form, row), refused) if refused else redirect(f"/campaigns/{number}/edit?step=audience")


def _audience(caller: Principal, row: Campaign) -> ResponseReturnValue:
    form = Form(AudienceForm, request.form if request.method == "POST" else None, _audience_values(caller, row))
    if request.method == "GET":
        return _audience_page(caller, form, row)
    number, refused = row.id, 0
    try:
        given = form.parse()
        row = service.update(
            caller.workspace_id, number, _audience_patch(caller, given), caller.actor, may_send=caller.can("campaigns.send")
        )
        if given.by == "segments":
            form = Form(AudienceForm, initial=_audience_values(caller, row) | {"by": "segments"})
    except (Invalid, Conflict) as no:
        refused = _refuse(form, no)
        row = campaigns.get_campaign(caller.workspace_id, number)
    if is_fragment() or refused or request.form.get("go") != "schedule":  # without scripts, each choice is a request that stays here
        return _audience_page(caller, form, row), refused or 200
    return redirect(f"/campaigns/{number}/edit?step=schedule")


def _audience_patch(caller: Principal, given: AudienceForm) -> CampaignPatch:
    out = [ident for ident in given.exclude_segments if ident not in (given.drop, given.add)]
    into = [ident for ident in given.segments if ident not in (given.drop, given.leave_out)]
    into += [given.add] if given.add else []
    out += [given.leave_out] if given.leave_out else []
    says: dict[str, Any] = {"exclude_segments": out, "topic_id": given.topic_id, "version": given.version}
    if given.by == "people":
        people = read_people(caller.workspace_id, given.people) if given.people else []
        says |= {"segments": [], "customers": people}
    else:
        says |= {"segments": into, "customers": []}
    return parse(CampaignPatch, says)


def _audience_values(caller: Principal, row: Campaign) -> dict[str, Any]:
    named = campaigns.targets(row.workspace_id, [row.id])[row.id]
    lines = campaigns.people_lines(row.workspace_id, row.id) if caller.can("customers.view") else []
    return {
        "by": "people" if lines else "segments",
        "segments": [target.segment.id for target in named if not target.excluded],
        "exclude_segments": [target.segment.id for target in named if target.excluded],
        "people": "\n".join(lines),
        "topic_id": row.topic_id,
        "version": row.version,
    }


def _audience_page(caller: Principal, form: Form[AudienceForm], row: Campaign) -> str:
    every = campaigns.all_segments(caller.workspace_id)
    named = campaigns.targets(row.workspace_id, [row.id])[row.id]
    taken = {target.segment.id for target in named}
    return render_template(
        "campaigns/_audience.html" if is_fragment() else "campaigns/build.html",
        step="audience",
        campaign=row,
        form=form,
        into=[target.segment for target in named if not target.excluded],
        out=[target.segment for target in named if target.excluded],
        rest=[segment for segment in every if segment.id not in taken],
        topics=campaigns.topics(caller.workspace_id),
    )


def _schedule(caller: Principal, row: Campaign) -> ResponseReturnValue:
    zone = ZoneInfo(of_request().zone)
    local = row.scheduled_at.astimezone(zone) if row.scheduled_at else None
    initial = {"when": "later" if local else "now", "version": row.version}
    initial |= {"day": local.date().isoformat(), "hour": f"{local:%H:%M}"} if local else {}
    form = Form(ScheduleForm, request.form if request.method == "POST" else None, initial)
    if request.method == "GET":
        return render_template("campaigns/build.html", step="schedule", campaign=row, form=form, zone=zone.key)
    number = row.id
    try:
        given = form.parse()
        launch.plan(caller.workspace_id, number, _moment(given, zone), given.version, caller.actor)
    except (Invalid, Conflict) as no:
        status = _refuse(form, no)
        row = campaigns.get_campaign(caller.workspace_id, number)
        return render_template("campaigns/build.html", step="schedule", campaign=row, form=form, zone=zone.key), status
    return redirect(f"/campaigns/{number}/edit?step=check")


def _moment(given: ScheduleForm, zone: ZoneInfo) -> datetime | None:
    """Return the moment that a form says in a zone; None: now. Raises Invalid."""
    if given.when == "now":
        return None
    if given.day is None or given.hour is None:
        raise Invalid({"day" if given.day is None else "hour": "This is needed."})
    if not 2000 <= given.day.year < 3000:  # noqa: PLR2004 (as all times of ours)
        raise Invalid({"day": "This lies outside the years 2000 to 2999."})
    return datetime.combine(given.day, given.hour.replace(tzinfo=None), zone)


def _refuse(form: Form[Any], no: Invalid | Conflict) -> int:
    form.refuse(no if isinstance(no, Invalid) else Invalid({"": no.reason}))
    return no.status


def is_planned(row: Campaign) -> bool:
    """Tell whether a draft has a time it is to be launched at, or a campaign waits for its time."""
    return row.scheduled_at is not None and row.state in (State.DRAFT, State.SCHEDULED)
