"""What people do to a campaign on its way, and how it ends."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.auth.permissions import PERMISSIONS
from app.campaigns.models import Campaign
from app.campaigns.schemas import TestIn
from app.campaigns.service import launch, running, trial
from app.core.db import get
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.security import unseal
from app.core.time import now
from app.delivery.models import Mailing, Message, MessageBody, MessageKind, MessageState, Sender, Skip
from app.delivery.service import stopping
from app.delivery.service.mailings import finish_if_done, group_of, tallies_of
from app.delivery.service.tallies import add_tallies
from app.workspaces.models import Workspace
from tests.campaigns.test_campaigns import acts, published
from tests.factories.auth import member, user
from tests.factories.campaigns import BY, a_campaign, sending
from tests.factories.customers import a_customer, a_suppression
from tests.factories.workspaces import workspace

ALL = frozenset(PERMISSIONS)


@pytest.fixture
def place(session: Session) -> Workspace:
    return workspace()


def end(session: Session, row: Campaign, *ends: tuple[MessageState, str | None]) -> None:
    """Let the first messages of a campaign end so, with the tallies, as a mailer does."""
    mine = (Message.workspace_id == row.workspace_id, Message.mailing_id == row.mailing_id, Message.state == int(MessageState.PENDING))
    for message, (state, reason) in zip(session.scalars(sa.select(Message).where(*mine).order_by(Message.id)), ends, strict=False):
        message.state, message.reason = int(state), reason
        add_tallies({(row.mailing_id or 0, int(state), group_of(int(state), reason or "")): 1})
    session.flush()


def states(session: Session, row: Campaign) -> Sequence[int]:
    mine = (Message.workspace_id == row.workspace_id, Message.mailing_id == row.mailing_id)
    return session.scalars(sa.select(Message.state).where(*mine).order_by(Message.id)).all()


def put_away(row: Campaign, reason: Skip) -> None:
    while stopping.step(row.workspace_id, row.mailing_id or 0, reason):
        pass


def test_pause_and_resume(session: Session, place: Workspace) -> None:
    row = sending(place.id)
    running.pause(place.id, row.id, BY)
    mailing = get(Mailing, place.id, row.mailing_id or 0)
    assert (row.state, mailing.state) == ("paused", "paused")
    with pytest.raises(Conflict, match="is paused"):
        running.pause(place.id, row.id, BY)
    running.resume(place.id, row.id, BY)
    assert (row.state, mailing.state) == ("sending", "open")
    with pytest.raises(Conflict, match="is being sent"):
        running.resume(place.id, row.id, BY)
    assert published(session) == ["CampaignCreated", "CampaignLaunched", "CampaignPaused", "CampaignResumed"]
    assert acts(session, row)[2:] == ["campaign.paused", "campaign.resumed"]


def test_it_is_sent_when_nobody_waits_any_more(session: Session, place: Workspace) -> None:
    row = sending(place.id)
    running.finish(place.id, row.mailing_id or 0)
    assert row.state == "sending"
    end(session, row, (MessageState.SENT, None), (MessageState.FAILED, "554 5.7.1 no"))
    assert finish_if_done(place.id, row.mailing_id or 0)
    running.finish(place.id, row.mailing_id or 0)
    running.finish(place.id, row.mailing_id or 0)
    assert (row.state, row.finished_at is not None) == ("sent", True)
    assert published(session) == ["CampaignCreated", "CampaignFinished", "CampaignLaunched"]


def test_a_pause_at_the_very_end_is_sent_all_the_same(session: Session, place: Workspace) -> None:
    row = sending(place.id, 1)
    end(session, row, (MessageState.SENT, None))
    assert finish_if_done(place.id, row.mailing_id or 0)
    running.pause(place.id, row.id, BY)
    running.finish(place.id, row.mailing_id or 0)
    assert row.state == "sent"


def test_what_is_cancelled_keeps_what_has_left_and_can_go_to_the_rest(session: Session, place: Workspace) -> None:
    row = sending(place.id, 3)
    end(session, row, (MessageState.SENT, None))
    running.cancel(place.id, row.id, BY)
    with pytest.raises(Conflict, match="still being put away"):
        running.retry(place.id, row.id, ["skipped"], BY)
    put_away(row, Skip.CANCELLED)
    running.finish(place.id, row.mailing_id or 0)
    assert (row.state, get(Mailing, place.id, row.mailing_id or 0).state) == ("cancelled", "done")
    assert states(session, row) == [MessageState.SENT, MessageState.SKIPPED, MessageState.SKIPPED]
    assert tallies_of([row.mailing_id or 0])[row.mailing_id or 0][int(MessageState.SKIPPED), "cancelled"] == 2
    assert running.retry(place.id, row.id, ["skipped"], BY) == 2
    assert (row.state, states(session, row)[1:]) == ("sending", [MessageState.PENDING] * 2)
    assert not stopping.step(place.id, row.mailing_id or 0, Skip.CANCELLED), "it was opened again: nobody is put away"


def test_a_cancelled_schedule_leaves_nothing_and_cannot_go_on(place: Workspace) -> None:
    row = a_campaign(place.id)
    with pytest.raises(Conflict, match="is a draft"):
        running.cancel(place.id, row.id, BY)
    row.state = "scheduled"
    running.cancel(place.id, row.id, BY)
    assert (row.state, row.mailing_id) == ("cancelled", None)
    for act in (running.pause, running.resume, running.cancel, running.complete):
        with pytest.raises(Conflict, match="was cancelled"):
            act(place.id, row.id, BY)
    with pytest.raises(Conflict, match="before anybody's turn"):
        running.retry(place.id, row.id, ["skipped"], BY)
    with pytest.raises(Conflict, match="was cancelled"):
        launch.launch(place.id, row.id, BY)


def test_what_is_ended_can_be_sent_to_the_rest_and_to_those_who_failed(session: Session, place: Workspace) -> None:
    row = sending(place.id, 4)
    end(session, row, (MessageState.SENT, None), (MessageState.FAILED, "421 4.7.0 busy"), (MessageState.IN_DOUBT, None))
    running.complete(place.id, row.id, BY)
    put_away(row, Skip.ENDED)
    running.finish(place.id, row.mailing_id or 0)
    assert (row.state, published(session)) == ("sent", ["CampaignCreated", "CampaignFinished", "CampaignLaunched"])
    assert running.retry(place.id, row.id, ["skipped", "failed"], BY) == 2
    assert (row.state, row.finished_at) == ("sending", None)
    assert states(session, row) == [MessageState.SENT, MessageState.PENDING, MessageState.IN_DOUBT, MessageState.PENDING]
    with pytest.raises(Conflict, match="Nobody is left"):
        running.retry(place.id, row.id, ["failed"], BY)
    assert running.retry(place.id, row.id, ["in_doubt"], BY) == 1


def test_a_retry_of_what_is_paused_waits_with_the_others(session: Session, place: Workspace) -> None:
    row = sending(place.id)
    end(session, row, (MessageState.FAILED, "554 no"))
    running.pause(place.id, row.id, BY)
    assert running.retry(place.id, row.id, ["failed"], BY) == 1
    assert (row.state, get(Mailing, place.id, row.mailing_id or 0).state) == ("paused", "paused")


def test_a_test_is_marked_and_counted_nowhere(session: Session, place: Workspace) -> None:
    row = a_campaign(place.id)
    given = TestIn(to=["Ada@Northlight.example", "ada@northlight.example", "grace@northlight.example"])
    assert trial.send(place.id, row.id, given, ALL, BY) == 2
    sent = session.scalars(sa.select(Message).where(Message.workspace_id == place.id).order_by(Message.id)).all()
    assert [(m.kind, m.address) for m in sent] == [(int(MessageKind.TEST), f"{n}@northlight.example") for n in ("ada", "grace")]
    assert not any(tallies_of([m.mailing_id])[m.mailing_id] for m in sent)
    assert acts(session, row)[-1] == "campaign.tested"
    with pytest.raises(Invalid) as no:
        trial.send(place.id, row.id, TestIn(to=["ada@northlight.example", "nobody"]), ALL, BY)
    assert list(no.value.errors) == ["to[1]"]
    row.template_id = None
    with pytest.raises(Conflict, match="Choose a template"):
        trial.send(place.id, row.id, given, ALL, BY)


def test_a_test_goes_to_members_unless_one_may_send_and_never_to_who_is_suppressed(place: Workspace) -> None:
    row = a_campaign(place.id)
    member(place, person=user(email="Ada@northlight.example"))
    member(workspace(), person=user(email="grace@northlight.example"))
    writer = ALL - {"campaigns.send"}
    assert trial.send(place.id, row.id, TestIn(to=["ada@NORTHLIGHT.example"]), writer, BY) == 1
    both = TestIn(to=["ada@northlight.example", "grace@northlight.example"])
    with pytest.raises(Invalid) as no:
        trial.send(place.id, row.id, both, writer, BY)
    assert no.value.errors == {"to[1]": trial.STRANGER}
    assert trial.send(place.id, row.id, both, ALL, BY) == 2
    a_suppression(place.id, "ada@northlight.example")
    with pytest.raises(Invalid) as no:
        trial.send(place.id, row.id, TestIn(to=["x", "Ada@northlight.example"]), ALL, BY)
    assert set(no.value.errors) == {"to[0]", "to[1]"}
    assert no.value.errors["to[1]"] == trial.BARRED


def test_the_tests_of_a_day_are_counted_for_the_workspace(session: Session, place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "A_DAY", 3)
    row, other = a_campaign(place.id), a_campaign(place.id)
    two = TestIn(to=["ada@northlight.example", "grace@northlight.example"])
    trial.send(place.id, row.id, two, ALL, BY)
    with pytest.raises(Conflict, match="3 tests a day, and 2 were sent today"):
        trial.send(place.id, other.id, two, ALL, BY)
    trial.send(place.id, other.id, TestIn(to=two.to[:1]), ALL, BY)
    elsewhere = workspace()
    assert trial.send(elsewhere.id, a_campaign(elsewhere.id).id, two, ALL, BY) == 2
    yesterday = sa.update(Message).where(Message.workspace_id == place.id, Message.address == two.to[1])
    session.execute(yesterday.values(created_at=now() - timedelta(days=1)))
    assert trial.send(place.id, row.id, TestIn(to=two.to[:1]), ALL, BY) == 1


def test_a_test_by_who_sees_no_customers_has_nobodys_words(session: Session, place: Workspace) -> None:
    row = a_campaign(place.id)
    blind = ALL - {"customers.view"}
    with pytest.raises(Forbidden, match=r"customers\.view"):
        trial.send(place.id, row.id, TestIn(to=["ada@northlight.example"], customer_id=a_customer(place.id).id), blind, BY)
    for held in (blind, ALL):
        trial.send(place.id, row.id, TestIn(to=["ada@northlight.example"]), held, BY)
    mine = sa.select(MessageBody.sealed).join(Message, Message.id == MessageBody.message_id).where(Message.workspace_id == place.id)
    said = [json.loads(unseal(sealed))["text"] for sealed in session.scalars(mine.order_by(Message.id))]
    assert ["Hello there" in text for text in said] == [True, False]


def test_nothing_goes_again_by_a_sender_that_was_deleted(session: Session, place: Workspace) -> None:
    row = sending(place.id, 2)
    end(session, row, (MessageState.SENT, None), (MessageState.FAILED, "554 no"))
    assert finish_if_done(place.id, row.mailing_id or 0)
    running.finish(place.id, row.mailing_id or 0)
    sender = get(Sender, place.id, get(Mailing, place.id, row.mailing_id or 0).sender_id)
    sender.name, sender.archived_at = "Old post", now()
    session.flush()
    with pytest.raises(Conflict, match="The sender it went by, “Old post”, was deleted"):
        running.retry(place.id, row.id, ["failed"], BY)
    assert (row.state, states(session, row)) == ("sent", [MessageState.SENT, MessageState.FAILED])
