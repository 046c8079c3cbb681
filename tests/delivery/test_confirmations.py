"""Double opt-in: a letter asks, a click of a person is the consent, and an old or foreign link is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.core.actor import Actor
from app.core.security import sign_link
from app.customers.events import ConsentChanged, ConsentsChanged, ImportFinished
from app.customers.models import ConsentLog, Customer, Import, ImportState
from app.customers.schemas.customers import ConsentGiven
from app.customers.schemas.imports import ImportIn
from app.customers.service import consent, import_drafts, imports
from app.customers.service.consent import set_consent
from app.delivery.handlers import ask_for_confirmation, ask_imported_for_confirmation, ask_many_for_confirmation
from app.delivery.jobs import ask_imported, ask_many
from app.delivery.models import Message
from app.delivery.queries import consent as queries
from app.delivery.queries.consent import state_of
from app.delivery.service import confirmations
from app.jobs.models import JobRun
from tests.delivery.test_account_letters import letters, link_in
from tests.factories.auth import signed_in
from tests.factories.customers import a_consent, a_customer, a_suppression, a_topic
from tests.factories.delivery import a_sender
from tests.factories.imports import a_file, imported, undone
from tests.factories.workspaces import workspace

_ASK: dict[str, Any] = {"delivery.ask_many": ask_many, "delivery.ask_imported": ask_imported}
START = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
def waiting(session: Session) -> Customer:
    """A customer of a workspace with a sender, whose consent waits for them."""
    place = workspace("Northlight")
    a_sender(place.id)
    customer = a_customer(place.id, email="ada@northlight.example")
    a_consent(customer, "pending")
    return customer


def asked(session: Session, customer: Customer, topic_id: int = 0, state: str = "pending", channel: str = "email") -> list[str]:
    """Tell that the consent changed, and return the links that were mailed since the beginning."""
    ask_for_confirmation(ConsentChanged(customer.workspace_id, customer.id, channel, topic_id, state))
    return [link_in(words) for _, words in letters(session, customer.workspace_id)]


def how(customer: Customer, topic_id: int = 0) -> str | None:
    return state_of(customer.workspace_id, customer.id, topic_id)


def test_only_the_click_of_a_person_is_the_consent(session: Session, client: FlaskClient, waiting: Customer) -> None:
    (link,) = asked(session, waiting)
    page = client.get(link)
    assert "Do you want mail from Northlight?" in page.get_data(as_text=True)
    assert client.head(link).status_code == 200
    assert ("Set-Cookie" in page.headers, how(waiting)) == (False, "pending")
    done = client.post(link, environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
    assert "Thank you, it is confirmed" in done.get_data(as_text=True)
    assert how(waiting) == "subscribed"
    client.post(link)
    entry = session.scalars(sa.select(ConsentLog).where(ConsentLog.workspace_id == waiting.workspace_id)).one()
    assert (entry.source, entry.basis, entry.address) == ("double opt-in", "consent", "203.0.113.7")
    assert entry.wording == "Yes, write to me: mail from Northlight"


def test_a_topic_is_named_and_confirmed_alone(session: Session, client: FlaskClient, waiting: Customer) -> None:
    topic = a_topic(waiting.workspace_id, "Trail <news>")
    a_consent(waiting, "pending", topic_id=topic.id)
    (link,) = asked(session, waiting, topic.id)
    assert "Do you want “Trail &lt;news&gt;” from Northlight?" in client.get(link).get_data(as_text=True)
    client.post(link)
    assert (how(waiting, topic.id), how(waiting)) == ("subscribed", "pending")


def test_a_link_is_over_after_thirty_days_for_who_left_and_for_another_address(
    session: Session, client: FlaskClient, waiting: Customer
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        (link,) = asked(session, waiting)
        clock.shift(timedelta(days=30))
        assert client.get(link).status_code == 200
        clock.shift(1)
        for answer in (client.get(link), client.post(link)):
            assert (answer.status_code, "leads nowhere any more" in answer.get_data(as_text=True)) == (404, True)
        clock.shift(-timedelta(days=1))
        waiting.email = "grace@northlight.example"
        assert client.post(link).status_code == 404
        waiting.email = "ada@northlight.example"
        set_consent(waiting.workspace_id, [waiting.id], ConsentGiven(state="unsubscribed"), Actor.system("test"))
        assert client.post(link).status_code == 404
    assert how(waiting) == "unsubscribed"


@pytest.mark.parametrize("token", ["x", "k1.x.y", "", "confirm"])
def test_a_link_of_others_is_none(client: FlaskClient, token: str) -> None:
    signed = sign_link(b"view.1.2.3.4") if token == "confirm" else token
    asked = client.get(f"/confirm/{signed}")
    assert (asked.status_code, "This link is not complete" in asked.text) == (404, bool(token))
    assert client.post(f"/confirm/{signed}").status_code == 404


def test_nobody_is_asked_needlessly(session: Session, waiting: Customer) -> None:
    assert asked(session, waiting, state="subscribed") == []
    assert asked(session, waiting, channel="sms") == []
    assert asked(session, waiting, topic_id=99) == []
    a_suppression(waiting.workspace_id, "ada@northlight.example")
    assert asked(session, waiting) == []
    lonely = a_customer(workspace().id)
    a_consent(lonely, "pending")
    assert asked(session, lonely) == []
    odd = a_customer(waiting.workspace_id, email="odd address@x")
    a_consent(odd, "pending")
    assert asked(session, odd) == []


def crowd(
    session: Session, monkeypatch: pytest.MonkeyPatch, place: int, count: int, **says: Any
) -> tuple[list[Customer], list[ConsentsChanged]]:
    """Let the consent of so many wait for them at once; return them and the news of it."""
    monkeypatch.setattr(consent, "_FEW", 3)
    monkeypatch.setattr(confirmations, "BATCH", 2)
    people = [a_customer(place, email=f"p{n}@northlight.example") for n in range(count)]
    given = ConsentGiven.model_validate({"state": "pending"} | says)
    set_consent(place, [one.id for one in people], given, Actor.system("test"))
    told = session.execute(
        sa.text("select payload from outbox where name = 'ConsentsChanged' and workspace_id = :w order by id"), {"w": place}
    )
    return people, [ConsentsChanged(place, **payload) for payload in told.scalars()]


def asks(session: Session, place: int) -> list[str]:
    return [address for address, _ in letters(session, place)]


def leave(session: Session, place: int) -> None:
    """Let all letters that wait leave."""
    session.execute(sa.update(Message).where(Message.workspace_id == place, Message.state == 1).values(state=3))


def waiting_runs(session: Session, place: int) -> list[JobRun]:
    mine = (JobRun.workspace_id == place, JobRun.job.in_(_ASK), JobRun.state == "queued")
    return list(session.scalars(sa.select(JobRun).where(*mine).order_by(JobRun.id)))


def run(session: Session, place: int) -> list[JobRun]:
    """Do what the waiting jobs do, a step each, and return them."""
    runs = waiting_runs(session, place)
    for row in runs:
        row.state = "done"
        session.flush()
        while _ASK[row.job].function(place, **row.args):
            leave(session, place)
    return runs


def test_many_at_once_are_asked_each_once_a_few_at_a_time(session: Session, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    place = workspace("Northlight").id
    a_sender(place)
    people, (news,) = crowd(session, monkeypatch, place, 7)
    barred, odd, done = people[1], people[3], people[5]
    a_suppression(place, barred.email or "")
    odd.email = "odd address@x"
    set_consent(place, [done.id], ConsentGiven(state="subscribed"), Actor.system("test"))
    before, stranger = a_customer(place), a_customer(workspace().id)
    a_consent(before, "pending")
    a_consent(stranger, "pending")
    ask_many_for_confirmation(news)
    run(session, place)
    assert sorted(asks(session, place)) == sorted(one.email or "" for one in people if one not in (barred, odd, done))
    ask_many_for_confirmation(news)
    run(session, place)
    assert len(asks(session, place)) == 4
    links = [link_in(words) for _, words in letters(session, place)]
    assert [client.post(link).status_code for link in links] == [200] * 4
    assert [how(one) for one in people] == ["subscribed", "pending", "subscribed", "pending", *["subscribed"] * 3]
    for event in (replace(news, state="subscribed"), replace(news, channel="sms"), replace(news, topic_id=99)):
        ask_many_for_confirmation(event)
    run(session, place)
    assert len(asks(session, place)) == 4


def test_whoever_was_asked_for_this_state_is_not_asked_again(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    place = workspace().id
    a_sender(place)
    known = a_customer(place)
    a_consent(known, "pending")
    assert len(asked(session, known)) == len(asked(session, known)) == 1
    monkeypatch.setattr(consent, "_FEW", 3)
    people = [known, *(a_customer(place) for _ in range(5))]
    for states, letters_now in ((["pending"], 6), (["pending"], 6), (["unsubscribed", "pending"], 12)):
        for state in states:
            set_consent(place, [one.id for one in people], ConsentGiven(state=state), Actor.system("test"))
        told = session.execute(sa.text("select payload from outbox where name = 'ConsentsChanged'")).scalars().all()
        for payload in told:
            ask_many_for_confirmation(ConsentsChanged(place, **payload))
        run(session, place)
        assert len(asks(session, place)) == letters_now


def test_many_letters_make_way_for_those_that_wait_already(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    place = workspace().id
    _, (news,) = crowd(session, monkeypatch, place, 5)
    ask_many_for_confirmation(news)
    assert (len(run(session, place)), asks(session, place)) == (1, [])  # no sender: they go on waiting
    a_sender(place)
    ask_many_for_confirmation(news)
    step = {"topic_id": news.topic_id, "since": news.occurred_at}
    assert ask_many.function(place, **step) is True
    assert ask_many.function(place, **step) is False
    assert len(asks(session, place)) == 2
    _, later = waiting_runs(session, place)
    assert (later.args, later.key, later.run_after > datetime.now(UTC)) == (step, None, True)
    leave(session, place)
    run(session, place)
    assert len(asks(session, place)) == 5


FILE = "email,external_id\n" + "".join(f"n{n}@northlight.example,\n" for n in range(5)) + ",only-an-id\n"
FILE += (
    "known@northlight.example,\nyes@northlight.example,\nno@northlight.example,\nbarred@northlight.example,\nwaits@northlight.example,\n"
)
WHO = ["known", *(f"n{n}" for n in range(5))]
"""Those of the file who said neither yes nor no, have an address, and were not asked before."""


def people_of_the_file(place: int) -> None:
    """Let some of the file be here already."""
    for name, state in (("known", None), ("yes", "subscribed"), ("no", "unsubscribed"), ("waits", "pending")):
        one = a_customer(place, email=f"{name}@northlight.example")
        if state:
            a_consent(one, state)
    a_suppression(place, "barred@northlight.example")


def tell_of(row: Import) -> None:
    ask_imported_for_confirmation(ImportFinished(row.workspace_id, row.id))


def asked_names(session: Session, place: int) -> list[str]:
    return sorted(address.partition("@")[0] for address in asks(session, place))


def test_an_import_says_whom_it_will_ask_and_asks_each_once(session: Session, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in(client)
    place = browser.workspace_id
    monkeypatch.setattr(confirmations, "BATCH", 2)
    a_sender(place)
    people_of_the_file(place)
    file = a_file(place, FILE)
    draft = import_drafts.receive(place, file, "customers", Actor.system("test"))
    imports.choose(place, draft.id, ImportIn.model_validate({"consent": {"state": "pending"}}))
    page = browser.get(f"/customers/imports/{draft.id}/check").text
    assert f"{len(WHO)} people get one letter by the default sender when the import is finished" in page
    assert asks(session, place) == []
    row = imported(place, FILE, consent={"state": "pending"})
    assert "one letter by the default sender" in browser.get(f"/customers/imports/{row.id}").text
    tell_of(row)
    tell_of(row)
    assert len(waiting_runs(session, place)) == 1
    run(session, place)
    assert asked_names(session, place) == sorted(WHO)
    tell_of(row)
    tell_of(imported(place, FILE, consent={"state": "pending"}))
    run(session, place)
    assert asked_names(session, place) == sorted(WHO)
    link = next(link_in(words) for address, words in letters(session, place) if address.startswith("n3"))
    assert client.post(link).status_code == 200
    customer = session.scalars(sa.select(Customer).where(Customer.workspace_id == place, Customer.email == "n3@northlight.example")).one()
    assert how(customer) == "subscribed"


def test_a_run_that_was_killed_goes_on_where_it_was(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    place = workspace().id
    monkeypatch.setattr(confirmations, "BATCH", 4)
    a_sender(place)
    row = imported(place, FILE, consent={"state": "pending"})
    step = {"import_id": row.id}
    with session.begin_nested() as savepoint:
        ask_imported.function(place, **step)
        savepoint.rollback()
    assert asks(session, place) == []
    assert ask_imported.function(place, **step) is True
    assert ask_imported.function(place, **step) is False, "letters jam: a later run goes on"
    assert (len(asks(session, place)), [one.args for one in waiting_runs(session, place)]) == (4, [step])
    leave(session, place)
    run(session, place)
    assert len(set(asks(session, place))) == len(asks(session, place)) == 10


@pytest.mark.parametrize("how_it_ended", ["cancelled", "failed", "undone", "subscribed", "nothing said", "no sender"])
def test_nobody_is_asked_by_a_file_that_did_not_end_well_or_asks_nobody(session: Session, how_it_ended: str) -> None:
    place = workspace().id
    if how_it_ended != "no sender":
        a_sender(place)
    state = {"subscribed": {"state": "subscribed", "basis": "consent"}, "nothing said": None}.get(how_it_ended, {"state": "pending"})
    row = imported(place, FILE, consent=state)
    if how_it_ended in {"cancelled", "failed"}:
        row.state = ImportState(how_it_ended)
        session.flush()
    if how_it_ended == "undone":
        undone(row)
    tell_of(row)
    run(session, place)
    ask_imported.function(place, import_id=row.id)
    assert asks(session, place) == []


def test_whom_to_ask_is_found_by_an_index_of_its_own(session: Session) -> None:
    place = workspace().id
    session.execute(
        sa.text("""insert into consents (workspace_id, customer_id, channel, topic_id, state, source, occurred_at, asked_at)
        select :w, n, 'email', 0, 'pending', 'import 7', now(), now() from generate_series(1, 3000) n"""),
        {"w": place},
    )
    session.execute(sa.text("analyze consents"))
    statements: list[tuple[str, Any]] = []
    sa.event.listen(session.connection(), "before_cursor_execute", lambda *given: statements.append((given[2], given[3])))
    assert queries.take_unasked(place, 0, queries.came_by_import(7), 200) == []
    statement, values = statements[-1]
    plan = "\n".join(row[0] for row in session.connection().exec_driver_sql(f"explain {statement}", values))
    assert "ix_consents_unasked" in plan
