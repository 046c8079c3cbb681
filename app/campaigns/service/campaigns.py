"""Making, changing, copying and throwing away campaigns."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app.audit import service as audit
from app.campaigns.events import CampaignCreated, CampaignDeleted, CampaignUnscheduled, CampaignUpdated
from app.campaigns.links import renamed, utm
from app.campaigns.models import Campaign, CampaignCustomer, CampaignSegment, State
from app.campaigns.queries import campaigns as queries
from app.campaigns.schemas import CampaignIn, CampaignPatch
from app.campaigns.service.choices import check_choices
from app.content.models import Template
from app.core import registry
from app.core.actor import Actor
from app.core.db import find, get, session
from app.core.errors import Conflict
from app.core.time import now
from app.customers.models import ActivitySource
from app.customers.service.activities import register_source, rename_source
from app.events.service import publish

OPEN = (State.DRAFT, State.SCHEDULED)
"""What may still be changed."""
_PLAIN = ("name", "template_id", "sender_id", "topic_id", "cost", "goal", "simulate")
_MAY_BE_NONE = ("template_id", "sender_id", "goal")
_CHANGED = "Somebody who may not send changed it, so its time was taken away. Somebody who may send sets it again."
Subject = tuple[str, int, str]


def create(workspace_id: int, given: CampaignIn, by: Actor) -> Campaign:
    """Begin a campaign. Raises Invalid with the field that names what is not here."""
    check_choices(workspace_id, given.model_dump())
    row = Campaign(workspace_id=workspace_id, created_by=by.name, **given.model_dump(include=set(_PLAIN)))
    row.utm = utm(given.name, given.utm.model_dump() if given.utm else None)
    return _begin(row, given.segments, given.exclude_segments, given.customers, by)


def duplicate(workspace_id: int, campaign_id: int, by: Actor) -> Campaign:
    """Begin a campaign with the same content, audience and figures, as a draft. Raises NotFound."""
    source = get(Campaign, workspace_id, campaign_id)
    values = {name: getattr(source, name) for name in _PLAIN}
    values["name"] = f"Copy of {source.name}"[:200]
    row = Campaign(workspace_id=workspace_id, created_by=by.name, **values)
    row.utm = renamed(source.utm, source.name, values["name"])
    named = queries.targets(workspace_id, [campaign_id])[campaign_id]
    into, out = ([t.segment.id for t in named if t.excluded is excluded] for excluded in (False, True))
    return _begin(row, into, out, queries.customers_of(workspace_id, campaign_id), by)


def update(workspace_id: int, campaign_id: int, given: CampaignPatch, by: Actor, *, may_send: bool) -> Campaign:
    """Change a campaign that has not been launched. Raises NotFound, Invalid, and Conflict where somebody was faster or it has left.

    A scheduled one whose words or people are changed by somebody who may not send is a draft again: what leaves is what a sender saw.
    What stands already is no conflict: the builder keeps each choice at once, and its button may come right behind with the same choice.
    """
    row = get(Campaign, workspace_id, campaign_id, lock=True)
    if row.state not in OPEN:
        raise Conflict(f"“{row.name}” was launched; what it says and whom it goes to cannot change any more. Copy it to send another.")
    changes = given.model_dump(exclude_unset=True, exclude={"version"})
    before, asked = state_of(row), _asked(row)
    changes = {name: value for name, value in changes.items() if value is not None or name in _MAY_BE_NONE}
    check_choices(workspace_id, _with_present(row, changes))
    with session().begin_nested():
        _apply(row, changes)
        was, became = audit.changed(before, state_of(row))
        moved = _asked(row) != asked
        if (became or moved) and given.version not in (None, row.version):
            raise Conflict("Somebody changed this campaign since you opened it. Open it again, then make your change.")
    if not became and not moved:
        return row
    row.version, row.updated_at, row.problem = row.version + 1, now(), None
    if moved and row.state == State.SCHEDULED:
        _hold(row, by, may_send=may_send)
    session().flush()
    if row.source_id is not None and "name" in became:
        rename_source(workspace_id, row.source_id, row.name, _address(row))
    audit.record(workspace_id, by, "campaign.updated", subject(row), was, became)
    publish(CampaignUpdated(workspace_id, row.id), by)
    return row


def to_draft(row: Campaign, by: Actor) -> None:
    """Make a scheduled campaign a draft again, with an act and news of it."""
    was = row.scheduled_at
    row.state, row.scheduled_at, row.overdue, row.template_version = State.DRAFT, None, False, None
    audit.record(row.workspace_id, by, "campaign.unscheduled", subject(row), {"scheduled_at": was}, {"scheduled_at": None})
    publish(CampaignUnscheduled(row.workspace_id, row.id), by)


def pin(row: Campaign) -> None:
    """Note the newest version of the template as the one that is sent."""
    template = find(Template, row.workspace_id, row.template_id) if row.template_id else None
    row.template_version = template.version if template else None


def delete(workspace_id: int, campaign_id: int, by: Actor) -> None:
    """Throw a draft away. Raises NotFound, and Conflict for what has a history or a time."""
    row = get(Campaign, workspace_id, campaign_id, lock=True)
    if row.state != State.DRAFT:
        raise Conflict(f"Only drafts can be deleted; “{row.name}” is {row.state}.")
    about, state, source_id = subject(row), state_of(row), row.source_id
    session().delete(row)
    session().flush()
    if source_id is not None:
        session().delete(get(ActivitySource, workspace_id, source_id))
    audit.record(workspace_id, by, "campaign.deleted", about, state, None)
    publish(CampaignDeleted(workspace_id, campaign_id), by)


def erase(workspace_id: int, customer_ids: Sequence[int]) -> None:
    """Take erased customers off the lists of campaigns that name them one by one."""
    mine = (CampaignCustomer.workspace_id == workspace_id, CampaignCustomer.customer_id.in_(customer_ids))
    session().execute(sa.delete(CampaignCustomer).where(*mine).execution_options(synchronize_session=False))


def state_of(row: Campaign) -> dict[str, Any]:
    """Return what the audit log keeps of a campaign: settings and counts, nobody's name."""
    named = queries.targets(row.workspace_id, [row.id])[row.id]
    kept = {name: getattr(row, name) for name in _PLAIN} | {f"utm_{part}": value for part, value in row.utm.items()}
    return kept | {
        "segments": [t.segment.name for t in named if not t.excluded],
        "exclude_segments": [t.segment.name for t in named if t.excluded],
        "customers": queries.named_customers(row.workspace_id, [row.id]).get(row.id, 0),
    }


