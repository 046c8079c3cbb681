"""From the launch, by hand or by the clock, to the first message."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from app.campaigns.models import Campaign
from app.campaigns.schemas import CampaignPatch
from app.campaigns.service import campaigns, freeze, launch, running
from app.content.models import Template, TemplateVersion
from app.content.schemas import TemplatePatch
from app.content.service import templates
from app.core.db import get
from app.core.errors import Conflict, Invalid
from app.core.time import now
from app.delivery.models import ALL, Mailing, MailingContent, MailingLink, Message, MessageState, SenderKind, Skip
from app.delivery.service.mailings import tallies_of
from app.segments.models import Segment
from app.workspaces.models import Workspace
from tests.campaigns.test_campaigns import acts, published
from tests.factories.campaigns import BY, a_campaign, a_greeting, a_list, frozen, sending, subscribers
from tests.factories.customers import a_consent, a_customer, a_suppression, a_topic
from tests.factories.delivery import a_sender
from tests.factories.segments import a_segment, field
from tests.factories.workspaces import workspace


@pytest.fixture
def place(session: Session) -> Workspace:
    return workspace()


def ledger(session: Session, row: Campaign) -> dict[int | None, tuple[int, str | None]]:
    mine = (Message.workspace_id == row.workspace_id, Message.mailing_id == row.mailing_id)
    rows = session.scalars(sa.select(Message).where(*mine)).all()
    found = {message.customer_id: (message.state, message.reason) for message in rows}
    assert len(found) == len(rows), "somebody has two rows"
    return found


WAITS = (int(MessageState.PENDING), None)


def skipped(reason: Skip) -> tuple[int, str]:
    return (int(MessageState.SKIPPED), str(reason))


def test_everybody_asked_for_has_one_row_with_the_reason_why_not(session: Session, place: Workspace, monkeypatch: Any) -> None:
    monkeypatch.setattr(freeze, "SIZE", 2)
    fine = subscribers(place.id, 5)
    no_consent, gone, barred, silent, left = (a_customer(place.id, **({"email": None} if i == 3 else {})) for i in range(5))
    a_consent(gone, "unsubscribed")
    for person in (barred, left):
        a_consent(person)
    a_suppression(place.id, (barred.email or "").lower())
    first = a_list(place.id, [*fine[:4], no_consent, gone, barred, silent])
    second = a_list(place.id, [*fine[2:], left])
    row = a_campaign(place.id, segments=[first.id, second.id], exclude_segments=[a_list(place.id, [left]).id])
    launch.launch(place.id, row.id, BY)
    assert (row.state, row.template_version, row.launched_by) == ("launching", 1, "Ines Marlow")
    assert row.audience == {
        "matched": 10,
        "duplicates": 2,
        "left_out": 1,
        "no_address": 1,
        "no_consent": 1,
        "unsubscribed": 1,
        "suppressed": 1,
        "will_receive": 5,
        "seconds": None,
    }
    frozen(row)
    assert ledger(session, row) == dict.fromkeys([person.id for person in fine], WAITS) | {
        no_consent.id: skipped(Skip.NO_CONSENT),
        gone.id: skipped(Skip.UNSUBSCRIBED),
        barred.id: skipped(Skip.SUPPRESSED),
        silent.id: skipped(Skip.NO_ADDRESS),
    }
    mailing = get(Mailing, place.id, row.mailing_id or 0)
    assert (row.state, mailing.state, mailing.source_id) == ("sending", "open", row.source_id)
    assert tallies_of([mailing.id])[mailing.id][ALL, ""] == 9
    assert published(session) == ["CampaignCreated", "CampaignLaunched"]
    assert acts(session, row) == ["campaign.created", "campaign.launched"]


def test_a_launch_killed_between_and_within_steps_gives_each_one_row(session: Session, place: Workspace, monkeypatch: Any) -> None:
    monkeypatch.setattr(freeze, "SIZE", 2)
    row = a_campaign(place.id, 5)
    launch.launch(place.id, row.id, BY)
    made = freeze.step(place.id, row.id)
    savepoint = session.begin_nested()
    freeze.step(place.id, row.id)
    savepoint.rollback()  # a worker died before its commit
    assert freeze.step(place.id, row.id)
    row.frozen_to = 0  # and one is run again from the start, as if the note of how far it was had been lost
    session.flush()
    frozen(row)
    assert made
    assert list(ledger(session, row).values()) == [WAITS] * 5
    assert not freeze.step(place.id, row.id)
    assert tallies_of([row.mailing_id or 0])[row.mailing_id or 0] == {(ALL, ""): 5}


def test_named_customers_less_a_segment_by_their_own_topic(session: Session, place: Workspace) -> None:
    topic = a_topic(place.id)
    yes, no, out = subscribers(place.id, 3)
    a_consent(no, "unsubscribed", topic_id=topic.id)
    row = a_campaign(place.id, customers=[yes.id, no.id, out.id], exclude_segments=[a_list(place.id, [out]).id], topic_id=topic.id)
    launch.launch(place.id, row.id, BY)
    frozen(row)
    assert ledger(session, row) == {yes.id: WAITS, no.id: skipped(Skip.UNSUBSCRIBED)}


def test_rules_are_looked_at_again_and_words_are_frozen(session: Session, place: Workspace) -> None:
    people = subscribers(place.id, 2)
    people[0].country = "US"
    session.flush()
    segment = a_segment(place.id, field("country", "eq", "US"))
    row = a_campaign(place.id, segments=[segment.id], name="Autumn")
    launch.launch(place.id, row.id, BY)
    people[1].country = "US"
    session.flush()
    version = session.scalars(sa.select(TemplateVersion).where(TemplateVersion.workspace_id == place.id)).one()
    newer = {"subject": "Newer", "body": "x", "by": "test", "number": 2, "template_id": version.template_id}
    session.add(TemplateVersion(workspace_id=place.id, **newer))
    get(Template, place.id, version.template_id).version = 2
    session.flush()
    frozen(row)
    assert set(ledger(session, row)) == {person.id for person in people}
    words = session.scalars(sa.select(MailingContent).where(MailingContent.workspace_id == place.id)).one()
    assert (words.subject, words.utm) == (
        "Layers for cold mornings",
        {"utm_source": "fairlead", "utm_medium": "email", "utm_campaign": "autumn"},
    )
    assert words.brand["name"] == place.name
    links = session.scalars(sa.select(MailingLink).where(MailingLink.workspace_id == place.id)).all()
    assert [(link.position, link.url, link.label) for link in links] == [(0, "https://shop.example/a", "Look")]


def test_a_pause_stops_a_launch_and_a_resume_goes_on(session: Session, place: Workspace, monkeypatch: Any) -> None:
    monkeypatch.setattr(freeze, "SIZE", 1)
    row = a_campaign(place.id, 3)
    launch.launch(place.id, row.id, BY)
    freeze.step(place.id, row.id)
    freeze.step(place.id, row.id)
    running.pause(place.id, row.id, BY)
    assert not freeze.step(place.id, row.id)
    assert (row.state, len(ledger(session, row))) == ("paused", 1)
    with pytest.raises(Conflict, match="not put together"):
        running.complete(place.id, row.id, BY)
    running.resume(place.id, row.id, BY)
    assert row.state == "launching"
    frozen(row)
    assert (row.state, len(ledger(session, row))) == ("sending", 3)


def test_rules_that_do_not_hold_any_more_pause_the_launch_and_say_so(session: Session, place: Workspace) -> None:
    person = subscribers(place.id, 1)[0]
    person.country = "US"
    session.flush()
    row = a_campaign(place.id, segments=[a_segment(place.id, field("country", "eq", "US")).id])
    launch.launch(place.id, row.id, BY)
    broken = session.scalars(sa.select(Segment).where(Segment.workspace_id == place.id)).one()
    broken.criteria = {"operator": "AND", "rules": [field("fields.nothing", "eq", "x")]}
    session.flush()
    assert not freeze.step(place.id, row.id)
    assert row.state == "paused"
    assert "do not hold any more" in (row.problem or "")


def test_a_launch_says_all_that_is_missing_and_happens_once(place: Workspace) -> None:
    row = a_campaign(place.id)
    row.template_id = row.sender_id = None
    with pytest.raises(Conflict, match=r"Choose a template\. Choose a sender\."):
        launch.launch(place.id, row.id, BY)
    nobody = a_campaign(place.id, 0)
    with pytest.raises(Conflict, match="Nobody is in the segments"):
        launch.launch(place.id, nobody.id, BY)
    barred = a_campaign(place.id, customers=[a_customer(place.id).id])
    with pytest.raises(Conflict, match="Nobody would receive it"):
        launch.launch(place.id, barred.id, BY)
    sent = sending(place.id)
    with pytest.raises(Conflict, match="A campaign is launched once"):
        launch.launch(place.id, sent.id, BY)


def test_a_faulty_template_is_named_before_the_launch(place: Workspace, session: Session) -> None:
    row = a_campaign(place.id)
    words = session.scalars(sa.select(TemplateVersion).where(TemplateVersion.workspace_id == place.id)).one()
    words.body = "{{ customer.nonsense }}"
    session.flush()
    with pytest.raises(Conflict, match="nonsense"):
        launch.launch(place.id, row.id, BY)


def test_the_clock_launches_what_is_due_and_asks_about_what_is_late(session: Session, place: Workspace) -> None:
    soon, late, later = (a_campaign(place.id) for _ in range(3))
    for row in (soon, late, later):
        launch.schedule(place.id, row.id, now() + timedelta(hours=1), BY)
    assert not launch.launch_due()
    soon.scheduled_at, late.scheduled_at = now() - timedelta(minutes=29), now() - timedelta(minutes=31)
    session.flush()
    assert launch.launch_due()
    assert launch.launch_due()
    assert not launch.launch_due()
    assert [(row.state, row.overdue) for row in (soon, late, later)] == [("launching", False), ("scheduled", True), ("scheduled", False)]
    assert soon.launched_by == "the schedule"
    assert "CampaignOverdue" in published(session)
    launch.launch(place.id, late.id, BY)
    assert (late.state, late.overdue) == ("launching", False)


def test_what_is_due_but_misses_something_is_a_draft_again_that_says_what(session: Session, place: Workspace) -> None:
    row = a_campaign(place.id)
    launch.schedule(place.id, row.id, now() + timedelta(hours=1), BY)
    row.scheduled_at = now() - timedelta(minutes=1)
    get(Template, place.id, row.template_id or 0).archived_at = now()
    session.flush()
    assert launch.launch_due()
    assert (row.state, row.scheduled_at) == ("draft", None)
    assert "is archived" in (row.problem or "")


def test_a_time_is_chosen_changed_and_taken_away(session: Session, place: Workspace) -> None:
    row, at = a_campaign(place.id), now() + timedelta(days=1)
    with pytest.raises(Invalid, match="in the past"):
        launch.schedule(place.id, row.id, now() - timedelta(seconds=1), BY)
    launch.plan(place.id, row.id, at, None, BY)
    assert (row.state, row.scheduled_at) == ("draft", at)
    launch.schedule(place.id, row.id, at, BY)
    launch.plan(place.id, row.id, at + timedelta(days=1), row.version, BY)
    assert (row.state, row.scheduled_at) == ("draft", at + timedelta(days=1))
    launch.schedule(place.id, row.id, at, BY)
    launch.unschedule(place.id, row.id, BY)
    assert (row.state, row.scheduled_at) == ("draft", None)
    with pytest.raises(Conflict, match="not scheduled"):
        launch.unschedule(place.id, row.id, BY)
    assert published(session) == ["CampaignCreated", *["CampaignScheduled"] * 2, *["CampaignUnscheduled"] * 2]


def test_a_change_by_who_may_not_send_makes_a_scheduled_campaign_a_draft(session: Session, place: Workspace) -> None:
    people = subscribers(place.id, 2)
    at = now() + timedelta(days=1)
    named = a_campaign(place.id, customers=[people[0].id])
    other = a_list(place.id, people)
    given: list[dict[str, Any]] = [
        {"template_id": a_greeting(place.id).id},
        {"sender_id": a_sender(place.id, kind=SenderKind.SANDBOX).id},
        {"topic_id": a_topic(place.id).id},
        {"segments": [other.id]},
        {"exclude_segments": [other.id]},
        {"customers": [people[1].id]},
    ]
    for changes in given:
        row = named if "customers" in changes else a_campaign(place.id)
        launch.schedule(place.id, row.id, at, BY)
        patch = CampaignPatch.model_validate(changes)
        campaigns.update(
            place.id, row.id, CampaignPatch(cost=12, **{n: getattr(row, n) for n in changes if n.endswith("_id")}), BY, may_send=False
        )
        assert (row.state, row.template_version) == ("scheduled", 1), changes
        campaigns.update(place.id, row.id, patch, BY, may_send=False)
        assert (row.state, row.scheduled_at, row.template_version) == ("draft", None, None), changes
        assert "may not send" in (row.problem or "")
        assert acts(session, row)[-2:] == ["campaign.unscheduled", "campaign.updated"]
    assert published(session).count("CampaignUnscheduled") == len(given)
    row = a_campaign(place.id)
    launch.schedule(place.id, row.id, at, BY)
    newer = a_greeting(place.id)
    templates.update(place.id, newer.id, TemplatePatch(subject="Newer"), BY)
    campaigns.update(place.id, row.id, CampaignPatch(template_id=newer.id), BY, may_send=True)
    assert (row.state, row.scheduled_at, row.template_version) == ("scheduled", at, 2)


def test_the_clock_launches_the_words_that_were_scheduled_and_a_person_the_newest(session: Session, place: Workspace) -> None:
    clock, hand = a_campaign(place.id), a_campaign(place.id)
    for row in (clock, hand):
        launch.schedule(place.id, row.id, now() + timedelta(hours=1), BY)
        templates.update(place.id, row.template_id or 0, TemplatePatch(subject="Newer"), BY)
        assert row.template_version == 1
    clock.scheduled_at = now() - timedelta(minutes=1)
    session.flush()
    assert launch.launch_due()
    launch.launch(place.id, hand.id, BY)
    for row, version, subject in ((clock, 1, "Layers for cold mornings"), (hand, 2, "Newer")):
        frozen(row)
        words = session.scalars(
            sa.select(MailingContent).where(MailingContent.workspace_id == place.id, MailingContent.mailing_id == row.mailing_id)
        ).one()
        assert (row.template_version, words.subject) == (version, subject)
    row = a_campaign(place.id)
    launch.schedule(place.id, row.id, now() + timedelta(hours=1), BY)
    launch.unschedule(place.id, row.id, BY)
    assert row.template_version is None


def test_one_that_fails_unexpectedly_says_so_and_holds_up_nobody(
    session: Session, place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine, late, also = (a_campaign(place.id) for _ in range(4))
    for minutes, row in enumerate((broken, fine, also)):
        launch.schedule(place.id, row.id, now() + timedelta(hours=1), BY)
        row.scheduled_at = now() - timedelta(minutes=20 - minutes)
    launch.schedule(place.id, late.id, now() + timedelta(hours=1), BY)
    session.flush()
    check, tries = launch.check, list[int]()

    def fails(row: Campaign) -> Any:
        tries.append(row.id)
        if row.id in (broken.id, also.id):
            session.execute(sa.text("select 1 / 0"))
        return check(row)

    monkeypatch.setattr(launch, "check", fails)
    with capture_logs() as told:
        while launch.launch_due():
            pass
        late.scheduled_at = now() - timedelta(minutes=1)
        session.flush()
        while launch.launch_due():
            pass
    assert [(row.state, row.problem) for row in (broken, fine, also, late)] == [
        ("scheduled", launch.FAILED), ("launching", None), ("scheduled", launch.FAILED), ("launching", None),
    ]  # fmt: skip
    assert tries == [broken.id, fine.id, also.id, broken.id, late.id, also.id], "new ones go first, then one that failed, each in its turn"
    assert [line["campaign"] for line in told if line["log_level"] == "error"] == [broken.id, also.id, broken.id, also.id]
    monkeypatch.setattr(launch, "check", check)
    assert launch.launch_due()
    assert (broken.state, broken.problem) == ("launching", None)
    also.scheduled_at = now() - timedelta(minutes=31)
    session.flush()
    assert launch.launch_due()
    assert (also.state, also.overdue) == ("scheduled", True)
