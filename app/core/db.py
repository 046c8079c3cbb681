"""The database: one session per request, command or job step; every query on a tenant table names its workspace."""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar, cast

import sqlalchemy as sa
from flask import current_app, has_request_context
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, mapped_column, registry
from sqlalchemy.sql import visitors

from app.core.errors import Invalid, NotFound, Refusal, Unavailable

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
TYPES: dict[Any, Any] = {
    str: sa.Text(),
    int: sa.BigInteger(),
    datetime: sa.DateTime(timezone=True),
    date: sa.Date(),
    dict[str, Any]: JSONB(),
    list[Any]: JSONB(),
    list[str]: sa.ARRAY(sa.Text()),
}


REQUEST_SECONDS = 60
"""How long a statement may take in a request: a page that nobody waits for any more must not keep a thread and a connection."""


class _Base(DeclarativeBase):
    registry = registry(type_annotation_map=TYPES, metadata=sa.MetaData(naming_convention=NAMING))


db = SQLAlchemy(model_class=_Base, session_options={"expire_on_commit": True})
if TYPE_CHECKING:

    class Model(DeclarativeBase):
        """Base of all tables."""
else:
    Model = db.Model

BigId = Annotated[int, mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)]
"""A bigint identity primary key."""
Created = Annotated[datetime, mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())]
"""Set by the database when the row is inserted."""


class Tenant:
    """A table that belongs to workspaces. The guard below refuses a query on it that does not name the workspace."""

    workspace_id: Mapped[int] = mapped_column(sa.Integer, sa.ForeignKey("workspaces.id", ondelete="CASCADE"))


M = TypeVar("M", bound=Model)
P = ParamSpec("P")
Y = TypeVar("Y")


def session() -> FlaskSession:
    """Return the session of this request, command or step."""
    return db.session()


def cursor() -> Any:
    """Return a raw psycopg2 cursor inside the session's transaction, for COPY. The caller closes it."""
    session().flush()
    return session().connection().connection.cursor()


