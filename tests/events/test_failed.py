"""The page of failed work, and its API."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.audit.models import AuditEntry
from app.core.db import any_workspace, session
from app.core.time import now
from app.events.models import Delivery
from app.jobs import service as jobs_service
from app.jobs.models import JobRun
from app.jobs.registry import Job, jobs
from tests.factories.auth import Browser, signed_in
from tests.factories.events import failed_delivery, failed_run
from tests.factories.workspaces import workspace

HOME = "/settings/operations"


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def listed(browser: Browser, **query: str | int) -> list[dict[str, object]]:
    answer = browser.client.get("/api/v1/operations/failed", query_string=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json["items"]
    return items


def state(row: JobRun | Delivery) -> tuple[str, int]:
    session().expire_all()
    fresh = session().execute(any_workspace(sa.select(type(row).state, type(row).attempts).where(type(row).id == row.id))).one()
    return str(fresh.state), int(fresh.attempts)


def test_nothing_failed_says_so(browser: Browser) -> None:
    page = browser.get(HOME).text
    assert "Nothing has failed" in page
    assert "Discard all" not in page


def test_failed_runs_and_deliveries_stand_in_one_list_newest_first(browser: Browser) -> None:
    run = failed_run(browser.workspace_id, finished_at=now() - timedelta(minutes=5))
    delivery = failed_delivery(browser.workspace_id)
    system = failed_run(
        None, job="jobs.forget_old_runs", finished_at=now() - timedelta(minutes=9), error="RuntimeError: of another tenant\n  File z"
    )
    found = listed(browser)
    assert [(i["kind"], i["id"], i["everywhere"], i["error"]) for i in found] == [
        ("delivery", delivery.id, False, "KeyError: 'colour'\n  File y, line 2"),
        ("run", run.id, False, "RuntimeError: the disk is full\n  File x, line 1"),
        ("run", system.id, True, "RuntimeError"),
    ]
    page = browser.get(HOME).text
    assert "3 pieces of work wait for your decision." in page
    assert "RuntimeError: the disk is full" in page
    assert "on CustomerCreated" in page
    assert "of another tenant" not in page


def test_other_workspaces_work_is_neither_seen_nor_touched(browser: Browser) -> None:
    theirs = workspace().id
    run, delivery = failed_run(theirs), failed_delivery(theirs)
    assert listed(browser) == []
    for act in ("retry", "discard"):
        assert browser.post(f"{HOME}/{act}").status_code == 303
    assert (state(run), state(delivery)) == (("failed", 10), ("failed", 10))


@pytest.mark.parametrize(
    ("act", "run_state", "delivery_state"), [("retry", ("queued", 0), ("queued", 0)), ("discard", ("cancelled", 10), ("discarded", 10))]
)
def test_one_is_retried_or_discarded_with_its_trace(
    browser: Browser, act: str, run_state: tuple[str, int], delivery_state: tuple[str, int]
) -> None:
    run, delivery = failed_run(browser.workspace_id), failed_delivery(browser.workspace_id)
    other = failed_run(browser.workspace_id)
    assert browser.post(f"{HOME}/runs/{run.id}/{act}").status_code == 303
    assert browser.post(f"{HOME}/deliveries/{delivery.id}/{act}").status_code == 303
    assert (state(run), state(delivery), state(other)) == (run_state, delivery_state, ("failed", 10))
    traces = session().execute(
        sa.select(AuditEntry.action, AuditEntry.subject_kind, AuditEntry.subject_id, AuditEntry.subject_name, AuditEntry.user_id)
        .where(AuditEntry.workspace_id == browser.workspace_id)
        .order_by(AuditEntry.id)
    )
    verb = {"retry": "work.retried", "discard": "work.discarded"}[act]
    assert [tuple(t) for t in traces] == [
        (verb, "run", run.id, "customers.run_import", browser.user_id),
        (verb, "delivery", delivery.id, delivery.handler, browser.user_id),
    ]


def test_all_are_retried_at_once(browser: Browser) -> None:
    rows = [failed_run(browser.workspace_id), failed_delivery(browser.workspace_id), failed_run(None)]
    assert browser.post(f"{HOME}/retry").status_code == 303
    assert [state(row) for row in rows] == [("queued", 0)] * 3
    assert "3 pieces of work queued again." in browser.get(HOME).text


def test_a_failed_run_whose_key_lives_on_in_another_is_not_queued_beside_it(browser: Browser) -> None:
    job = Job("test.keyed", lambda: None)
    jobs[job.name] = job
    try:
        jobs_service.start(job, workspace_id=browser.workspace_id, key="import:1")
        run = failed_run(browser.workspace_id, key="import:1")
        assert browser.post(f"{HOME}/runs/{run.id}/retry").status_code == 303
    finally:
        del jobs[job.name]
    assert state(run) == ("failed", 10)


def test_what_waits_for_another_try_is_shown_apart_and_can_be_tried_now(browser: Browser) -> None:
    later = now() + timedelta(minutes=4)
    run = failed_run(browser.workspace_id, state="queued", attempts=3, run_after=later, finished_at=None)
    assert listed(browser) == []
    assert [item["id"] for item in listed(browser, view="retrying")] == [run.id]
    assert "Try now" in browser.get(f"{HOME}?view=retrying").text
    answer = browser.call("POST", f"/api/v1/operations/runs/{run.id}/retry")
    assert answer.json == {"count": 1}
    session().expire_all()
    assert session().scalars(any_workspace(sa.select(JobRun.run_after).where(JobRun.id == run.id))).one() <= now()


def test_what_nobody_begins_is_late(browser: Browser) -> None:
    long_ago = now() - timedelta(minutes=11)
    run = failed_run(browser.workspace_id, state="queued", attempts=0, run_after=long_ago, finished_at=None, error=None)
    failed_run(browser.workspace_id, state="queued", attempts=0, run_after=now(), finished_at=None, error=None)
    delivery = failed_delivery(browser.workspace_id, state="queued", attempts=0, next_try_at=long_ago, done_at=None, error=None)
    assert {(item["kind"], item["id"]) for item in listed(browser, view="late")} == {("run", run.id), ("delivery", delivery.id)}
    assert "Nobody has begun this for ten minutes." in browser.get(f"{HOME}?view=late").text


def test_pages_follow_each_other_without_gap_or_repeat(browser: Browser) -> None:
    moment = now()
    made = {("run", failed_run(browser.workspace_id, finished_at=moment).id) for _ in range(3)}
    made |= {("delivery", failed_delivery(browser.workspace_id, done_at=moment).id) for _ in range(3)}
    seen: list[tuple[object, object]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = browser.client.get("/api/v1/operations/failed", query_string={"limit": 2, **({"cursor": cursor} if cursor else {})}).json
        seen += [(item["kind"], item["id"]) for item in answer["items"]]
        cursor = answer["next"]
    assert len(seen) == 6
    assert set(seen) == made


@pytest.mark.parametrize(
    ("role", "sees", "acts"), [("admin", 200, 303), ("marketer", 403, 403), ("analyst", 403, 403), ("client", 403, 403)]
)
def test_who_may_see_and_who_may_act(client: FlaskClient, role: str, sees: int, acts: int) -> None:
    browser = signed_in(client, role)  # type: ignore[arg-type]
    run = failed_run(browser.workspace_id)
    assert browser.get(HOME).status_code == sees
    assert browser.post(f"{HOME}/runs/{run.id}/retry").status_code == acts
