"""What people do to a campaign on its way, and how it ends."""

from collections.abc import Collection

import sqlalchemy as sa

from app.audit import service as audit
from app.campaigns.events import CampaignCancelled, CampaignFinished, CampaignPaused, CampaignResumed, CampaignRetried
from app.campaigns.models import Campaign, State
from app.campaigns.queries import campaigns
from app.campaigns.service.campaigns import subject
from app.core.actor import Actor
from app.core.db import find, get, session
from app.core.errors import Conflict
from app.core.time import now
from app.delivery.models import Mailing, MailingState, MessageState, Skip
from app.delivery.service import mailings
from app.events.service import Event, publish

SYSTEM = Actor.system()
_REST = (Skip.ENDED, Skip.CANCELLED)
_WORDS = {
    State.DRAFT: "is a draft: it has not been launched",
    State.SCHEDULED: "has not been launched yet",
    State.LAUNCHING: "is being launched",
    State.SENDING: "is being sent",
    State.PAUSED: "is paused",
    State.SENT: "is sent already",
    State.CANCELLED: "was cancelled",
}


def pause(workspace_id: int, campaign_id: int, by: Actor) -> Campaign:
    """Keep back what has not left; a launch stops where it is. Raises NotFound, Conflict."""
    row = _take(workspace_id, campaign_id, (State.LAUNCHING, State.SENDING))
    if row.state == State.SENDING and row.mailing_id is not None:
        mailings.pause_mailing(workspace_id, row.mailing_id)
    return _move(row, State.PAUSED, by, "campaign.paused", CampaignPaused(workspace_id, campaign_id))


def resume(workspace_id: int, campaign_id: int, by: Actor) -> Campaign:
    """Let it go on where it was. Raises NotFound, Conflict."""
    row = _take(workspace_id, campaign_id, (State.PAUSED,))
    freezing = not is_complete(row)
    row.problem = None
    _move(row, State.LAUNCHING if freezing else State.SENDING, by, "campaign.resumed", CampaignResumed(workspace_id, campaign_id, freezing))
    if not freezing and row.mailing_id is not None:
        mailings.open_mailing(workspace_id, row.mailing_id)
    return row


def cancel(workspace_id: int, campaign_id: int, by: Actor) -> Campaign:
    """Call it off: who still waits does not get it. What has left stays. Raises NotFound, Conflict."""
    row = _take(workspace_id, campaign_id, (State.SCHEDULED, State.LAUNCHING, State.SENDING, State.PAUSED))
    if row.mailing_id is not None:
        mailings.stop_mailing(workspace_id, row.mailing_id, Skip.CANCELLED)
    row.finished_at, row.overdue, row.problem = now(), False, None
    return _move(row, State.CANCELLED, by, "campaign.cancelled", CampaignCancelled(workspace_id, campaign_id))


def complete(workspace_id: int, campaign_id: int, by: Actor) -> Campaign:
    """Take it as done: who still waits does not get it, and can be sent to later. Raises NotFound, Conflict."""
    row = _take(workspace_id, campaign_id, (State.SENDING, State.PAUSED))
    if not is_complete(row) or row.mailing_id is None:
        raise Conflict(f"The audience of “{row.name}” is not put together yet. Let it go on, or cancel it.")
    mailings.stop_mailing(workspace_id, row.mailing_id, Skip.ENDED)
    row.finished_at, row.problem = now(), None
    return _move(row, State.SENT, by, "campaign.completed", CampaignFinished(workspace_id, campaign_id))


def retry(workspace_id: int, campaign_id: int, states: Collection[str], by: Actor) -> int:
    """Let those wait once more who failed, are in doubt, or were left over when it was ended; return how many.

    Raises NotFound, and Conflict where it is not under way or over, is still being put away, or nobody ended so.
    """
    row = _take(workspace_id, campaign_id, (State.SENDING, State.PAUSED, State.SENT, State.CANCELLED))
    mailing = find(Mailing, workspace_id, row.mailing_id, lock=True) if row.mailing_id is not None else None
    if mailing is None or mailing.opened_at is None:
        raise Conflict(f"“{row.name}” was cancelled before anybody's turn came. Copy it to send another.")
    if mailing.state == MailingState.STOPPED:
        raise Conflict("Those who were waiting are still being put away. Try again in a moment.")
    was = mailing.state
    count = sum(_again(workspace_id, mailing.id, state) for state in dict.fromkeys(states))
    if not count:
        raise Conflict("Nobody is left to send to again.")
    if was == MailingState.PAUSED:
        mailings.pause_mailing(workspace_id, mailing.id)
    else:
        row.state, row.finished_at = State.SENDING, None
    _changed(row)
    audit.record(workspace_id, by, "campaign.retried", subject(row), None, {"states": sorted(states), "people": count})
    publish(CampaignRetried(workspace_id, campaign_id, count), by)
    return count


def finish(workspace_id: int, mailing_id: int) -> None:
    """Mark the campaign of a mailing that is done as sent; one that was ended or cancelled before stays as it is."""
    row = campaigns.by_mailing(workspace_id, mailing_id)
    mailing = find(Mailing, workspace_id, mailing_id)
    if row is None or mailing is None or row.state not in (State.SENDING, State.PAUSED) or mailing.state != MailingState.DONE:
        return
    row.finished_at = mailing.finished_at or now()
    _move(row, State.SENT, SYSTEM, "campaign.finished", CampaignFinished(workspace_id, row.id))


def is_complete(row: Campaign) -> bool:
    """Tell whether everybody has a row in the ledger."""
    if row.mailing_id is None:
        return False
    opened = sa.select(Mailing.opened_at).where(Mailing.workspace_id == row.workspace_id, Mailing.id == row.mailing_id)
    return session().scalar(opened) is not None


def _again(workspace_id: int, mailing_id: int, state: str) -> int:
    reasons = [str(reason) for reason in _REST] if state == "skipped" else None
    return mailings.send_again(workspace_id, mailing_id, [MessageState[state.upper()]], reasons)


def _take(workspace_id: int, campaign_id: int, states: Collection[State]) -> Campaign:
    row = get(Campaign, workspace_id, campaign_id, lock=True)
    if row.state not in states:
        raise Conflict(f"“{row.name}” {_WORDS[State(row.state)]}.")
    return row


def _move(row: Campaign, state: State, by: Actor, action: str, event: Event) -> Campaign:
    was, row.state = row.state, state
    _changed(row)
    audit.record(row.workspace_id, by, action, subject(row), {"state": was}, {"state": state})
    publish(event, by)
    return row


def _changed(row: Campaign) -> None:
    row.version, row.updated_at = row.version + 1, now()
    session().flush()
