"""Statements that PostgreSQL parses and plans once a connection instead of each time: for what runs hundreds of times a second."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Row

from app.core.db import db, session

PLAN_SECONDS = 10.0
"""How long a plan is kept: one made while tables were small must not live on when they are not."""
_NAME = re.compile(r"(?<!:):([a-z_]+)\b")


class Prepared:
    """A statement with its parameters' types: `Prepared("claim", "update … where id = any(:ids)", ids="bigint[]")`.

    `name` is unique among the statements of the application.
    """

    def __init__(self, name: str, statement: str, **types: str) -> None:
        self.name, self._names = name, list(types)
        text = _NAME.sub(lambda found: f"${self._names.index(found[1]) + 1}", statement)
        self._prepare = f"prepare {name} ({', '.join(types.values())}) as {text}" if types else f"prepare {name} as {text}"
        given = ", ".join(f"%s::{type_}" for type_ in types.values())
        self._execute = f"execute {name} ({given})" if types else f"execute {name}"

    def run(self, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it in the session's transaction. Raises KeyError for a parameter that is missing, and what a statement may raise."""
        connection = session().connection()
        return connection.exec_driver_sql(self.ready(connection), tuple(self.ordered(values)))

    def ready(self, connection: Connection) -> str:
        """Return how it is called, once the connection knows it."""
        known = connection.info.setdefault("prepared", {})
        if known.get(self.name, 0.0) < time.monotonic():
            if self.name in known:
                connection.exec_driver_sql(f"deallocate {self.name}")
                del known[self.name]
            connection.exec_driver_sql(self._prepare)
            known[self.name] = time.monotonic() + PLAN_SECONDS
        return self._execute

    def ordered(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the parameters."""
        return [values[name] for name in self._names]


class Alone:
    """A connection on which each statement is a transaction of its own: sent, done and committed in one round trip. For one thread."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def run(self, statement: Prepared, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Return the rows of a statement that is committed. After an error it may be or not, and the next one gets a connection anew."""
        if self._connection is None:
            self._connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            return self._connection.exec_driver_sql(statement.ready(self._connection), tuple(statement.ordered(values))).all()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
