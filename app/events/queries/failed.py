"""What did not work: runs and deliveries in one list, of one workspace and of the whole installation."""

from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from app.core.db import after, decode_cursor, encode_cursor, session
from app.events.models import Delivery, DeliveryState, Outbox
from app.events.queries.news import TRIES
from app.events.schemas import View, WorkQuery
from app.jobs.models import JobRun, RunState
from app.jobs.queries import after as in_seconds
from app.jobs.queries import clock

LATE = 600
"""Seconds after which work that is due, and that nobody has begun, is shown as late."""
VIEWS: tuple[View, ...] = ("failed", "retrying", "late")

_runs, _deliveries, _outbox = (cast("sa.Table", model.__table__) for model in (JobRun, Delivery, Outbox))
_run, _delivery, _event = _runs.c, _deliveries.c, _outbox.c


def of_runs(workspace_id: int, view: View) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of runs in a view: the workspace's, and those that belong to none."""
    mine = sa.or_(_run.workspace_id == workspace_id, _run.workspace_id.is_(None))
    queued, long_ago = _run.state == RunState.QUEUED, in_seconds(-LATE)
    conditions = {
        "failed": [_run.state == RunState.FAILED],
        "retrying": [queued, _run.attempts > 0],
        "late": [
            sa.or_(
                sa.and_(queued, _run.attempts == 0, _run.run_after < long_ago),
                sa.and_(_run.state == RunState.RUNNING, _run.lease_until < long_ago),
            )
        ],
    }
    return [mine, *conditions[view]]


