"""What the fixtures of conftest.py are made of."""

import contextlib
import contextvars
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa
from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.db import db

HILLSTROM = Path(__file__).resolve().parents[2] / "shared" / "data" / "hillstrom_customers.csv"
"""Real customers, kept beside the repository."""
needs_hillstrom = pytest.mark.skipif(not HILLSTROM.exists(), reason="../shared/data/hillstrom_customers.csv is not here")


class TestClient(FlaskClient):
    """A client whose requests see what the test did, and leave nothing of their own behind.

    Flask would share the test's application context (its `g`, its database session) with the request, so that a second request
    would find the user of the first. Here each runs in an empty context. Answers are read whole, inside it.
    """

    __test__ = False

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Commit what the test did (into the transaction that is undone afterwards), then make the request."""
        if has_app_context():
            db.session.commit()
        kwargs["buffered"] = True
        return contextvars.Context().run(super().open, *args, **kwargs)


class OneTransaction:
    """Stands for the engine while a test runs on one connection: `begin` is a savepoint."""

    def __init__(self, engine: sa.Engine, connection: sa.Connection) -> None:
        self._engine, self._connection = engine, connection

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Run in a savepoint of the test's transaction. It shares the fate of the session around it, unlike in real life."""
        with self._connection.begin_nested():
            yield self._connection

    def connect(self) -> NoReturn:
        """Refuse: there is one connection."""
        msg = "This test runs in one transaction on one connection. Mark it `committed`."
        raise RuntimeError(msg)

    def dispose(self, *, close: bool = True) -> None:
        """Keep the connection: the test still needs it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """Give the list of statements that were sent to the database meanwhile, savepoints left out."""
    seen: list[str] = []
    sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a: seen.append(a[2]) if "SAVEPOINT" not in a[2] else None)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
