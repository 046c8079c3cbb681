"""From the launch to the first message: the words are frozen, then everybody gets a row in the ledger, range by range."""

from app.audit import service as audit
from app.campaigns.events import CampaignPaused
from app.campaigns.models import Campaign, State
from app.campaigns.queries import audience, campaigns
from app.campaigns.service import words
from app.campaigns.service.campaigns import subject
from app.core.actor import Actor
from app.core.db import find, session
from app.core.errors import Refusal
from app.core.time import now
from app.delivery.service import mailings
from app.events.service import publish
from app.segments.models import Segment, SegmentKind
from app.segments.queries import counting
from app.segments.service import filling

SIZE = 20_000
"""Candidates a step."""
WORKER = Actor.system("the launch")


def step(workspace_id: int, campaign_id: int) -> bool:
    """Do the next piece of a launch, in one transaction; True while there is more. Repeating a piece adds nobody twice."""
    row = find(Campaign, workspace_id, campaign_id, lock=True)
    if row is None or row.state != State.LAUNCHING:
        return False
    try:
        with session().begin_nested():
            return _step(row)
    except Refusal as no:
        _stop(workspace_id, campaign_id, no.reason)
        return False


def _step(row: Campaign) -> bool:
    stale = _stale(row)
    if stale is not None:
        filling.refresh(row.workspace_id, stale)
        return True
    if row.mailing_id is None:
        row.mailing_id = _make(row)
        session().flush()
        return True
    return _add(row, row.mailing_id)


def _add(row: Campaign, mailing_id: int) -> bool:
    going = audience.of_campaign(row)
    upto = going.bound(row.frozen_to, SIZE)
    if upto is None:
        row.state, row.updated_at = State.SENDING, now()
        session().flush()
        mailings.open_mailing(row.workspace_id, mailing_id)
        return False
    counting.prepare()
    mailings.add_people(row.workspace_id, mailing_id, going.between(row.frozen_to, upto))
    row.frozen_to = upto
    session().flush()
    return True


def _stale(row: Campaign) -> int | None:
    """Return a segment of the campaign that nobody has looked at as a whole since the launch."""
    if row.mailing_id is not None or row.launched_at is None:
        return None
    for target in campaigns.targets(row.workspace_id, [row.id])[row.id]:
        if target.segment.kind == SegmentKind.DYNAMIC and _older(target.segment, row):
            return target.segment.id
    return None


def _older(segment: Segment, row: Campaign) -> bool:
    return segment.refreshed_at is None or (row.launched_at is not None and segment.refreshed_at < row.launched_at)


def _make(row: Campaign) -> int:
    frozen = words.freeze(row)
    made = mailings.create_mailing(
        row.workspace_id,
        row.name,
        row.sender_id or 0,
        frozen,
        source_id=row.source_id,
        topic_id=row.topic_id,
        simulate=row.simulate,
    )
    return made.id


def _stop(workspace_id: int, campaign_id: int, reason: str) -> None:
    """Wait for a person: something that the launch needs does not hold any more."""
    row = find(Campaign, workspace_id, campaign_id, lock=True)
    if row is None or row.state != State.LAUNCHING:
        return
    row.state, row.problem, row.updated_at = State.PAUSED, reason, now()
    session().flush()
    audit.record(workspace_id, WORKER, "campaign.paused", subject(row), None, {"problem": reason})
    publish(CampaignPaused(workspace_id, campaign_id), WORKER)
