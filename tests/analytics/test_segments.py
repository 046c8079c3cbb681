"""What mail brought from the members of segments."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.analytics import jobs as work
from app.analytics.events import SegmentResultsWanted
from app.analytics.handlers import compute_wanted_segments, count_finished_mailing
from app.analytics.models import SegmentResult
from app.analytics.queries import segments as queries
from app.analytics.service import segments
from app.core.time import now
from app.customers.models import Customer
from app.delivery.events import MailingFinished
from app.delivery.models import Conversion, Message, MessageKind, MessageState
from app.events.models import Outbox
from app.jobs.models import JobRun
from tests.analytics import raw
from tests.factories.analytics import a_list, a_year
from tests.factories.customers import a_workspace


def slow(workspace_id: int, people: set[int], since: datetime) -> tuple[int, ...]:
    """Return sent, delivered, opened, clicked, ordered, revenue, counted one by one."""
    mine = [
        row
        for row in raw.rows(Message, workspace_id)
        if row.kind == 1 and row.sent_at and row.sent_at >= since and row.customer_id in people
    ]
    ids = {row.id for row in mine}
    revenue = sum(sale.value for sale in raw.rows(Conversion, workspace_id) if sale.message_id in ids)
    flags = [sum(getattr(row, flag) is not None for row in mine) for flag in ("opened_at", "clicked_at", "ordered_at")]
    return len(mine), sum(row.bounced_at is None for row in mine), *flags, revenue


def kept(workspace_id: int) -> dict[tuple[str, int], tuple[int, ...]]:
    found = {}
    for days in queries.WINDOWS:
        for row, name in queries.listed(workspace_id, days):
            found[name, days] = (row.sent, row.delivered, row.opened, row.clicked, row.ordered, row.revenue)
    return found


def test_segments_equal_the_rows(session: Session) -> None:
    at, other = a_workspace().id, a_workspace().id
    a_year(at, campaigns=3, people=24, seed=2, within=timedelta(days=100))
    a_year(other, campaigns=1, people=6, seed=3)
    people = [row.id for row in raw.rows(Customer, at)]
    groups = {"All": people, "Some": people[:9], "Few": people[5:7], "Nobody": []}
    for name, ids in groups.items():
        a_list(at, name, ids)
    a_list(other, "Theirs", [row.id for row in raw.rows(Customer, other)])
    session.add(
        Message(workspace_id=at, mailing_id=1, customer_id=people[0], kind=MessageKind.TEST, state=MessageState.SENT, sent_at=now())
    )
    session.flush()
    began = now()
    assert segments.compute(at) == 4
    assert segments.compute(at) == 4
    wanted = {(name, days): slow(at, set(ids), began - timedelta(days=days)) for name, ids in groups.items() for days in queries.WINDOWS}
    assert kept(at) == wanted
    assert wanted["All", 90][0] > wanted["All", 28][0] > 0
    assert kept(other) == {}
    assert [row.members for row, _ in queries.listed(at, 28)] == [len(groups[name]) for _, name in queries.listed(at, 28)]


def test_whoever_looks_at_old_figures_asks_for_new_ones(session: Session) -> None:
    at = a_workspace().id
    a_list(at, "Nobody", [])

    def asked() -> int:
        wanted = sa.select(sa.func.count()).select_from(Outbox).where(Outbox.name == "SegmentResultsWanted", Outbox.workspace_id == at)
        return session.scalar(wanted) or 0

    assert segments.look(at) is None
    assert asked() == 1
    segments.compute(at)
    assert segments.look(at) is not None
    assert asked() == 1
    session.execute(sa.update(SegmentResult).where(SegmentResult.workspace_id == at).values(computed_at=now() - timedelta(minutes=11)))
    segments.look(at)
    assert asked() == 2


def test_work_is_started_by_news_and_by_the_clock(session: Session) -> None:
    at = a_workspace().id
    (campaign,) = a_year(at, campaigns=1, people=8)
    assert campaign.mailing_id is not None
    a_list(at, "Nobody", [])
    compute_wanted_segments(SegmentResultsWanted(at))
    count_finished_mailing(MailingFinished(at, campaign.mailing_id))
    work.compute_all_segments()
    work.count_stale_domains()
    runs = session.execute(sa.select(JobRun.job, JobRun.args).where(JobRun.workspace_id == at).order_by(JobRun.job)).all()
    assert [(row.job, row.args) for row in runs] == [
        ("analytics.compute_segments", {}),
        ("analytics.count_domains", {"mailing_id": campaign.mailing_id}),
    ]
    assert work.compute_segments(at) is False
    assert work.count_domains(at, campaign.mailing_id) is False
    assert len(queries.listed(at, 28)) == 1
