"""The mailer against a real SMTP server: who got it, who did not, and why."""

import email
import time
import zlib
from dataclasses import replace
from email import policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core import settings
from app.core.actor import Actor
from app.core.db import session
from app.core.security import seal
from app.customers.schemas.customers import ConsentGiven
from app.customers.service.consent import set_consent
from app.delivery.mailer import engine, line
from app.delivery.mailer.item import Item
from app.delivery.models import MessageKind, MessageState, Skip
from app.delivery.probe import Account, probe
from app.delivery.queries import ledger as queries
from app.delivery.service import letters, mailings
from app.delivery.service.mailings import tallies_of
from app.delivery.service.system_sender import get_system_sender
from tests.delivery import post
from tests.delivery.post import a_mailing, a_sender, is_done, mailer, people, states, until
from tests.delivery.servers import a_server, certificate, scripted
from tests.delivery.sink import sink
from tests.factories.workspaces import workspace

pytestmark = pytest.mark.committed
OK = ("sent", "250 2.0.0 Ok: taken")


def test_each_recipient_ends_as_the_server_said(app: Flask, database: None) -> None:
    names = ["ada", "gone1", "blocked1", "later1", "body-later1", "drops1", "bob", "left", "barred", "busy1", "cleo", "dora"]
    with sink() as (got, port):
        place = workspace().id
        sender = a_sender(place, port, connections=3)
        crowd = dict(zip(names, people(place, names), strict=True))
        crowd["bad address"] = people(place, ["bad address"])[0]
        mailing = a_mailing(sender, list(crowd.values()))
        by = Actor.system("test")
        set_consent(place, [crowd["left"].id], ConsentGiven(state="unsubscribed", source="test"), by)
        session().execute(
            sa.text("insert into suppressions (workspace_id, email, reason) values (:w, 'barred@x.example', 'manual')"), {"w": place}
        )
        session().commit()
        with mailer(app):
            until(lambda: [s for s, _ in states().values()].count("pending") == 3 and "sending" not in str(states()))
            time.sleep(0.3)
        found = states()
        assert {name: found[name] for name in ("ada", "bob", "cleo", "dora")} == dict.fromkeys(("ada", "bob", "cleo", "dora"), OK)
        assert found["gone1"] == ("bounced", "550 5.1.1 User unknown")
        assert found["blocked1"] == ("failed", "550 5.7.1 Blocked by policy")
        assert found["later1"] == ("pending", "450 4.2.1 Try again later")
        assert found["body-later1"] == ("pending", "451 4.3.0 Not now")
        assert found["busy1"][0] == "pending"
        assert found["drops1"] == ("in_doubt", "The connection ended before the reply.")
        assert found["left"] == ("skipped", "unsubscribed")
        assert found["barred"] == ("skipped", "suppressed")
        assert found["bad address"] == ("failed", "This address cannot be written to.")
        assert sorted(got.recipients()) == [f"{name}@x.example" for name in ("ada", "bob", "cleo", "dora")]
        tallies = tallies_of([mailing])[mailing]
        assert tallies == {
            (0, ""): 13, (3, ""): 4, (4, "550 5.7.1"): 1, (4, "This address cannot be written to."): 1, (5, "suppressed"): 1, (5, "unsubscribed"): 1,
            (6, ""): 1, (7, "550 5.1.1"): 1,
        }  # fmt: skip
        assert session().execute(sa.text("select sum(sent), sum(refused), sum(bounced) from mailing_hours")).one() == (4, 1, 0)
        kinds = session().execute(sa.text("select kind, count(*) from activities where source_id is not null group by 1 order by 1")).all()
        assert kinds == [(1, 4), (11, 1)]
        assert session().execute(sa.text("select email from suppressions where reason = 'bounce'")).scalars().all() == ["gone1@x.example"]
        due = session().execute(sa.text("select attempts, due_at - now() > interval '30 s' from messages where reason like '45%'")).all()
        assert due == [(1, True), (1, True)]
        message = email.message_from_bytes(got.taken[0].data, policy=policy.default)
        assert message["Subject"] == f"Hello {got.taken[0].recipient.split('@')[0].capitalize()}"
        assert got.taken[0].sender.startswith("hello+")
        names_of = ("failed", "in_doubt")
        assert mailings.send_again(place, mailing, [MessageState[name.upper()] for name in names_of]) == 3
        assert {key: n for key, n in tallies_of([mailing])[mailing].items() if n} == {
            (0, ""): 13, (3, ""): 4, (5, "suppressed"): 1, (5, "unsubscribed"): 1, (7, "550 5.1.1"): 1,
        }  # fmt: skip


