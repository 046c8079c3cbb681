"""The page of a campaign that is leaving, or does not."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.campaigns.service import launch, pace, running
from app.core import redis
from app.core.db import get
from app.core.time import now
from app.delivery.models import Message, MessageState, Sender, SenderPace
from app.delivery.service.mailings import finish_if_done
from tests.campaigns.test_running import end
from tests.campaigns.test_views import text
from tests.factories.auth import Browser, signed_in
from tests.factories.campaigns import BY, a_campaign, sending

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def test_who_waits_for_another_try_is_not_promised_in_seconds(browser: Browser, session: Session) -> None:
    row = sending(browser.workspace_id, 3)
    end(session, row, (MessageState.SENT, None))
    at, later = f"/campaigns/{row.id}", now() + timedelta(minutes=20)
    mine = (Message.workspace_id == row.workspace_id, Message.mailing_id == row.mailing_id, Message.state == int(MessageState.PENDING))
    session.execute(sa.update(Message).where(*mine).values(due_at=later, reason="450 4.2.1 later", attempts=1))
    when = f"{later:%H:%M}"
    pace.note()
    redis.client().lset(f"fl:campaigns:sent:{row.mailing_id}", 0, f"{now().timestamp() - 20}:0")
    page = text(browser.get(at))
    assert ("2 of them for another try" in page, f"Those who are left: next try {when}" in page, "a second" in page) == (True, True, False)
    assert f"next try {when}" in text(browser.get(f"{at}/recipients?state=pending"))


def test_a_sender_that_rests_is_said_and_one_that_stands_still_does_not_begin(browser: Browser, session: Session) -> None:
    row = sending(browser.workspace_id, 3)
    at = f"/campaigns/{row.id}/progress?state=sending"
    assert "Beginning…" in text(browser.get(at, headers=FRAGMENT))
    end(session, row, (MessageState.SENT, None))
    assert "Nothing leaves just now" in text(browser.get(at, headers=FRAGMENT))
    until = now() + timedelta(minutes=4)
    session.execute(sa.delete(SenderPace).where(SenderPace.workspace_id == row.workspace_id, SenderPace.sender_id == row.sender_id))
    session.add(SenderPace(workspace_id=row.workspace_id, sender_id=row.sender_id, held_until=until))
    session.flush()
    sender = get(Sender, row.workspace_id, row.sender_id or 0)
    says = f"{sender.name} rests: its server takes nothing just now. Next try {until:%H:%M}"
    assert says in text(browser.get(at, headers=FRAGMENT))
    draft = a_campaign(row.workspace_id, sender_id=sender.id)
    assert f"“{sender.name}” rests: its server took nothing when last tried." in text(
        browser.get(f"/campaigns/{draft.id}/check", headers=FRAGMENT)
    )


def test_a_scheduled_campaign_that_failed_to_leave_says_so_on_its_page(browser: Browser, session: Session) -> None:
    row = a_campaign(browser.workspace_id)
    launch.schedule(row.workspace_id, row.id, now() + timedelta(hours=1), BY)
    row.problem = launch.FAILED
    session.flush()
    assert f"It did not leave at its time. {launch.FAILED}" in text(browser.get(f"/campaigns/{row.id}"))


def test_one_person_is_no_people(browser: Browser) -> None:
    row = a_campaign(browser.workspace_id, 1)
    assert 'data-confirm="Send to 1 person now?"' in browser.get(f"/campaigns/{row.id}/check", headers=FRAGMENT).text


def test_a_sender_that_fails_is_said_while_one_watches(browser: Browser, session: Session) -> None:
    row = sending(browser.workspace_id, 2)
    at = f"/campaigns/{row.id}/progress?state=sending"
    assert "cannot send" not in text(browser.get(at, headers=FRAGMENT))
    sender = get(Sender, row.workspace_id, row.sender_id or 0)
    sender.problem, sender.problem_at = "mail.x.example refuses our login (535 5.7.8).", now()
    session.flush()
    part = text(browser.get(at, headers=FRAGMENT))
    assert f"{sender.name} cannot send. mail.x.example refuses our login (535 5.7.8). Nobody is lost: 2 people are waiting." in part
    assert "Nothing leaves just now" in part
    assert [text(browser.get(f"/campaigns/{row.id}{tab}")).count("cannot send") for tab in ("", "/recipients")] == [1, 1]


def test_what_was_just_ended_says_who_is_still_being_put_away(browser: Browser, session: Session) -> None:
    row = sending(browser.workspace_id, 3)
    end(session, row, (MessageState.SENT, None))
    assert "Whoever is still waiting does not get it. What has left" in browser.get(f"/campaigns/{row.id}").text
    running.pause(row.workspace_id, row.id, BY)
    assert "2 people who are waiting do not get it. What has left" in browser.get(f"/campaigns/{row.id}").text
    running.complete(row.workspace_id, row.id, BY)
    page = text(browser.get(f"/campaigns/{row.id}"))
    assert "2 people did not get it" in page
    assert "Still waiting when it was stopped 2 Being put away. Look again in a few seconds" in page


def test_everybody_got_it(browser: Browser, session: Session) -> None:
    row = sending(browser.workspace_id, 1)
    end(session, row, (MessageState.SENT, None))
    finish_if_done(row.workspace_id, row.mailing_id or 0)
    running.finish(row.workspace_id, row.mailing_id or 0)
    assert "Everybody got it." in browser.get(f"/campaigns/{row.id}").text
