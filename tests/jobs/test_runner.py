"""A run from start to end, as one worker sees it."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.db import any_workspace
from app.core.time import now
from app.jobs import carry, queries, runner, service
from app.jobs.models import JobRun
from app.jobs.registry import Job, jobs

calls: list[int] = []
answer: dict[str, Callable[[int], Any]] = {}


def step(workspace_id: int, row: int) -> bool:
    calls.append(row)
    return bool(answer["step"](row))


STEP = Job("test.step", step, queue="bulk", attempts=3)


@pytest.fixture(autouse=True)
def registered(session: Session) -> Iterator[None]:
    calls.clear()
    answer["step"] = lambda _: False
    jobs[STEP.name] = STEP
    yield
    del jobs[STEP.name]


def start(key: str | None = None, **more: Any) -> int:
    return service.start(STEP, workspace_id=1, key=key, row=7, **more)


def row(session: Session, run_id: int) -> JobRun:
    session.expire_all()
    return session.scalars(any_workspace(sa.select(JobRun).where(JobRun.id == run_id))).one()


def change(session: Session, run_id: int, **values: Any) -> None:
    session.execute(any_workspace(sa.update(JobRun).where(JobRun.id == run_id).values(**values)))
    session.commit()


def test_each_call_is_one_step_until_there_is_no_more(session: Session) -> None:
    answer["step"] = lambda _: len(calls) < 3
    run_id = start()
    assert runner.run(run_id) == "done"
    found = row(session, run_id)
    assert (calls, found.steps, found.state, found.lease_token, found.finished_at is None) == ([7, 7, 7], 3, "done", None, False)


def test_a_run_brought_twice_does_nothing_the_second_time(session: Session) -> None:
    run_id = start()
    assert [runner.run(run_id), runner.run(run_id)] == ["done", "skipped"]
    assert calls == [7]


def test_what_is_not_due_yet_is_not_run(session: Session) -> None:
    assert runner.run(start(run_after=now() + timedelta(seconds=60))) == "skipped"


def test_told_to_stop_it_ends_its_step_and_hands_the_rest_back(session: Session) -> None:
    answer["step"] = lambda _: True
    run_id = start()
    assert runner.run(run_id, stop=lambda: len(calls) == 2) == "queued"
    found = row(session, run_id)
    assert (found.state, found.steps, found.lease_token, found.enqueued_at, found.attempts) == ("queued", 2, None, None, 0)


def test_after_its_slice_of_time_it_hands_the_rest_back(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SLICE", 0.05)
    answer["step"] = lambda _: time.sleep(0.03) or True
    assert runner.run(start()) == "queued"
    assert len(calls) in {1, 2}  # one where the machine is slow


def test_a_failing_step_is_undone_counted_and_tried_later_until_it_has_failed(session: Session) -> None:
    def fall(_: int) -> bool:
        session.execute(
            sa.text("insert into workspaces (name, slug, sandbox, currency, zone, locale) values ('x', 'x', false, 'EUR', 'UTC', 'en')")
        )
        raise RuntimeError("the disk is full")

    answer["step"] = fall
    run_id = start()
    for attempt, state in ((1, "queued"), (2, "queued"), (3, "failed")):
        assert runner.run(run_id) == state
        found = row(session, run_id)
        assert (found.attempts, found.state) == (attempt, state)
        assert found.error is not None
        assert found.error.startswith("RuntimeError: the disk is full\n")
        wait = (found.run_after - now()).total_seconds()
        assert 0.7 * 2**attempt < wait < 1.25 * 2**attempt
        change(session, run_id, run_after=now())
    assert session.scalar(sa.text("select count(*) from workspaces")) == 0


def test_a_step_that_succeeds_forgives_the_failures_before_it(session: Session) -> None:
    run_id = start()
    change(session, run_id, attempts=2, error="old")
    answer["step"] = lambda _: len(calls) < 2
    runner.run(run_id)
    found = row(session, run_id)
    assert (found.attempts, found.error) == (0, None)


def test_a_lease_lost_in_the_step_takes_the_steps_writes_with_it(session: Session) -> None:
    def lose(_: int) -> bool:
        session.execute(
            sa.text("insert into workspaces (name, slug, sandbox, currency, zone, locale) values ('x', 'x', false, 'EUR', 'UTC', 'en')")
        )
        session.execute(any_workspace(sa.update(JobRun).values(lease_token=uuid4())))
        return False

    answer["step"] = lose
    run_id = start()
    assert runner.run(run_id) == "lost"
    assert session.scalar(sa.text("select count(*) from workspaces")) == 0
    assert row(session, run_id).state == "running"


def test_a_lease_lost_between_steps_ends_the_worker_before_the_next(session: Session) -> None:
    answer["step"] = lambda _: True
    run_id = start()

    def steal() -> bool:
        return False

    original = runner._fenced
    try:
        runner._fenced = lambda *given, **values: (original(*given, **values), change(session, run_id, lease_token=uuid4()))[0]
        assert runner.run(run_id, stop=steal) == "lost"
    finally:
        runner._fenced = original
    assert calls == [7]


def test_cancelled_while_it_runs_its_step_comes_to_nothing(session: Session) -> None:
    answer["step"] = lambda _: service.cancel(run_id)
    run_id = start()
    assert runner.run(run_id) == "lost"
    assert row(session, run_id).state == "running"  # the cancelling was part of the step here, and went with it
    assert service.cancel(run_id)
    assert not service.cancel(run_id)
    assert row(session, run_id).state == "cancelled"


def test_a_job_this_version_does_not_know_is_tried_again_later(session: Session) -> None:
    run_id = start()
    change(session, run_id, job="gone.away")
    assert runner.run(run_id) == "queued"
    assert "knows no job named gone.away" in (row(session, run_id).error or "")


def test_an_expired_lease_is_taken_away_and_counts_as_a_failure(session: Session) -> None:
    run_id, other = start(), start()
    for each in (run_id, other):
        session.execute(queries.CLAIM, {"run": each, "token": uuid4()})
    session.commit()
    change(session, run_id, lease_until=now() - timedelta(seconds=1))
    rows = session.execute(queries.EXPIRE, {"why": "silent", "most": 10}).all()
    assert [(r.id, r.state) for r in rows] == [(run_id, "queued")]
    assert (row(session, run_id).attempts, row(session, other).state) == (1, "running")


def test_what_a_dead_worker_held_is_counted_and_given_back(session: Session) -> None:
    held, waiting = start(), start()
    token = uuid4()
    session.execute(queries.CLAIM, {"run": held, "token": token})
    change(session, waiting, enqueued_at=now())
    carry.settle([held, waiting], [held, str(token)], "killed")
    assert (row(session, held).state, row(session, held).attempts, row(session, held).error) == ("queued", 1, "killed")
    assert (row(session, waiting).enqueued_at, row(session, waiting).attempts) == (None, 0)