def apart(work: Callable[P, Y]) -> Callable[P, Y]:
    """Return `work` for another thread: there it has a session, and so a connection, of its own, which ends with it."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (Flask's own way to hand it to a thread)

    def run(*args: P.args, **kwargs: P.kwargs) -> Y:
        with app.app_context():
            return work(*args, **kwargs)

    return run


def get(model: type[M], workspace_id: int, row_id: int, *, lock: bool = False) -> M:
    """Return the row with this id in this workspace. Raises NotFound."""
    row = find(model, workspace_id, row_id, lock=lock)
    if row is None:
        raise NotFound(getattr(model, "noun", model.__name__.lower()))
    return row


def find(model: type[M], workspace_id: int, row_id: int, *, lock: bool = False) -> M | None:
    """Return the row with this id in this workspace, or None; `lock` holds it until the transaction ends."""
    if not -(2**63) <= row_id < 2**63:
        return None
    table = cast("Any", model)
    statement = sa.select(model).where(table.workspace_id == workspace_id, table.id == row_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session().scalars(statement).one_or_none()


X = TypeVar("X", bound=sa.Executable)


def any_workspace(statement: X) -> X:
    """Lift the guard for a statement that must look into all workspaces: sweeps of the clock, sign-in."""
    return statement.execution_options(any_workspace=True)


class GuardError(RuntimeError):
    """A query on a tenant table that does not name the workspace: always a mistake of ours."""


@event.listens_for(Session, "do_orm_execute")
def _guard(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load or state.execution_options.get("any_workspace"):
        return
    statement = state.statement
    if not isinstance(statement, sa.Select | sa.Update | sa.Delete | sa.CompoundSelect):
        return
    for table in _nameless(statement):
        msg = f"A query on {table} must name the workspace."
        raise GuardError(msg)


_KNOWN: dict[Any, frozenset[str]] = {}
_MOST_KNOWN = 2000


def _nameless(statement: sa.Select[Any] | sa.Update | sa.Delete | sa.CompoundSelect[Any]) -> frozenset[str]:
    """Return the tenant tables that a statement touches without naming the workspace: looked for once for statements that differ in values only.

    SQLAlchemy keeps compiled SQL by the same key, and so has made it already or will need it.
    """
    key = statement._generate_cache_key()  # noqa: SLF001 (there is no public name for it)
    if key is None:
        touched, named = _tables(statement)
        return frozenset(touched - named)
    found = _KNOWN.get(key.key)
    if found is None:
        touched, named = _tables(statement)
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        found = _KNOWN[key.key] = frozenset(touched - named)
    return found


def _tables(statement: sa.ClauseElement) -> tuple[set[str], set[str]]:
    """Return the tenant tables a statement touches, and those whose workspace_id takes part in a comparison."""
    touched: set[str] = set()
    named: set[str] = set()
    for element in visitors.iterate(statement):
        if isinstance(element, sa.Table) and "workspace_id" in element.c:
            touched.add(element.name)
        elif isinstance(element, sa.BinaryExpression):
            for side in (element.left, element.right):
                column = getattr(side, "name", None)
                owner = getattr(side, "table", None)
                if column == "workspace_id" and owner is not None:
                    named.add(getattr(getattr(owner, "element", owner), "name", ""))
    return touched, named


def encode_cursor(values: Sequence[Any]) -> str:
    """Write the sort key of a page's last row as an opaque text."""
    raw = json.dumps([v.isoformat() if isinstance(v, datetime | date) else v for v in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_cursor(text: str, types: Sequence[type], *, missing: bool = False) -> list[Any]:
    """Read a cursor back as values of `types`, of which the first may be None if `missing`. Raises Invalid on anything else."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError  # noqa: TRY301 (one way out for every kind of nonsense)
        none = missing and values[0] is None
        return [None] * none + [_typed(value, kind) for value, kind in zip(values[none:], types[none:], strict=True)]
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        raise Invalid({"cursor": "This is not a cursor of this list."}) from None


def _typed(value: Any, kind: type) -> Any:
    if kind is datetime:
        return datetime.fromisoformat(value).astimezone(UTC)  # PostgreSQL knows fewer offsets
    if kind is date:
        return date.fromisoformat(value)
    if kind is int and (isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63):
        raise ValueError
    if kind is str:
        if not isinstance(value, str) or "\x00" in value:
            raise ValueError
        value.encode()  # half of a surrogate pair is no text: UnicodeEncodeError is a ValueError
    return kind(value)


def after(columns: Sequence[tuple[Any, bool]], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Return the keyset condition «sorts after `values`».

    `columns` are (expression, descending), all NOT NULL (coalesce where the sort column may be missing); the last is unique.
    """
    directions = {descending for _, descending in columns}
    if len(directions) == 1:
        left, right = (
            sa.tuple_(*(c for c, _ in columns)),
            sa.tuple_(*(v if isinstance(v, sa.ClauseElement) else sa.literal(v) for v in values)),
        )
        return left < right if directions.pop() else left > right
    conditions = []
    for i, (column, descending) in enumerate(columns):
        equal = [c == v for (c, _), v in zip(columns[:i], values[:i], strict=True)]
        conditions.append(sa.and_(*equal, column < values[i] if descending else column > values[i]))
    return sa.or_(*conditions)


@event.listens_for(sa.Engine, "do_connect")
def _hold_requests_to_a_minute(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
    """Give connections that a request opens a limit for each statement; those of workers, which do long work, have none."""
    if has_request_context():
        parameters["options"] = f"{parameters.get('options', '')} -c statement_timeout={REQUEST_SECONDS * 1000}"


def let_go_after(seconds: float) -> None:
    """Have PostgreSQL end transactions of this process that stand still for so long: one that is suspended must not hold up others by its locks.

    For a process of one program; connections that are open already are not changed.
    """

    def ask(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        parameters["options"] = f"{parameters.get('options', '')} -c idle_in_transaction_session_timeout={seconds * 1000:.0f}"

    event.listen(sa.Engine, "do_connect", ask)


@contextmanager
def unless_taken(constraint: str, refusal: Refusal) -> Iterator[None]:
    """Run in a savepoint; a breach of the named unique constraint or index becomes `refusal`."""
    try:
        with session().begin_nested():
            yield
    except sa.exc.IntegrityError as problem:
        if getattr(getattr(problem.orig, "diag", None), "constraint_name", None) == constraint:
            raise refusal from problem
        raise


@contextmanager
def time_limit(seconds: float, reason: str) -> Iterator[None]:
    """Run statements that may take at most `seconds` each; one that takes longer becomes Unavailable(reason)."""
    run = session()
    asked = "select old, set_config('statement_timeout', :ms, true) from (select current_setting('statement_timeout') as old offset 0) x"
    try:
        with run.begin_nested():
            # The limit begins behind the savepoint and ends before it is released: neither statement of the savepoint can be cut off by it.
            before = run.scalar(sa.text(asked), {"ms": str(max(1, int(seconds * 1000)))})  # 0 would be no limit
            yield
            run.execute(sa.text("select set_config('statement_timeout', :before, true)"), {"before": before})
    except sa.exc.OperationalError as problem:
        if getattr(problem.orig, "pgcode", None) == "57014":
            raise Unavailable(reason) from problem
        raise
