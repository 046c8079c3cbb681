"""The fixtures keep what they promise: without that no other test means anything."""

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session
from redis import Redis

from app.core.db import db

COUNT = sa.text("select count(*) from workspaces")
ADD = sa.text("insert into workspaces (name, slug, sandbox, currency, zone, locale) values (:name, :name, false, 'EUR', 'UTC', 'en')")


@pytest.mark.parametrize("round_", [1, 2])
def test_what_a_test_writes_is_gone_in_the_next_even_committed(session: Session, redis: Redis, round_: int) -> None:
    assert session.scalar(COUNT) == 0
    assert redis.dbsize() == 0
    session.execute(ADD, {"name": "a"})
    session.commit()
    redis.set("fl:test", "1")
    session.execute(ADD, {"name": "b"})
    session.rollback()
    assert session.scalar(COUNT) == 1


@pytest.mark.committed
@pytest.mark.parametrize("round_", [1, 2])
def test_committed_is_seen_by_another_connection_and_gone_in_the_next_test(session: Session, round_: int) -> None:
    session.execute(ADD, {"name": "a"})
    with db.engine.connect() as other:
        assert other.scalar(COUNT) == 0
        session.commit()
        assert other.scalar(COUNT) == 1


def test_a_second_connection_is_refused_where_it_could_not_see_anything(session: Session) -> None:
    with pytest.raises(RuntimeError, match="committed"):
        db.engine.connect()


def test_a_transaction_of_its_own_is_a_savepoint(session: Session) -> None:
    with db.engine.begin() as own:
        own.execute(ADD, {"name": "kept"})
    with pytest.raises(ZeroDivisionError), db.engine.begin() as own:  # noqa: PT012 (it must write before it fails)
        own.execute(ADD, {"name": "lost"})
        raise ZeroDivisionError
    assert session.scalar(COUNT) == 1


def test_requests_share_neither_context_nor_session_with_the_test(client: FlaskClient, app: Flask, session: Session) -> None:
    seen: list[tuple[bool, int, bool]] = []

    def look() -> tuple[str, int]:
        seen.append((hasattr(g, "mark"), int(db.session.scalar(COUNT) or 0), db.session() is session))
        g.mark = True
        db.session.execute(ADD, {"name": f"in request {len(seen)}"})
        db.session.commit()
        return "", 204

    app.before_request_funcs.setdefault(None, []).insert(0, look)
    try:
        session.execute(ADD, {"name": "before"})
        client.get("/nowhere")
        client.get("/nowhere")
    finally:
        app.before_request_funcs[None].remove(look)
    assert seen == [(False, 1, False), (False, 2, False)]
    assert session.scalar(COUNT) == 3