def subject(row: Campaign) -> Subject:
    """Return how the audit log names a campaign."""
    return ("campaign", row.id, row.name)


def _hold(row: Campaign, by: Actor, *, may_send: bool) -> None:
    """After a change of a scheduled campaign: who may send stands for it, with the template's words as they are now; nobody else can."""
    if may_send:
        pin(row)
    else:
        to_draft(row, by)
        row.problem = _CHANGED


def _asked(row: Campaign) -> tuple[Any, ...]:
    """Return what it says and whom it goes to, by ids."""
    named = {(target.segment.id, target.excluded) for target in queries.targets(row.workspace_id, [row.id])[row.id]}
    people = frozenset(queries.customers_of(row.workspace_id, row.id))
    return (row.template_id, row.sender_id, row.topic_id, named, people)


def _begin(row: Campaign, into: Sequence[int], out: Sequence[int], customers: Sequence[int], by: Actor) -> Campaign:
    session().add(row)
    session().flush()
    row.source_id = register_source(row.workspace_id, "campaign", row.name, _address(row))
    _set_segments(row, into, out)
    _set_customers(row, customers)
    session().flush()
    audit.record(row.workspace_id, by, "campaign.created", subject(row), None, state_of(row))
    publish(CampaignCreated(row.workspace_id, row.id), by)
    return row


def _with_present(row: Campaign, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with what they must agree with."""
    named = queries.targets(row.workspace_id, [row.id])[row.id]
    present: dict[str, Any] = {
        "segments": [t.segment.id for t in named if not t.excluded],
        "exclude_segments": [t.segment.id for t in named if t.excluded],
        "customers": queries.customers_of(row.workspace_id, row.id),
    }
    if changes.get("segments"):
        present["customers"] = []
        changes.setdefault("customers", [])
    elif changes.get("customers"):
        present["segments"] = []
        changes.setdefault("segments", [])
    return present | changes


def _apply(row: Campaign, changes: dict[str, Any]) -> None:
    if "name" in changes:
        row.utm = renamed(row.utm, row.name, changes["name"])
    for name in _PLAIN:
        if name in changes:
            setattr(row, name, changes[name])
    if "utm" in changes:
        row.utm = utm(row.name, changes["utm"])
    if changes.keys() & {"segments", "exclude_segments"}:
        named = queries.targets(row.workspace_id, [row.id])[row.id]
        into = changes.get("segments", [t.segment.id for t in named if not t.excluded])
        out = changes.get("exclude_segments", [t.segment.id for t in named if t.excluded])
        _set_segments(row, into, out)
    if "customers" in changes:
        _set_customers(row, changes["customers"])


def _set_segments(row: Campaign, into: Sequence[int], out: Sequence[int]) -> None:
    mine = (CampaignSegment.workspace_id == row.workspace_id, CampaignSegment.campaign_id == row.id)
    session().execute(sa.delete(CampaignSegment).where(*mine).execution_options(synchronize_session=False))
    rows = [
        {"workspace_id": row.workspace_id, "campaign_id": row.id, "segment_id": segment_id, "excluded": excluded}
        for excluded, ids in ((False, into), (True, out))
        for segment_id in ids
    ]
    if rows:
        session().execute(sa.insert(CampaignSegment), rows)


def _set_customers(row: Campaign, ids: Sequence[int]) -> None:
    mine = (CampaignCustomer.workspace_id == row.workspace_id, CampaignCustomer.campaign_id == row.id)
    session().execute(sa.delete(CampaignCustomer).where(*mine).execution_options(synchronize_session=False))
    rows = [{"workspace_id": row.workspace_id, "campaign_id": row.id, "customer_id": ident} for ident in ids]
    if rows:
        session().execute(sa.insert(CampaignCustomer), rows)


def _address(row: Campaign) -> str:
    return f"/campaigns/{row.id}"


def _why_currency_stays(workspace_id: int) -> str | None:
    return "Campaigns have costs or goals in it." if queries.has_amounts(workspace_id) else None


registry.add(registry.erase, erase)
registry.add(registry.segment_uses, queries.using)
registry.add(registry.currency_uses, _why_currency_stays)
