"""Campaigns as JSON."""

from collections.abc import Sequence
from typing import Any

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, figures, ledger
from app.campaigns.schemas import (
    CampaignIn,
    CampaignOut,
    CampaignPatch,
    CampaignQuery,
    CheckOut,
    MessageOut,
    MessageQuery,
    RetriedOut,
    RetryIn,
    ScheduleIn,
    TestIn,
    TestOut,
)
from app.campaigns.service import campaigns as service
from app.campaigns.service import launch as launching
from app.campaigns.service import running, trial
from app.campaigns.service.check import check
from app.core.errors import Forbidden
from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.delivery.models import Message, MessageKind, MessageState
from app.delivery.service.mailings import group_of

api = Api("campaigns", __name__)
_ONE = "/campaigns/<int:campaign_id>"
_TIMES = ("due_at", "created_at", "claimed_at", "sent_at", "bounced_at", "opened_at", "clicked_at", "ordered_at")


@api.post("/campaigns", "campaigns.edit", body=CampaignIn, returns=CampaignOut, status=201, summary="Create a campaign")
def create_campaign(caller: Principal, body: CampaignIn) -> Any:
    """Begin a campaign as a draft; nothing leaves before it is launched."""
    return _one(service.create(caller.workspace_id, body, caller.actor))


@api.get("/campaigns", "campaigns.view", query=CampaignQuery, returns=Page[CampaignOut], summary="List campaigns, newest first")
def list_campaigns(caller: Principal, query: CampaignQuery) -> dict[str, Any]:
    """Return campaigns, newest first."""
    rows, following = campaigns.page(caller.workspace_id, query)
    return {"items": _out(caller.workspace_id, rows), "next": following}


@api.get(_ONE, "campaigns.view", returns=CampaignOut, summary="Read a campaign")
def get_campaign(caller: Principal, campaign_id: int) -> Any:
    """Return one campaign."""
    return _one(campaigns.get_campaign(caller.workspace_id, campaign_id))


@api.patch(_ONE, "campaigns.edit", body=CampaignPatch, returns=CampaignOut, summary="Change a campaign before its launch")
def update_campaign(caller: Principal, campaign_id: int, body: CampaignPatch) -> Any:
    """Change what it says, whom it goes to, or what it costs; refused with 409 once it was launched.

    A scheduled one is a draft again where callers without campaigns.send change its template, sender, topic or people.
    """
    return _one(service.update(caller.workspace_id, campaign_id, body, caller.actor, may_send=caller.can("campaigns.send")))


@api.delete(_ONE, "campaigns.edit", summary="Delete a draft")
def delete_campaign(caller: Principal, campaign_id: int) -> None:
    """Throw a draft away; refused with 409 for anything else."""
    service.delete(caller.workspace_id, campaign_id, caller.actor)


@api.post(f"{_ONE}/duplicate", "campaigns.edit", returns=CampaignOut, status=201, summary="Copy a campaign as a draft")
def duplicate_campaign(caller: Principal, campaign_id: int) -> Any:
    """Begin another with the same content, audience and figures."""
    return _one(service.duplicate(caller.workspace_id, campaign_id, caller.actor))


@api.get(f"{_ONE}/check", "campaigns.view", returns=CheckOut, summary="Check a campaign before its launch, and count who gets it")
def check_campaign(caller: Principal, campaign_id: int) -> dict[str, Any]:
    """Return what stands in the way, and the count broken down."""
    return check(campaigns.get_campaign(caller.workspace_id, campaign_id)).as_dict()


@api.post(f"{_ONE}/schedule", "campaigns.send", body=ScheduleIn, returns=CampaignOut, summary="Launch by itself at a time")
def schedule_campaign(caller: Principal, campaign_id: int, body: ScheduleIn) -> Any:
    """Set the time of the launch; more than 30 minutes late, a person is asked first."""
    return _one(launching.schedule(caller.workspace_id, campaign_id, body.at, caller.actor))


@api.post(f"{_ONE}/unschedule", "campaigns.edit", returns=CampaignOut, summary="Make a scheduled campaign a draft again")
def unschedule_campaign(caller: Principal, campaign_id: int) -> Any:
    """Take the time away."""
    return _one(launching.unschedule(caller.workspace_id, campaign_id, caller.actor))


@api.post(f"{_ONE}/launch", "campaigns.send", returns=CampaignOut, summary="Launch a campaign")
def launch_campaign(caller: Principal, campaign_id: int) -> Any:
    """Send it on its way, once; a second launch is refused with 409."""
    return _one(launching.launch(caller.workspace_id, campaign_id, caller.actor))


