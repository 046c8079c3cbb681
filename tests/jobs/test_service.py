"""Starting work: once per key, in the caller's transaction."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.db import any_workspace
from app.core.time import now
from app.jobs import queries, runner, service
from app.jobs.models import JobRun
from app.jobs.registry import Job, jobs


def nothing(row: int = 0) -> None:
    del row


NOTHING = Job("test.nothing", nothing)
TICK = Job("test.tick", lambda: None, every=300, queue="bulk")


@pytest.fixture(autouse=True)
def registered(session: Session) -> Iterator[None]:
    jobs[NOTHING.name] = NOTHING
    yield
    del jobs[NOTHING.name]


def states(session: Session) -> list[Any]:
    return [tuple(r) for r in session.execute(any_workspace(sa.select(JobRun.id, JobRun.state, JobRun.again).order_by(JobRun.id)))]


def test_a_key_that_waits_is_not_started_twice(session: Session) -> None:
    first = service.start(NOTHING, key="k")
    assert service.start("test.nothing", key="k") == first
    assert service.start(NOTHING) != service.start(NOTHING)
    assert len(states(session)) == 3


def test_a_key_that_runs_goes_round_once_more_so_that_news_is_not_missed(session: Session) -> None:
    run_id = service.start(NOTHING, key="k")
    token = uuid4()
    session.execute(queries.CLAIM, {"run": run_id, "token": token})
    assert service.start(NOTHING, key="k") == run_id
    assert states(session) == [(run_id, "running", True)]
    assert session.execute(queries.FINISH, {"run": run_id, "token": token}).one().state == "queued"
    assert states(session) == [(run_id, "queued", False)]
    assert runner.run(run_id) == "done"


def test_a_key_that_has_ended_is_started_anew(session: Session) -> None:
    first = service.start(NOTHING, key="k")
    assert runner.run(first) == "done"
    second = service.start(NOTHING, key="k")
    assert second != first
    assert runner.run(second) == "done"


def test_rolled_back_nothing_was_started(session: Session) -> None:
    session.commit()
    service.start(NOTHING, key="k")
    session.rollback()
    assert states(session) == []


def test_a_start_that_does_not_fit_is_refused_before_anything_is_written(session: Session) -> None:
    with pytest.raises(TypeError):
        service.start(NOTHING, rwo=1)
    assert states(session) == []


def test_a_periodic_job_starts_once_in_its_interval_and_never_beside_itself(session: Session) -> None:
    session.execute(queries.start_periodic(TICK))
    session.execute(queries.start_periodic(TICK))
    assert len(states(session)) == 1
    age(session, 301)
    session.execute(queries.start_periodic(TICK))
    assert len(states(session)) == 1, "the first is still alive"
    session.execute(any_workspace(sa.update(JobRun).values(state="done")))
    session.execute(queries.start_periodic(TICK))
    assert [state for _, state, _ in states(session)] == ["done", "queued"]


def age(session: Session, seconds: int) -> None:
    session.execute(any_workspace(sa.update(JobRun).values(created_at=queries.after(-seconds), finished_at=queries.after(-seconds))))


def test_what_ended_long_ago_is_forgotten_and_failures_are_kept(session: Session) -> None:
    for state in ("done", "cancelled", "failed", "queued"):
        run_id = service.start(NOTHING)
        session.execute(any_workspace(sa.update(JobRun).where(JobRun.id == run_id).values(state=state)))
    age(session, 86_400 * (service.KEEP_DAYS - 1))
    assert service.forget_old_runs() is False
    assert len(states(session)) == 4
    age(session, 86_400 * (service.KEEP_DAYS + 1))
    service.forget_old_runs()
    assert [state for _, state, _ in states(session)] == ["failed", "queued"]


def test_a_failure_of_a_periodic_job_is_moot_once_it_succeeded_again(session: Session) -> None:
    session.execute(queries.start_periodic(TICK))
    session.execute(any_workspace(sa.update(JobRun).values(state="failed")))
    service.forget_old_runs()
    assert [state for _, state, _ in states(session)] == ["failed"]
    age(session, 400)
    session.execute(queries.start_periodic(TICK))
    session.execute(any_workspace(sa.update(JobRun).where(JobRun.state == "queued").values(state="done", created_at=queries.after(0))))
    service.forget_old_runs()
    assert [state for _, state, _ in states(session)] == ["done"]


def test_due_runs_are_marked_once_and_again_when_lost(session: Session) -> None:
    run_id = service.start(NOTHING)
    session.commit()

    def marked(seconds_ago: float) -> list[int]:
        horizon = session.execute(queries.moment_ago(seconds_ago)).scalar_one()
        return list(session.scalars(queries.MARK_DUE, {"from_queue": "default", "horizon": horizon, "most": 10}))

    assert [marked(60), marked(60), marked(0)] == [[run_id], [], [run_id]]
    assert list(session.scalars(queries.MARK_DUE, {"from_queue": "bulk", "horizon": now(), "most": 10})) == []
