"""One link that is followed for ever fills no table."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
import redis as redis_client
from flask_sqlalchemy.session import Session

from app.customers.models import Kind
from app.delivery.drain import drain
from app.delivery.hits import FIELD, STREAM, Hit, encode
from app.delivery.service import caps
from app.delivery.service import hits as service
from tests.factories.tracking import BOT, a_hit, a_mailing, a_message, acts, counted_raw, hour_of, kept_figures
from tests.factories.workspaces import workspace

NOON = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
MOST = 5


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caps, "MOST", MOST)


def test_a_link_followed_for_ever_leaves_so_many_activities_an_hour_and_the_rest_is_counted(session: Session) -> None:
    place = workspace().id
    message = a_message(a_mailing(place), sent=NOON - timedelta(hours=1))
    other = a_message(a_mailing(place), sent=NOON - timedelta(hours=1))
    before = caps.DROPPED._value.get()
    times = [NOON + timedelta(seconds=20 * n) for n in range(30)]
    for begin in range(0, 30, 7):
        batch = [a_hit(message, 1, at=at) for at in times[begin : begin + 7]] + [a_hit(message, at=at) for at in times[begin : begin + 7]]
        service.record([*batch, a_hit(other, 1, at=times[begin])])
    service.record(
        [
            a_hit(message, 2, at=NOON + timedelta(minutes=50)),
            a_hit(message, 1, at=NOON + timedelta(hours=1)),
            a_hit(message, 1, at=NOON, agent=BOT),
        ]
    )
    found = Counter((act.data["message"], act.kind, act.data["link"], hour_of(act.occurred_at)) for act in acts(place) if act.data)
    assert found == {
        (message.id, Kind.CLICKED, 1, NOON): MOST, (message.id, Kind.OPENED, None, NOON): MOST, (other.id, Kind.CLICKED, 1, NOON): 5,
        (message.id, Kind.CLICKED, 2, NOON): 1, (message.id, Kind.CLICKED, 1, NOON + timedelta(hours=1)): 1,
        (message.id, Kind.CLICKED_MACHINE, 1, NOON): 1,
    }  # fmt: skip
    assert caps.DROPPED._value.get() - before == 2 * (30 - MOST)
    assert kept_figures() == counted_raw()


def test_drained_again_after_a_crash_each_hit_is_there_once_and_none_of_them_is_lost(session: Session, redis: redis_client.Redis) -> None:
    place = workspace().id
    message = a_message(a_mailing(place), sent=NOON - timedelta(hours=1))
    hits = [a_hit(message, 1, at=NOON + timedelta(seconds=20 * n)) for n in range(12)]

    def drained(*some: Hit) -> list[str]:
        for one in some:
            redis.xadd(STREAM, {FIELD: encode(one)})
        drain(redis)
        return [act.event_id.hex for act in acts(place)]

    assert drained(*hits[:3]) == [one.event_id for one in hits[:3]]
    kept = [one.event_id for one in hits[:MOST]]
    assert drained(*hits[1:5]) == kept  # two of them again: they take nobody's room
    assert drained(*hits) == drained(*hits) == drained(*reversed(hits)) == kept
    assert kept_figures() == counted_raw()


def test_what_is_dropped_still_says_when_it_was_opened_first(session: Session) -> None:
    place = workspace().id
    message = a_message(a_mailing(place), sent=NOON - timedelta(hours=1))
    service.record([a_hit(message, 0, at=NOON + timedelta(minutes=n)) for n in range(10, 20)])
    service.record([a_hit(message, 0, at=NOON + timedelta(minutes=1))])
    session.refresh(message)
    assert (message.opened_at, message.clicked_at) == (NOON + timedelta(minutes=1),) * 2
    assert len(acts(place)) == MOST
    assert kept_figures() == counted_raw()


def test_machines_take_no_room_from_people(session: Session) -> None:
    place = workspace().id
    message = a_message(a_mailing(place), sent=NOON - timedelta(hours=1))
    service.record([a_hit(message, 0, at=NOON, agent=BOT) for _ in range(20)])
    service.record([a_hit(message, 0, at=NOON + timedelta(minutes=1))])
    assert Counter(act.kind for act in acts(place)) == {Kind.CLICKED_MACHINE: MOST, Kind.CLICKED: 1}