@pytest.mark.parametrize("pipelining", [True, False])
def test_many_by_few_connections_to_the_end(app: Flask, database: None, pipelining: bool) -> None:
    with sink(pipelining=pipelining) as (got, port):
        place = workspace().id
        sender = a_sender(place, port)
        crowd = people(place, [f"p{n}" for n in range(60)])
        with mailer(app) as one, mailer(app, "there") as two:
            until(lambda: {one._share, two._share} == {(2, 0), (2, 1)})
            letter = letters.queue_letter(place, "new@x.example", letters.Letter("Welcome", "<p>Hi</p>", "Hi"))
            mailing = a_mailing(sender, crowd)
            until(lambda: is_done(mailing))
        assert sorted(got.recipients()) == sorted([f"p{n}@x.example" for n in range(60)] + ["new@x.example"])
        ids = {f"p{n}@x.example": post.message_of(f"p{n}@x.example").id for n in range(60)} | {"new@x.example": letter}
        by_the_same = [address for address in got.recipients() if ids[address] % 2 == letter % 2]
        assert by_the_same.index("new@x.example") < 5, "a letter goes ahead of a campaign"
        assert set(states().values()) == {OK}
        assert session().execute(sa.text("select count(*) from message_bodies")).scalar() == 0
        assert post.message_of("new@x.example").id == letter
        assert tallies_of([mailing])[mailing] == {(0, ""): 60, (3, ""): 60}
        assert session().execute(sa.text("select count(*) from outbox where name = 'MailingFinished'")).scalar() == 1
        assert got.connections <= 8


