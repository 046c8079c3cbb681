"""Launching: by a person, or by the clock at the time a person chose."""

from dataclasses import asdict
from datetime import datetime, timedelta

import structlog

from app.audit import service as audit
from app.campaigns.events import CampaignLaunched, CampaignOverdue, CampaignScheduled
from app.campaigns.models import Campaign, State
from app.campaigns.queries import campaigns
from app.campaigns.service.campaigns import OPEN, pin, subject, to_draft
from app.campaigns.service.check import check
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Conflict, Invalid, Refusal
from app.core.time import now
from app.events.service import publish

LATE = timedelta(minutes=30)
"""What is later than this asks before it is sent."""
CLOCK = Actor.system("the schedule")
FAILED = "Something went wrong on our side when its time had come. It is tried again until half an hour after its time; the log says what it was."
log = structlog.get_logger()


def launch(workspace_id: int, campaign_id: int, by: Actor) -> Campaign:
    """Send it on its way with the newest words: from here on it cannot change. Raises NotFound, and Conflict in words where something is missing."""
    row = get(Campaign, workspace_id, campaign_id, lock=True)
    _refuse_unless_open(row)
    pin(row)
    _launch(row, by)
    return row


def schedule(workspace_id: int, campaign_id: int, at: datetime, by: Actor) -> Campaign:
    """Let it be launched by itself at a time, with the words as they are now.

    Raises NotFound, Invalid for the past, and Conflict where something is missing.
    """
    row = get(Campaign, workspace_id, campaign_id, lock=True)
    _refuse_unless_open(row)
    if at <= now():
        raise Invalid({"at": "This is in the past."})
    pin(row)
    _refuse_unready(row)
    was = row.scheduled_at if row.state == State.SCHEDULED else None
    row.state, row.scheduled_at, row.overdue, row.problem = State.SCHEDULED, at, False, None
    _changed(row)
    audit.record(workspace_id, by, "campaign.scheduled", subject(row), {"scheduled_at": was}, {"scheduled_at": at})
    publish(CampaignScheduled(workspace_id, row.id, at.isoformat()), by)
    return row


def plan(workspace_id: int, campaign_id: int, at: datetime | None, version: int | None, by: Actor) -> Campaign:
    """Note on a draft when it is to be launched, without anything coming of it yet; a scheduled one becomes a draft again.

    Raises NotFound, Invalid for the past, and Conflict where somebody was faster.
    """
    row = get(Campaign, workspace_id, campaign_id, lock=True)
    _refuse_unless_open(row)
    if version is not None and version != row.version:
        raise Conflict("Somebody changed this campaign since you opened it. Open it again, then make your change.")
    if at is not None and at <= now():
        raise Invalid({"day": "This is in the past. Choose a later time, or now."})
    if at == row.scheduled_at and not row.overdue:
        return row
    if row.state == State.SCHEDULED:
        to_draft(row, by)
    row.scheduled_at, row.overdue = at, False
    _changed(row)
    return row


def unschedule(workspace_id: int, campaign_id: int, by: Actor) -> Campaign:
    """Make it a draft again. Raises NotFound, Conflict."""
    row = get(Campaign, workspace_id, campaign_id, lock=True)
    if row.state != State.SCHEDULED:
        raise Conflict(f"“{row.name}” is not scheduled; it is {row.state}.")
    to_draft(row, by)
    _changed(row)
    return row


def launch_due() -> bool:
    """Launch a campaign whose time has come, or ask a person if that was too long ago; True: there may be more.

    One that fails in a way nobody thought of says so and waits for the next round, behind all others: those that come after it have failed
    before as well.
    """
    row = campaigns.due(now())
    if row is None or row.scheduled_at is None:
        return False
    if now() - row.scheduled_at > LATE:
        row.overdue = True
        audit.record(row.workspace_id, CLOCK, "campaign.overdue", subject(row), None, {"scheduled_at": row.scheduled_at})
        publish(CampaignOverdue(row.workspace_id, row.id), CLOCK)
        session().flush()
        return True
    failed_before = row.problem is not None
    return _launch_or_note(row) or not failed_before


def _launch_or_note(row: Campaign) -> bool:
    """Launch it; where something is missing by now, make it a draft that says what. False where that failed unexpectedly, which it says too."""
    workspace_id, campaign_id = row.workspace_id, row.id
    try:
        with session().begin_nested():
            _launch(row, CLOCK)
    except Refusal as no:
        row = get(Campaign, workspace_id, campaign_id, lock=True)
        to_draft(row, CLOCK)
        row.problem = no.reason
        _changed(row)
    except Exception:  # whatever it is must not hold up those behind it; it may be over in a moment, so it is tried again
        log.exception("a scheduled campaign could not be launched", workspace=workspace_id, campaign=campaign_id)
        row = get(Campaign, workspace_id, campaign_id, lock=True)
        row.problem, row.updated_at = FAILED, now()
        session().flush()
        return False
    return True


def _launch(row: Campaign, by: Actor) -> None:
    _refuse_unless_open(row)
    found = _refuse_unready(row)
    was = row.state
    row.audience = found
    row.state, row.overdue, row.problem = State.LAUNCHING, False, None
    row.launched_at, row.launched_by = now(), by.name
    _changed(row)
    after = {"state": row.state, "will_receive": (found or {}).get("will_receive"), "template_version": row.template_version}
    audit.record(row.workspace_id, by, "campaign.launched", subject(row), {"state": was}, after)
    publish(CampaignLaunched(row.workspace_id, row.id), by)


def _refuse_unready(row: Campaign) -> dict[str, object] | None:
    """Return what the check counted. Raises Conflict with all that stands in the way."""
    found = check(row)
    if found.problems:
        raise Conflict(" ".join(dict.fromkeys(problem.reason for problem in found.problems)))
    return asdict(found.counts) if found.counts else None


def _refuse_unless_open(row: Campaign) -> None:
    if row.state in OPEN:
        return
    if row.launched_at is None:
        raise Conflict(f"“{row.name}” was cancelled. Copy it to send another.")
    when = row.launched_at.strftime("%d %B %Y, %H:%M UTC").lstrip("0")
    raise Conflict(f"“{row.name}” was launched on {when} by {row.launched_by}. A campaign is launched once; copy it to send another.")


def _changed(row: Campaign) -> None:
    row.version, row.updated_at = row.version + 1, now()
    session().flush()
