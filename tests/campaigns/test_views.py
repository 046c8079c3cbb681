"""Pages of campaigns."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns as queries
from app.campaigns.schemas import CampaignPatch
from app.campaigns.service import campaigns as service
from app.campaigns.service import launch, running
from app.core.db import db
from app.core.time import now
from app.delivery.models import MessageState, SenderKind, Skip
from app.delivery.service import stopping
from app.workspaces.models import Workspace
from tests.campaigns.test_running import end
from tests.factories.auth import Browser, signed_in
from tests.factories.campaigns import BY, a_campaign, a_greeting, a_list, sending, subscribers
from tests.factories.content import a_template
from tests.factories.customers import a_customer, a_topic
from tests.factories.delivery import a_sender
from tests.support import counted

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def text(answer: Any) -> str:
    """Return the words of a page, without its tags."""
    body = re.sub(r"<(script|style).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("\u202f", " ")


def only(browser: Browser) -> Campaign:
    wanted = sa.select(Campaign).where(Campaign.workspace_id == browser.workspace_id).order_by(Campaign.id.desc()).limit(1)
    return db.session.scalars(wanted.execution_options(populate_existing=True)).one()


def test_an_empty_list_teaches_the_next_step(browser: Browser) -> None:
    page = browser.get("/campaigns")
    assert "Write to someone" in page.text
    assert 'href="/campaigns/new"' in page.text


def test_the_builder_begins_with_the_content(browser: Browser) -> None:
    place = browser.workspace_id
    template, sender = a_greeting(place), a_sender(place, kind=SenderKind.SANDBOX)
    assert browser.get("/campaigns/new").status_code == 200
    content = {
        "name": "Autumn layers",
        "template_id": template.id,
        "sender_id": sender.id,
        "cost": "640.50",
        "goal": "39,000",
        "version": "",
        "utm_source": "fairlead",
    }
    wrong = browser.post("/campaigns/new", content | {"cost": "much", "goal": "-1"})
    assert wrong.status_code == 422
    assert "This cannot be below zero." in wrong.text
    assert browser.post("/campaigns/new", {"name": ""}).status_code == 422
    answer = browser.post("/campaigns/new", content)
    row = only(browser)
    assert answer.location == f"/campaigns/{row.id}/edit?step=audience"
    assert (row.cost, row.goal, row.utm["campaign"]) == (64_050, 3_900_000, "autumn-layers")
    at = f"/campaigns/{row.id}/edit"
    page = browser.get(at)
    assert 'value="640.50"' in page.text
    greeted = a_template(place, kind="markdown", subject="{{ customer.first_name | default('You') }}: layers", body="Hello")
    for case, seen in (({"template_id": greeted.id}, "You: layers"), ({}, "Layers for cold mornings")):
        version = only(browser).version
        kept = browser.post(f"{at}?step=content", content | case | {"version": version}, headers=FRAGMENT)
        assert (seen in text(kept), "customer.first_name" in text(kept)) == (True, False)
    assert "Layers for cold mornings" in text(page)

    kept = browser.post(f"{at}?step=content", content | {"name": "Autumn", "version": 3, "utm_source": "us"}, headers=FRAGMENT)
    assert "Saved just now." in kept.text
    assert 'id="version" value="4"' in kept.text
    late = browser.post(f"{at}?step=content", content | {"name": "Winter", "version": 1}, headers=FRAGMENT)
    assert (late.status_code, "Somebody changed this campaign" in late.text) == (409, True)
    assert browser.post(f"{at}?step=content", content | {"name": "", "version": 4}).status_code == 422
    assert browser.post(f"{at}?step=content", content | {"name": "Autumn", "version": 4}).location == f"{at}?step=audience"


def test_the_log_says_names_and_money_and_keeps_saying_what_is_gone(browser: Browser) -> None:
    place = browser.workspace_id
    old, new = a_greeting(place), a_greeting(place)
    old.name, new.name = "Old words", "New words"
    topic = a_topic(place, "Field notes")
    row = a_campaign(place, template_id=old.id)
    for version, patch in enumerate(
        ({"template_id": new.id, "cost": 64_050, "goal": 3_900_000}, {"topic_id": topic.id, "sender_id": None})
    ):
        service.update(place, row.id, CampaignPatch.model_validate(patch | {"version": version + 1}), BY, may_send=True)
    launched = {"scheduled_at": "2026-11-27T08:00:00+00:00"}
    audit.record(place, BY, "campaign.scheduled", service.subject(row), None, launched)
    db.session.flush()
    told = text(browser.get(f"/campaigns/{row.id}/log"))
    for words in ("template Old words New words", "cost $0.00 $640.50", "goal – $39,000.00", "topic Mail as a whole Field notes", "27 Nov"):
        assert words in told, words
    for raw in ("template id", "64050", "3900000", "+00:00"):
        assert raw not in told, raw
    assert "template Old words New words" in text(browser.get("/settings/audit"))
    at, gone, asked = f"/campaigns/{row.id}/log", f"Mail as a whole {topic.id}, not here any more", []
    db.session.delete(topic)
    db.session.flush()
    for _ in range(2):
        with counted() as statements:
            assert gone in text(browser.get(at))
        asked.append(len(statements))
        audit.record(place, BY, "campaign.updated", service.subject(row), {"template_id": new.id}, {"template_id": old.id})
        db.session.flush()
    assert asked[0] == asked[1]


def test_the_builder_goes_on_with_the_audience(browser: Browser) -> None:
    place = browser.workspace_id
    people = subscribers(place, 3)
    slow = a_sender(place, kind=SenderKind.SANDBOX, per_second=1)
    into, out = a_list(place, [*people, a_customer(place)], "Readers"), a_list(place, people[:1], "Left")
    row = a_campaign(place, segments=[], sender_id=slow.id)
    at = f"/campaigns/{row.id}/edit"
    assert "Choose a segment…" in browser.get(f"{at}?step=audience").text
    one = browser.post(f"{at}?step=audience", {"add": into.id}, headers=FRAGMENT)
    assert (one.status_code, '<div class="fl-grid top build" id="step">' in one.text) == (200, True)
    browser.post(f"{at}?step=audience", {"segments": into.id, "leave_out": out.id})
    page = text(browser.get(f"{at}?step=audience"))
    assert "Readers 4 people" in page
    assert "Left 1 people" in page
    late = {"add": into.id, "exclude_segments": out.id, "version": 1, "go": "schedule"}  # pressed before the answer to the choice was there
    assert browser.post(f"{at}?step=audience", late).location == f"{at}?step=schedule"
    del late["exclude_segments"]
    assert browser.post(f"{at}?step=audience", late).status_code == 409
    assert "Left 1 people" in text(browser.get(f"{at}?step=audience"))
    counts = text(browser.get(f"/campaigns/{row.id}/count", headers=FRAGMENT))
    assert "Will receive it now 2 50.0 % of 4 asked for" in counts
    assert "Left out by segments −1 No consent never asked, or not confirmed −1 Will receive it 2" in counts
    assert "about 2 s at the sender's limit of 1 a second" in counts.replace("&#39;", "'")
    assert browser.get(f"/campaigns/{row.id}/count").location == f"{at}?step=audience"


def test_the_builder_ends_with_the_launch(browser: Browser) -> None:
    place = browser.workspace_id
    people = subscribers(place, 3)
    slow = a_sender(place, kind=SenderKind.SANDBOX, per_second=1)
    into, out = a_list(place, [*people, a_customer(place)]), a_list(place, people[:1])
    row = a_campaign(place, segments=[into.id], exclude_segments=[out.id], sender_id=slow.id)
    at = f"/campaigns/{row.id}/edit"
    assert "In UTC." in browser.get(f"{at}?step=schedule").text
    assert browser.post(f"{at}?step=schedule", {"when": "later"}).status_code == 422
    assert browser.post(f"{at}?step=schedule", {"when": "later", "day": "2020-01-01", "hour": "09:00"}).status_code == 422
    assert browser.post(f"{at}?step=schedule", {"when": "now"}).location == f"{at}?step=check"
    assert browser.get(f"{at}?step=check").status_code == 200
    check = browser.get(f"/campaigns/{row.id}/check", headers=FRAGMENT)
    assert "Send to 2" in text(check)
    assert "2 others are left out: 1 left out by segments, 1 without consent. It takes about 2 s. You may pause" in check.text
    assert browser.post(f"/campaigns/{row.id}/launch").location == f"/campaigns/{row.id}"
    assert only(browser).state == "launching"
    assert browser.get(at).location == f"/campaigns/{row.id}"
    assert browser.get(f"/campaigns/{row.id}/count", headers=FRAGMENT).headers["HX-Refresh"] == "true"
    again = browser.post(f"/campaigns/{row.id}/launch")
    assert again.location == f"{at}?step=check"
    assert "A campaign is launched once" in browser.get(f"/campaigns/{row.id}").text


def test_people_named_one_a_line(browser: Browser) -> None:
    ada, grace = subscribers(browser.workspace_id, 2)
    row = a_campaign(browser.workspace_id)
    at = f"/campaigns/{row.id}/edit?step=audience"
    asked = browser.post(at, {"by": "people", "people": ""}, headers=FRAGMENT)
    assert 'name="people"' in asked.text
    wrong = browser.post(at, {"by": "people", "people": "nobody@northlight.example"})
    assert (wrong.status_code, "Not among the customers" in wrong.text) == (422, True)
    browser.post(at, {"by": "people", "people": f"{ada.email}\n{grace.id}"})
    assert list(queries.customers_of(row.workspace_id, row.id)) == [ada.id, grace.id]
    assert f"{ada.email}\n{grace.email}" in browser.get(at).text
    assert browser.post(at, {"segments": "x"}).status_code == 422


def test_a_time_in_the_workspaces_zone(client: FlaskClient) -> None:
    browser = signed_in(client)
    row = a_campaign(browser.workspace_id)
    at = f"/campaigns/{row.id}"
    assert browser.post(f"{at}/edit?step=schedule", {"when": "later", "day": "2999-11-24", "hour": "9:00"}).status_code == 303
    assert "2999-11-24" in browser.get(f"{at}/edit?step=schedule").text
    check = browser.get(f"{at}/check", headers=FRAGMENT).text
    assert "Schedule for 24 Nov 2999" in check
    assert re.search(r"That is about [\d,. ]+ (d|y) from now, by the clock of UTC\.", check)
    assert browser.post(f"{at}/schedule").location == at
    waiting = re.search(r'hx-get="([^"]+/progress[^"]+)"', browser.get(at).text)
    assert waiting, "the page of what waits for its hour asks whether it has come"
    assert browser.get(unescape(waiting[1]), headers=FRAGMENT).status_code == 204
    assert re.search(r"Leaves 24 Nov 2999 by itself\. To [^,]+ , from \S+@\S+\.", text(browser.get(at)))
    patch = CampaignPatch(segments=[], customers=[a_customer(row.workspace_id).id])
    service.update(row.workspace_id, row.id, patch, BY, may_send=True)
    assert re.search(r"Leaves 24 Nov 2999 by itself\. To people named one by one, from \S+@\S+\.", text(browser.get(at)))
    assert "Take the time away" in browser.get(f"{at}/edit").text
    browser.post(f"{at}/unschedule")
    assert only(browser).state == "draft"
    assert browser.post(f"{at}/schedule").location == f"{at}/edit?step=schedule"


def test_what_is_overdue_asks(browser: Browser, session: Session) -> None:
    row = a_campaign(browser.workspace_id)
    launch.schedule(row.workspace_id, row.id, now() + timedelta(hours=1), BY)
    row.scheduled_at = now() - timedelta(hours=2)
    session.flush()
    assert launch.launch_due()
    page = text(browser.get(f"/campaigns/{row.id}"))
    assert "about 2 h ago. Fairlead was not running. Send it now, or choose another time? Choose another time Send it now" in page
    assert "Overdue" in text(browser.get("/campaigns"))


def test_progress_results_recipients_content_and_log(browser: Browser, session: Session) -> None:
    row = sending(browser.workspace_id, 6)
    end(session, row, (MessageState.SENT, None), (MessageState.BOUNCED, "550 5.1.1 <x> unknown"), (MessageState.IN_DOUBT, None))
    at = f"/campaigns/{row.id}"
    page = browser.get(at)
    words = text(page)
    assert "1 of 6 sent" in words
    assert "1 sent 2 did not go through 3 waiting" in words
    assert "550 5.1.1 &lt;x&gt; unknown bounced 1" in words
    assert "data-live" in page.text
    assert "Pause" in words
    part = browser.get(f"{at}/progress?state=sending", headers=FRAGMENT)
    assert (part.status_code, "<html" in part.text) == (200, False)
    running.pause(row.workspace_id, row.id, BY)
    assert browser.get(f"{at}/progress?state=sending", headers=FRAGMENT).headers["HX-Refresh"] == "true"
    assert browser.get(f"{at}/progress").location == at
    assert "Paused. Nothing leaves until you resume" in text(browser.get(at))
    running.complete(row.workspace_id, row.id, BY)
    while stopping.step(row.workspace_id, row.mailing_id or 0, Skip.ENDED):
        pass
    results = browser.get(at)
    assert "5 people did not get it" in text(results)
    assert "Send to the rest (3)" in results.text
    assert "Send again to 1 who may have it?" in results.text
    ledger = browser.get(f"{at}/recipients")
    assert "Recipients 6" in text(ledger)
    assert "Still waiting when it was ended 3" in text(ledger)
    some = browser.get(f"{at}/recipients?state=skipped&reason=ended&q=person", headers=FRAGMENT)
    assert (some.text.count("Skipped"), "<html" in some.text) == (3, False)
    assert "Nobody fits" in browser.get(f"{at}/recipients?q=zzz").text
    content = browser.get(f"{at}/content")
    assert "https://shop.example/a" in content.text
    mail = browser.get(f"{at}/preview")
    assert (mail.headers["X-Frame-Options"], mail.headers["Content-Security-Policy"][:8]) == ("SAMEORIGIN", "sandbox;")
    assert "Hello First" in mail.text
    assert "Campaign launched" in browser.get(f"{at}/log").text
    browser.post(f"{at}/retry", {"states": "skipped"})
    assert only(browser).state == "sending"
    browser.post(f"{at}/retry", {"states": "failed"})
    assert "Nobody is left to send to again." in browser.get(at).text


def test_buttons_do_what_they_say(browser: Browser) -> None:
    row = sending(browser.workspace_id, 2)
    at = f"/campaigns/{row.id}"
    for act, state in (("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")):
        assert browser.post(f"{at}/{act}").location == at
        assert only(browser).state == state
    browser.post(f"{at}/complete")
    assert "was cancelled" in browser.get(at).text
    copy = browser.post(f"{at}/duplicate")
    made = only(browser)
    assert copy.location == f"/campaigns/{made.id}/edit"
    browser.post(f"/campaigns/{made.id}/test", {"to": "ada@northlight.example, grace@northlight.example"})
    assert "A test is on its way to 2 addresses." in browser.get(copy.location).text
    wrong = browser.post(f"/campaigns/{made.id}/test?step=audience", {"to": "ada@northlight.example, nobody"})
    assert wrong.location == f"/campaigns/{made.id}/edit?step=audience"
    assert "No test was sent. “nobody”: This is not an address" in browser.get(wrong.location).text
    ada = a_customer(browser.workspace_id, email="ada.l@northlight.example")
    for line, says in ((ada.email, "is on its way to a@x.example"), ("stranger@x.example", "Not among the customers: stranger@x.example.")):
        back = browser.post(f"/campaigns/{made.id}/test", {"to": "a@x.example", "customer": line})
        assert says in browser.get(back.location).text
    assert browser.post(f"/campaigns/{made.id}/delete").location == "/campaigns"
    assert browser.post(f"{at}/delete").location == at
    assert "Only drafts can be deleted" in browser.get(at).text


def test_the_list_by_state_and_name(browser: Browser) -> None:
    sending(browser.workspace_id, 1, name="Autumn <b>")
    a_campaign(browser.workspace_id, name="Winter")
    page = text(browser.get("/campaigns"))
    assert "All 2 Drafts 1 On the way 1" in page
    assert "Autumn &lt;b&gt;" in page
    part = browser.get("/campaigns?q=wint", headers=FRAGMENT)
    assert ("Winter" in part.text, "Autumn" in part.text, "<html" in part.text) == (True, False, False)
    assert "Autumn" in browser.get("/campaigns?state=active").text
    assert "No campaign fits" in browser.get("/campaigns?state=sent").text
    assert browser.get("/campaigns?state=nonsense").status_code == 422
    found = browser.get("/find?q=winter").json["items"]
    assert [(item["group"], item["label"], item["icon"]) for item in found] == [("Campaigns", "Winter", "mail")]


def test_pages_take_the_same_queries_whatever_their_length(browser: Browser) -> None:
    first = sending(browser.workspace_id, 1)
    with counted() as one:
        browser.get("/campaigns")
    with counted() as short:
        browser.get(f"/campaigns/{first.id}/recipients")
    longer = [sending(browser.workspace_id, 3) for _ in range(2)]
    with counted() as three:
        browser.get("/campaigns")
    with counted() as long:
        browser.get(f"/campaigns/{longer[0].id}/recipients")
    assert (len(three), len(long)) == (len(one), len(short))


def test_who_may_only_look_sees_no_people_and_no_buttons(client: FlaskClient, session: Session) -> None:
    owner = signed_in(client)
    row = sending(owner.workspace_id, 1)
    end(session, row, (MessageState.FAILED, "554 5.7.1 <person@example.com> no"))
    draft = a_campaign(owner.workspace_id, name="Winter")
    place = session.get_one(Workspace, owner.workspace_id)
    looker = signed_in(client, "client", place)
    for path in ("", "/recipients", "/results", "/content", "/log"):
        page = looker.get(f"/campaigns/{row.id}{path}")
        assert page.status_code == 200
        assert "@example.com" not in page.text
        assert "/pause" not in page.text
    assert "554 5.7.1" in looker.get(f"/campaigns/{row.id}").text
    assert "A draft, begun by" in looker.get(f"/campaigns/{draft.id}").text
    assert looker.get(f"/campaigns/{row.id}/recipients?q=x").status_code == 403
    guesses = ("554 5.7.1", "554 5.7.1 <person@example.com>")
    assert ["Nobody fits" in looker.get(f"/campaigns/{row.id}/recipients?reason={guess}").text for guess in guesses] == [False, True]
    assert "Hello there" in looker.get(f"/campaigns/{row.id}/preview").text
