"""The check before launch, the list, the ledger, and what stands beside them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.campaigns.links import renamed, slug, utm
from app.campaigns.queries import figures, ledger
from app.campaigns.schemas import MessageQuery
from app.campaigns.service import check as checking
from app.campaigns.service import pace, trial
from app.campaigns.service.check import Counts, check
from app.core.errors import Unavailable
from app.delivery.models import MessageState, SenderKind
from app.delivery.queries import eligibility
from tests.campaigns.test_running import end
from tests.factories.campaigns import a_campaign, a_list, sending, subscribers
from tests.factories.content import a_template
from tests.factories.customers import a_customer
from tests.factories.delivery import a_sender
from tests.factories.segments import a_segment, field
from tests.factories.workspaces import workspace
from tests.support import counted


def test_pages_read_the_subject_without_making_the_mail(session: Session) -> None:
    place = workspace().id
    greeting = a_template(place, kind="markdown", subject="{{ customer.first_name | default('You') }}: layers", body="Hello\n\n" * 50)
    row = a_campaign(place, customers=[a_customer(place, first_name="Ada").id], template_id=greeting.id)
    for sees, subject in ((True, "Ada: layers"), (False, "You: layers")):
        read, whole = trial.as_read(row, sees=sees), trial.mail_of(row, sees=sees)
        assert read
        assert (read.subject, read.preheader) == (whole.subject, whole.preheader) == (subject, whole.preheader)
        assert (read.html, "Hello" in whole.html) == ("", True)


def test_a_check_counts_by_reason_and_says_how_long_it_takes(session: Session) -> None:
    place = workspace()
    people = subscribers(place.id, 6)
    slow = a_sender(place.id, kind=SenderKind.SANDBOX, per_second=2)
    lists = [a_list(place.id, people[:4]).id, a_list(place.id, [*people[3:], a_customer(place.id)]).id]
    out = a_list(place.id, people[:1]).id
    row = a_campaign(place.id, segments=lists, exclude_segments=[out], sender_id=slow.id)
    with counted() as statements:
        found = check(row)
    assert found.ready
    assert [note.field for note in found.notes] == ["brand"]
    slow.problem = "It refuses our password."
    assert [note.field for note in checking.worth_a_look(row)] == ["sender_id", "brand"]
    assert found.counts == Counts(7, 1, 1, 0, 1, 0, 0, 5, 2.5)
    assert len([one for one in statements if "segment_members" in one]) == 2, "one statement counts memberships, one the reasons"


def test_a_check_says_what_is_missing_and_that_counting_takes_long(session: Session, monkeypatch: Any) -> None:
    place = workspace()
    row = a_campaign(place.id, 0, segments=[])
    found = check(row)
    assert [(p.field, p.reason) for p in found.problems] == [("segments", "Choose at least one segment, or name people.")]
    assert found.counts == Counts(0, 0, 0, 0, 0, 0, 0, 0, None)
    row = a_campaign(place.id, segments=[a_segment(place.id, field("country", "eq", "US")).id])
    assert [problem.reason for problem in check(row).problems] == ["Nobody is in the segments it goes to."]

    def slow(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(eligibility, "count", slow)
    found = check(a_campaign(place.id))
    assert (found.ready, found.counts, found.as_dict()["counted"]) == (True, None, False)
    assert checking.duration(None, 3) is None


def test_the_ledger_in_pages_by_state_reason_and_address(session: Session) -> None:
    place = workspace()
    row = sending(place.id, 5)
    end(session, row, (MessageState.SENT, None), (MessageState.FAILED, "554 5.7.1 no <a@b>"), (MessageState.FAILED, "550 5.7.1 x"))

    def ids(*, sees: bool = True, **says: Any) -> list[int | None]:
        found: list[int | None] = []
        cursor = None
        while True:
            rows, cursor = ledger.page(row, MessageQuery(limit=2, cursor=cursor, **says), sees=sees)
            found += [message.customer_id for message in rows]
            if cursor is None:
                return found

    everybody = ids()
    assert everybody == sorted(everybody, key=lambda ident: ident or 0)
    assert len(everybody) == 5
    assert (ids(state="failed"), ids(state="failed", reason="554 5.7.1")) == (everybody[1:3], everybody[1:2])
    assert (ids(state="in_doubt"), ids(reason="554 5.7")) == ([], [])
    assert (ids(reason="554 5.7.1 no"), ids(reason="554 5.7.1 no <a@b>")) == (everybody[1:2], everybody[1:2])
    for guess in ("554 5.7.1 no", "554 5.7.1 no <a@b>", "554 5.7", "no"):
        assert ids(sees=False, reason=guess) == []
    assert (ids(sees=False, reason="554 5.7.1"), ids(sees=False, reason="550")) == (everybody[1:2], everybody[2:3])
    first = ledger.page(row, MessageQuery(limit=1), sees=True)[0][0]
    assert ids(search=(first.address or "").upper()) == [first.customer_id]
    assert ids(search="person%") == []
    found = figures.of_campaign(row)
    assert (found.all, found.sent, found.waiting, found.over, found.missed) == (5, 1, 2, 3, 2)
    assert found.reasons(MessageState.FAILED) == [("550 5.7.1", 1), ("554 5.7.1", 1)]
    assert figures.answers(row, [(int(MessageState.FAILED), "554 5.7.1")]) == {
        (int(MessageState.FAILED), "554 5.7.1"): "554 5.7.1 no <a@b>"
    }


@pytest.mark.usefixtures("redis")
def test_the_pace_is_noted_and_forgotten(session: Session) -> None:
    row = sending(workspace().id, 3)
    pace.note()
    end(session, row, (MessageState.SENT, None), (MessageState.SENT, None))
    pace.note()
    assert [sent for _, sent in pace.notes(row)] == [0, 2]
    row.mailing_id = None
    assert pace.notes(row) == []


def test_a_rate_looks_back_half_a_minute() -> None:
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    moment = at.timestamp()
    noted = [(moment - 100, 0), (moment - 20, 100), (moment - 10, 300)]
    assert pace.rate(noted, at, 500) == 20
    assert pace.rate(noted[:1], at, 500) is None
    assert pace.rate([], at, 500) is None
    assert pace.rate([(moment, 500)], at, 500) is None
    assert pace.series(noted) == [(moment - 20, 1.25), (moment - 10, 20.0)]


@given(st.text(max_size=80))
def test_a_slug_stands_in_an_address_as_it_is(name: str) -> None:
    made = slug(name)
    assert made
    assert len(made) <= 60
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not made.startswith("-")
    assert not made.endswith("-")
    assert slug(made) == made


def test_links_say_what_was_given_or_what_is_usual() -> None:
    assert slug("Früh­jahr: 20 % auf Öfen") == "fruhjahr-20-auf-ofen"
    assert utm("Autumn", {"source": "us", "medium": ""}) == {"source": "us"}
    assert utm("Autumn", {}) == {}
    assert renamed({"campaign": "autumn", "source": "x"}, "Autumn", "Winter") == {"campaign": "winter", "source": "x"}
    assert renamed({"source": "x"}, "Autumn", "Winter") == {"source": "x"}