@api.post(f"{_ONE}/pause", "campaigns.send", returns=CampaignOut, summary="Pause a campaign")
def pause_campaign(caller: Principal, campaign_id: int) -> Any:
    """Keep back what has not left."""
    return _one(running.pause(caller.workspace_id, campaign_id, caller.actor))


@api.post(f"{_ONE}/resume", "campaigns.send", returns=CampaignOut, summary="Resume a campaign")
def resume_campaign(caller: Principal, campaign_id: int) -> Any:
    """Let it go on where it was."""
    return _one(running.resume(caller.workspace_id, campaign_id, caller.actor))


@api.post(f"{_ONE}/cancel", "campaigns.send", returns=CampaignOut, summary="Cancel a campaign")
def cancel_campaign(caller: Principal, campaign_id: int) -> Any:
    """Call off what has not left; what has left stays."""
    return _one(running.cancel(caller.workspace_id, campaign_id, caller.actor))


@api.post(f"{_ONE}/complete", "campaigns.send", returns=CampaignOut, summary="Take a campaign as done")
def complete_campaign(caller: Principal, campaign_id: int) -> Any:
    """End it: who still waits does not get it, and can be sent to later."""
    return _one(running.complete(caller.workspace_id, campaign_id, caller.actor))


@api.post(f"{_ONE}/retry", "campaigns.send", body=RetryIn, returns=RetriedOut, summary="Send again to those who did not get it")
def retry_campaign(caller: Principal, campaign_id: int, body: RetryIn) -> dict[str, Any]:
    """Let those wait once more who ended in these states."""
    return {"count": running.retry(caller.workspace_id, campaign_id, body.states, caller.actor)}


@api.post(f"{_ONE}/test", "campaigns.edit", body=TestIn, returns=TestOut, summary="Send a test")
def test_campaign(caller: Principal, campaign_id: int, body: TestIn) -> dict[str, Any]:
    """Send the present words to at most five addresses, marked, and counted nowhere; at most 200 a day and workspace.

    Without campaigns.send only to members of the workspace; `customer_id` needs customers.view.
    """
    return {"count": trial.send(caller.workspace_id, campaign_id, body, caller.permissions, caller.actor)}


@api.get(f"{_ONE}/messages", "campaigns.view", query=MessageQuery, returns=Page[MessageOut], summary="List the recipients of a campaign")
def list_messages(caller: Principal, campaign_id: int, query: MessageQuery) -> dict[str, Any]:
    """Return the ledger: one row for each recipient. Addresses need the permission customers.view, and so does a search by them."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    sees = caller.can("customers.view")
    if query.search and not sees:
        raise Forbidden(permission="customers.view")
    rows, following = ledger.page(row, query, sees=sees)
    return {"items": [_message(message, sees=sees) for message in rows], "next": following}


def _one(row: Campaign) -> dict[str, Any]:
    return _out(row.workspace_id, [row])[0]


def _out(workspace_id: int, rows: Sequence[Campaign]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    named, people = campaigns.targets(workspace_id, ids), campaigns.named_customers(workspace_id, ids)
    found = figures.of_mailings([row.mailing_id for row in rows if row.mailing_id is not None])
    plain = [name for name in CampaignOut.model_fields if name not in ("segments", "exclude_segments", "customers", "messages")]
    return [
        {name: getattr(row, name) for name in plain}
        | {
            "segments": [target.segment.id for target in named[row.id] if not target.excluded],
            "exclude_segments": [target.segment.id for target in named[row.id] if target.excluded],
            "customers": people.get(row.id, 0),
            "messages": _messages(found.get(row.mailing_id or 0)),
        }
        for row in rows
    ]


def _messages(found: figures.Figures | None) -> dict[str, int]:
    """Return people by state; who is in flight counts as pending here."""
    if found is None:
        return {}
    ends = {state.name.lower(): found[state] for state in MessageState if state not in (MessageState.PENDING, MessageState.SENDING)}
    return {"all": found.all, "pending": found.waiting} | ends


def _message(row: Message, *, sees: bool) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ("id", "attempts", "unsubscribed_at", "complained_at", *_TIMES)}
    reason = row.reason if sees or row.reason is None else group_of(row.state, row.reason)
    who = {"reason": reason, "customer_id": row.customer_id if sees else None, "address": row.address if sees else None}
    return plain | who | {"kind": MessageKind(row.kind).name.lower(), "state": MessageState(row.state).name.lower()}