def test_the_end_is_noticed_when_the_last_reply_is_there(app: Flask, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SURVEY_SECONDS", 60.0)
    with sink() as (got, port):
        place = workspace().id
        mailing = a_mailing(a_sender(place, port), people(place, ["ada", "bob"]))
        with mailer(app):
            until(lambda: is_done(mailing))
        assert len(got.recipients()) == 2


def test_a_refused_login_stops_the_sender_and_marks_nobody(app: Flask, database: None) -> None:
    with sink(login=("ines", "right")) as (got, port):
        place = workspace().id
        sender = a_sender(place, port, username="ines", password=seal("wrong"))
        mailing = a_mailing(sender, people(place, ["ada"]))
        with mailer(app):
            until(lambda: bool(session().execute(sa.text("select problem from senders")).scalar() or session().rollback()))
            said = session().execute(sa.text("select problem from senders")).scalar()
            assert said == "127.0.0.1 refuses our login (535 5.7.8)."
            assert states() == {"ada": ("pending", None)}
            session().execute(sa.text("update senders set password = :p, version = version + 1, problem = null"), {"p": seal("right")})
            session().execute(sa.text("update sender_paces set held_until = null"))
            session().commit()
            until(lambda: is_done(mailing))
        assert got.recipients() == ["ada@x.example"]


def test_a_limit_is_kept_by_all_mailers_together(app: Flask, database: None) -> None:
    with sink() as (got, port):
        place = workspace().id
        sender = a_sender(place, port, per_second=20)
        mailing = a_mailing(sender, people(place, [f"p{n}" for n in range(24)]))
        began = time.monotonic()
        with mailer(app), mailer(app, "there"):
            until(lambda: is_done(mailing))
        assert 24 / (time.monotonic() - began) < 24
        assert len(got.recipients()) == 24


def test_a_mailer_that_lost_its_lease_sends_nothing_more(app: Flask, database: None) -> None:
    with sink(delay=0.3) as (got, port):
        place = workspace().id
        sender = a_sender(place, port, connections=2)
        mailing = a_mailing(sender, people(place, [f"p{n}" for n in range(8)]))
        with mailer(app) as engine:
            until(lambda: len(got.recipients()) >= 2)
            mailings.pause_mailing(place, mailing)
            session().commit()
            session().execute(sa.text("update mailers set lost_at = now()"))
            session().commit()
            first = engine.mailer
            until(lambda: engine.mailer not in (0, first))
            time.sleep(0.5)
            sent = len(got.recipients())
            session().execute(queries.DOUBT, {"mailers": [first]})
            session().commit()
            assert sent <= 6, "at most what was on its two lines went on"
            time.sleep(0.5)
            assert len(got.recipients()) == sent
        assert len(set(got.recipients())) == sent


def test_paused_resumed_and_stopped(app: Flask, database: None) -> None:
    with sink(delay=0.05) as (got, port):
        place = workspace().id
        sender = a_sender(place, port, connections=1)
        mailing = a_mailing(sender, people(place, [f"p{n}" for n in range(30)]))
        with mailer(app):
            until(lambda: len(got.recipients()) > 3)
            mailings.pause_mailing(place, mailing)
            session().commit()
            time.sleep(0.5)
            paused = len(got.recipients())
            time.sleep(0.4)
            assert len(got.recipients()) == paused
            mailings.open_mailing(place, mailing)
            session().commit()
            until(lambda: len(got.recipients()) > paused)
            mailings.stop_mailing(place, mailing, Skip.CANCELLED)
            session().commit()
            while mailings.skip_rest(place, mailing, Skip.CANCELLED):
                session().commit()
            session().commit()
            until(lambda: is_done(mailing))
        sent = len(got.recipients())
        assert len(set(got.recipients())) == sent
        assert tallies_of([mailing])[mailing] == {(0, ""): 30, (3, ""): sent, (5, "cancelled"): 30 - sent}


def test_the_sandbox_catches_everything(app: Flask, database: None) -> None:
    place = workspace(sandbox=True).id
    sender = a_sender(place, 0, kind="sandbox", host=None)
    mailing = a_mailing(sender, people(place, [f"p{n}" for n in range(5)]))
    letters.queue_letter(place, "you@x.example", letters.Letter("A test", "<p>x</p>", ".dot"), kind=MessageKind.TEST)
    session().commit()
    with mailer(app):
        until(lambda: is_done(mailing) and len(states()) == 6 and "pending" not in str(states()))
    rows = session().execute(sa.text("select recipient, subject, raw from caught_mails order by recipient")).all()
    assert [row[:2] for row in rows] == [(f"p{n}@x.example", f"Hello P{n}") for n in range(5)] + [("you@x.example", "A test")]
    mails = [email.message_from_bytes(zlib.decompress(row[2]), policy=policy.default) for row in rows]
    assert [mail.get_body(("plain",)).get_content().strip() for mail in mails][-1] == ".dot"  # type: ignore[union-attr]
    assert tallies_of([mailing])[mailing] == {(0, ""): 5, (3, ""): 5}


def test_fewer_connections_are_kept_to_at_once_and_idle_ones_go(app: Flask, database: None) -> None:
    with sink() as (got, port):
        place = workspace().id
        sender = a_sender(place, port, connections=4)
        with mailer(app) as one:
            first = a_mailing(sender, people(place, ["later1", *(f"p{n}" for n in range(40))]))
            until(
                lambda: [state for state, _ in states(first).values()].count("sent") == 40
            )  # one is tried again in a minute, so the mailing stays open
            assert len(one.fleet.lines) > 1
            sender.connections, sender.version = 1, sender.version + 1
            session().commit()
            until(lambda: not one.fleet.lines, 5)  # long before they would go for want of work
            most = 0
            second = a_mailing(sender, people(place, [f"q{n}" for n in range(40)]))
            while not is_done(second):
                most = max(most, len(one.fleet.lines) + one.fleet._opening.get(sender.id, 0))
            assert most == 1
        assert len(got.recipients()) == 80


def test_mail_about_accounts_goes_by_the_operators_server(app: Flask, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with sink(login=("ines", "right:/")) as (got, port), sink() as (theirs, other):
        url = f"smtp+plain://ines:right%3A%2F@127.0.0.1:{port}"
        given = {"SYSTEM_SMTP_URL": url, "SYSTEM_MAIL_FROM": "accounts@post.example"}
        monkeypatch.setitem(app.extensions, "fairlead_config", settings.get().model_copy(update=given))
        place = workspace().id
        a_sender(place, other, is_default=True)
        sender = get_system_sender(place)
        letters.queue_letter(place, "ada@x.example", letters.Letter("A new password", "<p>Hi</p>", "Hi"), sender_id=sender.id)
        session().commit()
        with mailer(app):
            until(lambda: states() == {"ada": OK})
        assert (got.recipients(), theirs.recipients()) == (["ada@x.example"], [])
        message = email.message_from_bytes(got.taken[0].data, policy=policy.default)
        assert (got.taken[0].sender, message["From"]) == ("accounts@post.example", "Fairlead <accounts@post.example>")


@pytest.mark.parametrize(("name", "said"), [("busy", "421 4.7.0 Too busy"), ("slams", "421 4.4.2 The server hung up.")])
def test_one_on_whom_the_server_hangs_up_holds_up_nobody_and_is_given_up(
    app: Flask, database: None, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setattr(engine, "wait_after", lambda *_: 0.01)
    with sink() as (got, port):
        place = workspace().id
        mailing = a_mailing(a_sender(place, port, connections=1), people(place, [name, "ada", "bob"]))
        with mailer(app):
            until(lambda: is_done(mailing))
        assert states(mailing) == {name: ("failed", said), "ada": OK, "bob": OK}
        assert sorted(got.recipients()) == ["ada@x.example", "bob@x.example"]


@pytest.mark.parametrize(("ours", "tries"), [(True, 0), (False, 1)])
def test_only_hang_ups_of_the_server_are_tries(app: Flask, ours: bool, tries: int) -> None:
    made = engine.Engine(app, lambda: False, "here")
    item = Item(7, 1, 1, 1, b"", b"ada@x.example", False, "Hello", b"", 0)  # noqa: FBT003 (needs no SMTPUTF8)
    nowhere: Any = None
    dropped = line.Line(made, nowhere)
    dropped.ours = ours
    for _ in range(2):
        made.closed(dropped, None, item, None)
        made.fleet.recovered(replace(item, message_id=8))
    noted = [(outcome.message_id, outcome.state, outcome.claimed) for outcome in made._outcomes]
    assert noted == [(7, MessageState.PENDING, False)] * tries


def test_a_server_that_hangs_up_on_everybody_is_no_fault_of_theirs(app: Flask, database: None) -> None:
    with sink() as (got, port):
        place = workspace().id
        sender = a_sender(place, port, connections=1)
        mailing = a_mailing(sender, people(place, ["busy1", "busy2"]))
        with mailer(app):
            until(lambda: sender.id in _resting())
            began = got.connections
            until(lambda: got.connections > began + 1)
        tried = session().execute(sa.text("select sum(attempts) from messages")).scalar()
        assert (states(mailing), tried) == ({"busy1": ("pending", None), "busy2": ("pending", None)}, 0)


def test_a_certificate_that_does_not_fit_is_said_in_the_words_of_the_test(app: Flask, database: None, tmp_path: Path) -> None:
    with a_server("tls", certificate(tmp_path, "localhost"), login=False) as (_, port):
        place = workspace().id
        a_mailing(a_sender(place, port, host="localhost", tls="tls"), people(place, ["ada"]))
        with mailer(app):
            until(lambda: bool(session().execute(sa.text("select problem from senders")).scalar() or session().rollback()))
        said = session().execute(sa.text("select problem from senders")).scalar()
        session().rollback()
        assert said == probe(Account("localhost", port, "tls", "here"))[-1].text
        assert states() == {"ada": ("pending", None)}


def test_a_server_that_falls_silent_is_given_up_and_holds_up_nobody_else(
    app: Flask, database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "FINAL_SECONDS", 4.0)
    monkeypatch.setattr(line, "REPLY_SECONDS", 1.0)
    monkeypatch.setattr(line, "CONNECT_SECONDS", 1.0)
    with sink() as (got, port), sink() as (theirs, other), scripted() as mute, scripted(b"220 here\r\n", b"250 here\r\n") as stuck:
        place = workspace().id
        hanging, deaf, lame = (a_sender(place, at, name=str(at), connections=2) for at in (port, mute, stuck))
        after_the_dot = a_mailing(hanging, people(place, ["hangs1", "hangs2", "ada", "bob"]))
        at_the_door, before_the_body = (a_mailing(sender, people(place, [name])) for sender, name in ((deaf, "cleo"), (lame, "dora")))
        beside = a_mailing(a_sender(place, other, name="other"), people(place, [f"p{n}" for n in range(40)]))
        began = time.monotonic()
        with mailer(app):
            until(lambda: is_done(beside))
            assert states(after_the_dot)["hangs1"][0] == "sending", "nobody else waits for it"
            until(lambda: is_done(after_the_dot))
            assert time.monotonic() - began > 4.0, "a server that is delivering is given time"
            until(lambda: {deaf.id, lame.id} <= _resting())
        lost = ("in_doubt", "The connection ended before the reply.")
        assert states(after_the_dot) == {"hangs1": lost, "hangs2": lost, "ada": OK, "bob": OK}
        assert (states(at_the_door), states(before_the_body)) == ({"cleo": ("pending", None)}, {"dora": ("pending", None)})
        assert sorted(got.recipients()) == ["ada@x.example", "bob@x.example"]
        assert len(theirs.recipients()) == 40


def _resting() -> set[int]:
    """Return the senders that have been told to rest, and have sent nothing since."""
    found = set(session().execute(sa.text("select sender_id from sender_paces where failures > 0")).scalars())
    session().rollback()
    return found