def of_deliveries(workspace_id: int, view: View) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of deliveries in a view; they need the outbox beside them."""
    queued = _delivery.state == DeliveryState.QUEUED
    conditions = {
        "failed": [_delivery.state == DeliveryState.FAILED],
        "retrying": [queued, _delivery.attempts > 0],
        "late": [queued, _delivery.attempts == 0, _delivery.next_try_at < in_seconds(-LATE)],
    }
    return [_event.workspace_id == workspace_id, *conditions[view]]


def _jobs(workspace_id: int, view: View) -> sa.Select[Any]:
    moment = _run.run_after if view != "failed" else sa.func.coalesce(_run.finished_at, _run.run_after)
    columns = (
        sa.literal("run").label("kind"),
        _run.id,
        _run.job.label("name"),
        sa.null().cast(sa.Text).label("event"),
        _run.workspace_id.is_(None).label("everywhere"),
        sa.case((_run.workspace_id.is_(None), sa.func.split_part(_run.error, ":", 1)), else_=_run.error).label("error"),
        _run.attempts,
        _run.max_attempts,
        _run.created_at,
        moment.label("at"),
    )
    return sa.select(*columns).where(*of_runs(workspace_id, view))


def _events(workspace_id: int, view: View) -> sa.Select[Any]:
    moment = _delivery.next_try_at if view != "failed" else sa.func.coalesce(_delivery.done_at, _delivery.next_try_at)
    columns = (
        sa.literal("delivery").label("kind"),
        _delivery.id,
        _delivery.handler.label("name"),
        _event.name.label("event"),
        sa.false().label("everywhere"),
        _delivery.error,
        _delivery.attempts,
        sa.literal(TRIES).label("max_attempts"),
        _event.created_at,
        moment.label("at"),
    )
    beside = _deliveries.join(_outbox, _event.id == _delivery.event_id)
    return sa.select(*columns).select_from(beside).where(*of_deliveries(workspace_id, view))


def search(workspace_id: int, query: WorkQuery) -> tuple[list[Any], str | None]:
    """Return a page of what is in a view, newest first, and the cursor of the next page."""
    both = sa.union_all(_jobs(workspace_id, query.view), _events(workspace_id, query.view)).subquery()
    order = [(both.c.at, True), (both.c.kind, True), (both.c.id, True)]
    statement = sa.select(both).order_by(*(column.desc() for column, _ in order)).limit(query.limit + 1)
    if query.cursor:
        statement = statement.where(after(order, decode_cursor(query.cursor, (datetime, str, int))))
    rows = list(session().execute(statement))
    page = rows[: query.limit]
    return page, encode_cursor((page[-1].at, page[-1].kind, page[-1].id)) if len(rows) > query.limit else None


def counts(workspace_id: int) -> dict[View, int]:
    """Return how much is in each view."""
    both = [part for view in VIEWS for part in (_jobs(workspace_id, view), _events(workspace_id, view))]
    counted = [sa.select(sa.func.count()).select_from(part.subquery()).scalar_subquery() for part in both]
    numbers = session().execute(sa.select(*counted)).one()
    return {view: numbers[2 * i] + numbers[2 * i + 1] for i, view in enumerate(VIEWS)}


def _of_event(workspace_id: int, view: View) -> sa.ColumnElement[bool]:
    """Return the same conditions where the outbox cannot stand beside: in an update."""
    _, *conditions = of_deliveries(workspace_id, view)
    mine = sa.exists().where(_event.id == _delivery.event_id, _event.workspace_id == workspace_id)
    return sa.and_(mine, *conditions)


def retry_runs(workspace_id: int, run_id: int | None) -> sa.Update:
    """Queue failed runs anew and those that wait for another try at once; but a run whose key lives on in another stays."""
    other = _runs.alias("other")
    alive = sa.exists().where(other.c.key == _run.key, other.c.id != _run.id, other.c.state.in_((RunState.QUEUED, RunState.RUNNING)))
    wanted = sa.and_(*of_runs(workspace_id, "failed"))
    if run_id is not None:
        wanted = sa.and_(_run.id == run_id, sa.or_(wanted, sa.and_(*of_runs(workspace_id, "retrying"))))
    values = {"state": RunState.QUEUED, "attempts": 0, "run_after": clock, "finished_at": None, "enqueued_at": None}
    return sa.update(_runs).where(wanted, ~alive).values(**values).returning(_run.id, _run.job.label("name"))


def discard_runs(workspace_id: int, run_id: int | None) -> sa.Update:
    """Give failed runs up."""
    one = [_run.id == run_id] if run_id is not None else []
    changed = sa.update(_runs).where(*of_runs(workspace_id, "failed"), *one).values(state=RunState.CANCELLED, finished_at=clock)
    return changed.returning(_run.id, _run.job.label("name"))


def retry_deliveries(workspace_id: int, delivery_id: int | None) -> sa.Update:
    """Queue failed deliveries anew, and those that wait for another try at once."""
    wanted = _of_event(workspace_id, "failed")
    if delivery_id is not None:
        wanted = sa.and_(_delivery.id == delivery_id, sa.or_(wanted, _of_event(workspace_id, "retrying")))
    values = {"state": DeliveryState.QUEUED, "attempts": 0, "next_try_at": clock, "done_at": None, "enqueued_at": None}
    return sa.update(_deliveries).where(wanted).values(**values).returning(_delivery.id, _delivery.handler.label("name"))


def discard_deliveries(workspace_id: int, delivery_id: int | None) -> sa.Update:
    """Give failed deliveries up."""
    one = [_delivery.id == delivery_id] if delivery_id is not None else []
    changed = sa.update(_deliveries).where(_of_event(workspace_id, "failed"), *one).values(state=DeliveryState.DISCARDED, done_at=clock)
    return changed.returning(_delivery.id, _delivery.handler.label("name"))


def find(workspace_id: int, kind: str, work_id: int) -> Any:
    """Return what a piece of failed work is called, or None where there is none of this number in the workspace."""
    if not 0 <= work_id < 2**63:
        return None
    if kind == "run":
        statement = sa.select(_run.job.label("name")).where(_run.id == work_id, of_runs(workspace_id, "failed")[0])
    else:
        beside = _deliveries.join(_outbox, _event.id == _delivery.event_id)
        statement = sa.select(_delivery.handler.label("name")).select_from(beside)
        statement = statement.where(_delivery.id == work_id, _event.workspace_id == workspace_id)
    return session().execute(statement).one_or_none()
