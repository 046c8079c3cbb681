"""Forms about customers: what is typed is kept or named; two who edit at once; many at once."""

from html.parser import HTMLParser
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.db import session
from app.customers.models import BulkAct, Consent, ConsentLog, Customer, CustomerField, Suppression, Topic
from app.customers.service import bulk
from app.events.models import Outbox
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_consent, a_customer, a_field, a_suppression, a_topic, customers
from tests.factories.workspaces import workspace


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def person(workspace_id: int) -> Customer:
    return (
        session().scalars(sa.select(Customer).where(Customer.workspace_id == workspace_id).execution_options(populate_existing=True)).one()
    )


def test_a_customer_is_made_by_hand(browser: Browser) -> None:
    for key, kind in (("spent", "money"), ("likes", "list"), ("at", "datetime"), ("big", "boolean"), ("day", "date"), ("size", "number")):
        a_field(browser.workspace_id, key, kind)
    typed = {
        "email": "Ada@X.example",
        "first_name": " Ada ",
        "country": "NO",
        "phone": "",
        "birthday": "1988-06-08",
        "stage": "lead",
        "tags": "vip, trail ,",
        "fields.spent": "1,204.50",
        "fields.likes": "Ski, Trail",
        "fields.at": "2026-03-01T10:30",
        "fields.big": "true",
        "fields.day": "2026-03-01",
        "fields.size": "",
        "consent_state": "subscribed",
        "consent_source": "trade fair",
        "consent_wording": "Yes.",
    }
    answer = browser.post("/customers/new", typed)
    row = person(browser.workspace_id)
    assert (answer.status_code, answer.location) == (303, f"/customers/{row.id}")
    assert (row.email, row.first_name, row.country, row.phone, row.stage, row.tags, row.origin) == (
        "ada@x.example", "Ada", "NO", None, "lead", ["vip", "trail"], "page",
    )  # fmt: skip
    assert row.attributes == {"spent": 120450, "likes": ["Ski", "Trail"], "at": "2026-03-01T10:30:00Z", "big": True, "day": "2026-03-01"}
    log = session().scalars(sa.select(ConsentLog).where(ConsentLog.workspace_id == browser.workspace_id)).one()
    assert (log.state, log.source, log.wording) == ("subscribed", "trade fair", "Yes.")
    # What the form of editing shows, sent back as it is, changes nothing.
    assert sent_back(browser, row.id) == 303
    assert person(browser.workspace_id).version == 1


def sent_back(browser: Browser, customer_id: int, **changes: str) -> int:
    """Send the form of editing as a browser does: every field as it is shown, but for `changes`."""
    return browser.post(f"/customers/{customer_id}/edit", shown(browser, customer_id) | changes).status_code


def shown(browser: Browser, customer_id: int) -> dict[str, str]:
    found: dict[str, str] = {}

    class Fields(HTMLParser):
        select: str | None = None

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            says = dict(attrs)
            if tag == "input" and says.get("name") and says.get("type") not in ("checkbox", "radio", "search"):
                found[str(says["name"])] = says.get("value") or ""
            elif tag == "select":
                self.select = says.get("name")
                found[str(self.select)] = ""
            elif tag == "option" and "selected" in says and self.select:
                found[self.select] = says.get("value") or ""

    Fields().feed(browser.get(f"/customers/{customer_id}/edit").get_data(as_text=True))
    return {name: value for name, value in found.items() if name not in ("csrf_token", "_workspace")}


def test_an_edit_changes_what_was_changed(browser: Browser) -> None:
    row = a_customer(browser.workspace_id, email="ada@x.example", city="Oslo", phone="+15035550142")
    assert sent_back(browser, row.id, city="", last_name="Okonkwo-Berg 🦊", tags="a, b") == 303
    after = person(browser.workspace_id)
    assert (after.city, after.last_name, after.tags, after.phone, after.version) == (None, "Okonkwo-Berg 🦊", ["a", "b"], "+15035550142", 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "ada@x"}, "The part after @ needs an ending"),
        ({"email": "", "phone": "", "external_id": ""}, "A customer needs an address, a phone or an external id."),
        ({"birthday": "1988-13-08"}, "No such date"),
        ({"fields.size": "big"}, "Not a number"),
        ({"zone": "Oslo"}, "Not a time zone"),
        ({"email": "taken@x.example"}, "Bea (customer"),
        ({"nonsense": "x"}, "There is no such field."),
    ],
)
def test_what_does_not_fit_is_shown_beside_the_field(browser: Browser, changes: dict[str, str], words: str) -> None:
    a_field(browser.workspace_id, "size", "number")
    a_customer(browser.workspace_id, first_name="Bea", last_name=None, email="taken@x.example")
    row = a_customer(browser.workspace_id)
    typed = shown(browser, row.id) | {"city": "kept as typed"} | changes
    answer = browser.post(f"/customers/{row.id}/edit", typed)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in text
    assert "kept as typed" in text


