"""The application under fire: events, handlers and jobs that write rows without unique keys, so that doubling would show."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.core.db import session
from app.events.registry import on, on_any
from app.events.service import Event, publish
from app.jobs import queries, service
from app.jobs.registry import job

queries.LOST_AFTER = 3

TABLES = """
create table if not exists marks (kind text not null, ref bigint not null);
create table if not exists walks (id bigint primary key, at integer not null default 0, till integer not null);
"""


@dataclass(frozen=True)
class Struck(Event):
    ref: int


@dataclass(frozen=True)
class Echoed(Event):
    ref: int


def mark(kind: str, ref: int) -> None:
    session().execute(sa.text("insert into marks values (:kind, :ref)"), {"kind": kind, "ref": ref})


@on(Struck)
def first(event: Struck) -> None:
    mark("first", event.ref)


@on(Struck)
def second(event: Struck) -> None:
    """Publish in turn: news from a handler must be as safe as news from a request."""
    mark("second", event.ref)
    publish(Echoed(event.workspace_id, event.ref))


@on(Struck)
def walks(event: Struck) -> None:
    """Start a job of a few steps."""
    session().execute(sa.text("insert into walks (id, till) values (:id, 3) on conflict do nothing"), {"id": event.ref})
    service.start(walk, workspace_id=event.workspace_id, key=f"walk:{event.ref}", ref=event.ref)


@on_any
def everything(news: object) -> None:
    mark("any", 0)


@job(queue="bulk", lease=3)
def walk(ref: int) -> bool:
    """Take one step; each writes a mark and moves the cursor in the same transaction."""
    row = (
        session()
        .execute(sa.text("update walks set at = at + 1 where id = :id and at < till returning at, till"), {"id": ref})
        .one_or_none()
    )
    if row is None:
        return False
    mark(f"step {row.at}", ref)
    return bool(row.at < row.till)


def create_subject() -> Flask:
    """Make the application for `flask --app tests.faults.subject:create_subject`."""
    return create_app()
