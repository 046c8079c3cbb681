"""Making, changing, copying and throwing away campaigns."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns as queries
from app.campaigns.schemas import CampaignIn, CampaignPatch
from app.campaigns.service import campaigns
from app.campaigns.service import launch as launching
from app.core import registry
from app.core.db import any_workspace, find
from app.core.errors import Conflict, Invalid, NotFound
from app.customers.models import ActivitySource
from app.delivery.models import SenderKind
from app.events.models import Outbox
from app.segments.service import segments
from app.workspaces.models import Workspace
from tests.factories.campaigns import BY, a_campaign, a_greeting, a_list, subscribers
from tests.factories.customers import a_customer, a_topic
from tests.factories.delivery import a_sender
from tests.factories.workspaces import workspace


@pytest.fixture
def place(session: Session) -> Workspace:
    return workspace()


def published(session: Session) -> list[str]:
    """Return the news of campaigns, by name: within a transaction they have one time."""
    return sorted(name for name in session.scalars(any_workspace(sa.select(Outbox.name))) if name.startswith("Campaign"))


def acts(session: Session, row: Campaign) -> list[str]:
    mine = (AuditEntry.workspace_id == row.workspace_id, AuditEntry.subject_kind == "campaign", AuditEntry.subject_id == row.id)
    return list(session.scalars(sa.select(AuditEntry.action).where(*mine).order_by(AuditEntry.id)))


def patch(row: Campaign, *, may_send: bool = True, **changes: Any) -> Campaign:
    return campaigns.update(row.workspace_id, row.id, CampaignPatch.model_validate(changes), BY, may_send=may_send)


def goes_to(row: Campaign) -> tuple[list[int], list[int], list[int]]:
    named = queries.targets(row.workspace_id, [row.id])[row.id]
    into, out = ([t.segment.id for t in named if t.excluded is excluded] for excluded in (False, True))
    return into, out, list(queries.customers_of(row.workspace_id, row.id))


def test_a_new_campaign_is_a_draft_with_a_source_and_links_of_its_name(session: Session, place: Workspace) -> None:
    row = a_campaign(place.id, name="Autumn layers, first look", cost=1200)
    assert (row.state, row.version, row.cost, row.goal, row.created_by) == ("draft", 1, 1200, None, "Ines Marlow")
    assert row.utm == {"source": "fairlead", "medium": "email", "campaign": "autumn-layers-first-look"}
    source = find(ActivitySource, place.id, row.source_id or 0)
    assert source is not None
    assert (source.kind, source.name, source.url) == ("campaign", "Autumn layers, first look", f"/campaigns/{row.id}")
    assert (published(session), acts(session, row)) == (["CampaignCreated"], ["campaign.created"])


def test_a_rename_renames_the_source_and_the_part_of_links_that_was_made_from_it(place: Workspace) -> None:
    row = a_campaign(place.id, name="Autumn")
    patch(row, name="Winter")
    source = find(ActivitySource, place.id, row.source_id or 0)
    assert source is not None
    assert (row.name, row.utm["campaign"], source.name) == ("Winter", "winter", "Winter")
    patch(row, utm={"source": "us", "campaign": "own"})
    patch(row, name="Spring")
    assert row.utm == {"source": "us", "campaign": "own"}


def test_segments_and_named_customers_take_turns(place: Workspace) -> None:
    people = subscribers(place.id, 2)
    row = a_campaign(place.id)
    first = goes_to(row)[0]
    out = a_list(place.id, people)
    patch(row, exclude_segments=[out.id])
    assert goes_to(row) == (first, [out.id], [])
    patch(row, customers=[people[1].id, people[0].id, people[1].id])
    assert goes_to(row) == ([], [out.id], [people[0].id, people[1].id])
    patch(row, segments=first)
    assert goes_to(row) == (first, [out.id], [])


def test_a_change_by_somebody_faster_and_a_change_of_nothing(session: Session, place: Workspace) -> None:
    row = a_campaign(place.id)
    assert patch(row, name=row.name, cost=0).version == 1
    assert patch(row, cost=5, version=1).version == 2
    with pytest.raises(Conflict, match="Somebody changed"):
        patch(row, cost=6, version=1)
    assert patch(row, cost=5, version=1).version == 2
    assert (row.cost, acts(session, row)) == (5, ["campaign.created", "campaign.updated"])


def test_what_a_campaign_names_must_be_here_and_fit_together(place: Workspace) -> None:
    other = workspace()
    theirs = a_campaign(other.id)
    mine = a_list(place.id, [])
    archived = a_greeting(place.id)
    archived.archived_at = archived.created_at
    given = {
        "name": "x",
        "template_id": theirs.template_id,
        "sender_id": theirs.sender_id,
        "topic_id": a_topic(other.id).id,
        "simulate": True,
    }
    given |= {"segments": [mine.id, goes_to(theirs)[0][0]], "exclude_segments": [mine.id]}
    with pytest.raises(Invalid) as no:
        campaigns.create(place.id, CampaignIn.model_validate(given), BY)
    assert set(no.value.errors) == {"template_id", "sender_id", "topic_id", "simulate", "segments[1]", "exclude_segments[0]"}
    with pytest.raises(Invalid) as no:
        campaigns.create(place.id, CampaignIn(name="x", template_id=archived.id, customers=[a_customer(other.id).id]), BY)
    assert set(no.value.errors) == {"template_id", "customers[0]"}
    with pytest.raises(Invalid, match="not both"):
        campaigns.create(place.id, CampaignIn(name="x", segments=[mine.id], customers=[a_customer(place.id).id]), BY)


def test_a_sandbox_workspace_takes_only_sandbox_senders_and_may_simulate(session: Session) -> None:
    sandbox = workspace(sandbox=True)
    caught = a_sender(sandbox.id, kind=SenderKind.SANDBOX)
    assert a_campaign(sandbox.id, sender_id=caught.id, simulate=True).simulate
    with pytest.raises(Invalid, match="never leaves"):
        a_campaign(sandbox.id, sender_id=a_sender(sandbox.id).id)


def test_a_copy_is_a_draft_of_its_own(place: Workspace) -> None:
    row = a_campaign(place.id, name="Autumn", cost=700, goal=90, utm={"source": "us", "campaign": "autumn"})
    made = campaigns.duplicate(place.id, row.id, BY)
    assert (made.name, made.state, made.cost, made.goal, made.template_id) == ("Copy of Autumn", "draft", 700, 90, row.template_id)
    assert (goes_to(made), made.utm) == (goes_to(row), {"source": "us", "campaign": "copy-of-autumn"})
    assert made.source_id != row.source_id
    with pytest.raises(NotFound):
        campaigns.duplicate(workspace().id, row.id, BY)


def test_only_drafts_are_deleted_and_only_what_was_not_launched_changes(session: Session, place: Workspace) -> None:
    row = a_campaign(place.id)
    source = row.source_id or 0
    kept = a_campaign(place.id)
    launching.launch(place.id, kept.id, BY)
    with pytest.raises(Conflict, match="Only drafts"):
        campaigns.delete(place.id, kept.id, BY)
    with pytest.raises(Conflict, match="was launched"):
        patch(kept, cost=1)
    campaigns.delete(place.id, row.id, BY)
    assert (find(Campaign, place.id, row.id), find(ActivitySource, place.id, source)) == (None, None)


def test_a_segment_in_use_stays_and_an_erased_customer_leaves_the_list(session: Session, place: Workspace) -> None:
    people = subscribers(place.id, 2)
    used = a_list(place.id, people)
    a_campaign(place.id, name="Autumn", segments=[used.id])
    with pytest.raises(Conflict, match="the campaign “Autumn”"):
        segments.delete(place.id, used.id, BY)
    row = a_campaign(place.id, customers=[person.id for person in people])
    for act in registry.erase:
        act(place.id, [people[0].id])
    assert goes_to(row)[2] == [people[1].id]


def test_the_currency_stays_while_amounts_stand_in_it(place: Workspace) -> None:
    a_campaign(place.id)
    assert not any("Campaigns" in (why(place.id) or "") for why in registry.currency_uses)
    a_campaign(place.id, goal=1)
    assert sum("Campaigns" in (why(place.id) or "") for why in registry.currency_uses) == 1