def test_the_second_tab_sees_who_was_faster_and_may_save_over_it(browser: Browser) -> None:
    row = a_customer(browser.workspace_id)
    mine = shown(browser, row.id)
    assert sent_back(browser, row.id, city="Rome") == 303
    answer = browser.post(f"/customers/{row.id}/edit", mine | {"city": "Oslo"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Ada Okonkwo changed this customer since you opened it." in text
    assert "Rome" in text
    assert 'value="Oslo"' in text
    assert person(browser.workspace_id).city == "Rome"
    assert browser.post(f"/customers/{row.id}/edit", mine | {"city": "Oslo", "version": "2"}).status_code == 303
    assert person(browser.workspace_id).city == "Oslo"


@pytest.mark.parametrize("keep", [True, False])
def test_deleting_asks_about_the_address_of_the_unwilling(browser: Browser, keep: bool) -> None:
    row = a_customer(browser.workspace_id, email="ada@x.example")
    a_consent(row, "unsubscribed")
    path = f"/customers/{row.id}/delete"
    assert "Keep ada@x.example on the suppression list" in browser.get(path).get_data(as_text=True)
    assert browser.post(path, {"keep_suppressed": "true"} if keep else {}).location == "/customers"
    listed = session().scalars(sa.select(Suppression.email).where(Suppression.workspace_id == browser.workspace_id)).all()
    assert listed == (["ada@x.example"] if keep else [])
    assert browser.get(path).status_code == 404


def test_consent_to_a_topic_is_recorded(browser: Browser) -> None:
    row, topic = a_customer(browser.workspace_id), a_topic(browser.workspace_id)
    said = {"place": f"email:{topic.id}", "state": "subscribed", "basis": "contract", "source": "call", "wording": ""}
    assert browser.post(f"/customers/{row.id}/consent", said).status_code == 303
    found = session().scalars(sa.select(Consent).where(Consent.workspace_id == browser.workspace_id)).one()
    assert (found.topic_id, found.state, found.basis) == (topic.id, "subscribed", "contract")


@pytest.mark.parametrize(
    ("kind", "typed", "then"),
    [
        ("tag", {"add": "new, old", "remove": "x"}, ("tags", ["new", "old"])),
        ("stage", {"stage": "lead"}, ("stage", "lead")),
    ],
)
def test_the_ticked_are_asked_for_and_done(browser: Browser, kind: str, typed: dict[str, str], then: tuple[str, Any]) -> None:
    one, two = customers(browser.workspace_id, 2)
    path, whom = f"/customers/bulk/{kind}", {"ids": [str(one.id), str(two.id)], "query": "sort=name"}
    asked = browser.post(path, whom)
    assert asked.status_code == 200
    assert "2 customers" in asked.get_data(as_text=True)
    assert browser.post(path, whom | {"go": "1"} | typed).location == "/customers?sort=name"
    session().expire_all()
    assert [getattr(session().get_one(Customer, row.id), then[0]) for row in (one, two)] == [then[1]] * 2


def test_the_whole_result_is_done_by_a_job_that_shows_its_progress(browser: Browser) -> None:
    here = browser.workspace_id
    customers(here, 3, country="US")
    customers(here, 2, country="NO")
    asked = browser.post("/customers/bulk/delete", {"everyone": "1", "query": "country=US"})
    assert "Delete 3 customers" in asked.get_data(as_text=True)
    answer = browser.post("/customers/bulk/delete", {"everyone": "1", "query": "country=US", "go": "1", "keep_suppressed": "true"})
    act = session().scalars(sa.select(BulkAct).where(BulkAct.workspace_id == here)).one()
    assert answer.location == f"/customers/acts/{act.id}"
    told = session().scalars(sa.select(Outbox.payload).where(Outbox.workspace_id == here, Outbox.name == "BulkActStarted")).all()
    assert told == [{"act_id": act.id}]
    assert 'hx-trigger="every 1s"' in browser.get(f"/customers/acts/{act.id}").get_data(as_text=True)
    assert f"/customers/acts/{act.id}" in browser.get("/customers").get_data(as_text=True)
    while bulk.step(here, act.id):
        pass
    text = browser.get(f"/customers/acts/{act.id}", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "3 <small>customers deleted</small>" in text
    assert "hx-trigger" not in text
    assert session().scalar(sa.select(sa.func.count()).select_from(Customer).where(Customer.workspace_id == here)) == 2


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("tag", {"ids": "1", "go": "1"}, 422),
        ("stage", {"ids": "1", "go": "1", "stage": "boss"}, 422),
        ("consent", {"ids": "1", "go": "1", "place": "email:0", "state": "subscribed"}, 422),
        ("tag", {}, 303),
        ("fly", {"ids": "1"}, 404),
        ("tag", {"everyone": "1", "query": "country=Narnia"}, 422),
        ("tag", {"ids": "x"}, 422),
    ],
)
def test_a_bulk_act_that_makes_no_sense_is_refused(browser: Browser, kind: str, body: dict[str, str], status: int) -> None:
    assert browser.post(f"/customers/bulk/{kind}", body).status_code == status


def test_marketers_tag_and_analysts_do_not(client: FlaskClient) -> None:
    home = workspace()
    row = a_customer(home.id)
    analyst = signed_in(client, "analyst", home)
    assert analyst.get("/customers").status_code == 200
    assert "data-row" not in analyst.get("/customers").get_data(as_text=True).replace("data-row-all", "")
    for path in (
        "/customers/bulk/tag",
        "/customers/bulk/delete",
        "/customers/new",
        f"/customers/{row.id}/consent",
        "/customers/fields/new",
    ):
        assert analyst.post(path, {"ids": str(row.id)}).status_code == 403
    assert client.get("/customers/export").status_code == 200
    viewer = signed_in(client, "client", home)
    assert viewer.get("/customers").status_code == 403


def test_fields_are_made_changed_and_deleted_on_their_pages(browser: Browser) -> None:
    typed = {"label": "Shoe size", "key": "shoe size", "type": "text", "choices": "S\nM\n\nM\nL"}
    assert browser.post("/customers/fields/new", typed).location == "/customers/fields"
    row = session().scalars(sa.select(CustomerField).where(CustomerField.workspace_id == browser.workspace_id)).one()
    assert (row.key, row.choices) == ("shoe_size", ["S", "M", "L"])
    assert "Shoe size" in browser.get("/customers/fields").get_data(as_text=True)
    assert browser.post("/customers/fields/new", typed).status_code == 422
    path = f"/customers/fields/{row.id}"
    assert "0 customers have a value." in browser.get(path).get_data(as_text=True)
    browser.post(path, {"label": "Size", "choices": "S"})
    browser.post("/customers/views", {"name": "Small", "query": "fields.shoe_size=S"})
    text = browser.get(path).get_data(as_text=True)
    assert "View “Small”" in text
    assert "Delete the field" not in text
    assert browser.post(f"{path}/delete").status_code == 409
    assert browser.post(path, {"label": ""}).status_code == 422


def test_addresses_are_pasted_onto_the_suppression_list(browser: Browser) -> None:
    path = "/customers/suppressions/new"
    answer = browser.post(path, {"emails": "a@x.example\r\n B@x.example, c@x.example\n", "reason": "complaint", "note": "old list"})
    assert answer.location == "/customers/suppressions"
    text = browser.get("/customers/suppressions?reason=complaint").get_data(as_text=True)
    assert all(address in text for address in ("a@x.example", "b@x.example", "c@x.example", "old list"))
    wrong = browser.post(path, {"emails": "a@x.example\nnonsense\nx@y"})
    assert wrong.status_code == 422
    assert "Address 2: An address needs an @, as in ada@northlight.example. One other does not fit either." in wrong.get_data(as_text=True)
    browser.post("/customers/suppressions/remove", {"email": "b@x.example"})
    assert "b@x.example" not in browser.get("/customers/suppressions", headers={"HX-Request": "true"}).get_data(as_text=True)
    a_suppression(workspace().id, "z@x.example")
    assert browser.post("/customers/suppressions/remove", {"email": "z@x.example"}).status_code == 404


def test_topics_are_made_on_their_page(browser: Browser) -> None:
    browser.post("/customers/topics", {"name": "Newsletter", "description": ""})
    assert browser.post("/customers/topics", {"name": "newsletter"}).status_code == 422
    topic = session().scalars(sa.select(Topic).where(Topic.workspace_id == browser.workspace_id)).one()
    a_consent(a_customer(browser.workspace_id), topic_id=topic.id)
    assert '<td class="n">1</td>' in browser.get("/customers/topics").get_data(as_text=True)
