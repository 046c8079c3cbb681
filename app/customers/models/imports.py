"""Tables: imports of files, the rows they did not take, and what is needed to undo them."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class ImportState(StrEnum):
    """Where an import stands. `draft`: uploaded, not started; `paused`: waits for a person."""

    DRAFT = "draft"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class UndoState(StrEnum):
    """Where the undoing of an import stands."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"


class Act(IntEnum):
    """What an import did to a customer or an order; KEPT: undoing left it, because it was edited or used since."""

    UNCHANGED = 0
    CREATED = 1
    UPDATED = 2
    KEPT = 3


class Import(Tenant, Model):
    """A file on its way in.

    `scan_*` and `row_*` are cursors (byte where the next row begins, and its line): of the check of the whole file, which comes first,
    and of the rows taken. They move in the same transaction as the rows they passed. `plan` is where each column goes.
    """

    __tablename__ = "imports"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.Index("ix_imports_heading", "workspace_id", "kind", "heading_digest", "id"),
        sa.CheckConstraint("kind IN ('customers', 'orders')", name="kind"),
        sa.CheckConstraint("state IN ('draft', 'queued', 'running', 'paused', 'finished', 'failed', 'cancelled')", name="state"),
        sa.CheckConstraint("undo_state IN ('none', 'running', 'done')", name="undo_state"),
    )
    noun = "import"
    id: Mapped[BigId]
    kind: Mapped[str] = mapped_column(server_default="customers")
    state: Mapped[str] = mapped_column(server_default=ImportState.DRAFT)
    file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("files.id", ondelete="SET NULL"))
    file_name: Mapped[str]
    file_size: Mapped[int]
    dialect: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    heading: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    heading_digest: Mapped[str | None]
    plan: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    overwrite: Mapped[str] = mapped_column(server_default="empty")
    consent: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    scan_offset: Mapped[int] = mapped_column(server_default="0")
    scan_line: Mapped[int] = mapped_column(server_default="1")
    scanned: Mapped[bool] = mapped_column(server_default=sa.false())
    row_offset: Mapped[int] = mapped_column(server_default="0")
    row_line: Mapped[int] = mapped_column(server_default="1")
    rows_total: Mapped[int] = mapped_column(server_default="0")
    rows_done: Mapped[int] = mapped_column(server_default="0")
    created: Mapped[int] = mapped_column(server_default="0")
    updated: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    rejected: Mapped[int] = mapped_column(server_default="0")
    customers_created: Mapped[int] = mapped_column(server_default="0")
    """Whom a file of orders brought."""
    refusing: Mapped[str | None]
    """The order whose rows are not taken, of which more follow behind the cursor."""
    seconds: Mapped[float] = mapped_column(sa.Float, server_default="0")
    """Spent in steps, for the rate: pauses and restarts do not count."""
    error: Mapped[str | None]
    undo_state: Mapped[str] = mapped_column(server_default=UndoState.NONE)
    undo_cursor: Mapped[int] = mapped_column(server_default="0")
    removed: Mapped[int] = mapped_column(server_default="0")
    restored: Mapped[int] = mapped_column(server_default="0")
    kept: Mapped[int] = mapped_column(server_default="0")
    undone_at: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[Created]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    purged_at: Mapped[datetime | None]
    """From then on it cannot be undone, and its file and rejects are gone."""


class ImportReject(Tenant, Model):
    """A row that was not taken, by the line it begins on, with its cells as they were."""

    __tablename__ = "import_rejects"
    __table_args__ = (sa.Index("ix_import_rejects_kind", "import_id", "kind", "line"),)
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    import_id: Mapped[int] = mapped_column(sa.ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    column: Mapped[str] = mapped_column("column_name")
    found: Mapped[str]
    kind: Mapped[str]
    reason: Mapped[str]
    row: Mapped[list[str]] = mapped_column("cells", ARRAY(sa.Text))


class ImportUndo(Tenant, Model):
    """What an import did to one customer, and from which line; of a file of orders, to one order, and (as `-subject_id`) whom it brought.

    `before` holds the columns it changed as they were; `version` is that of the customer after the import: while it is still that, nobody
    edited it since (of an order: a digest of its values). The table also says which customers or orders the file named already, so that a
    second row for one is rejected.
    """

    __tablename__ = "import_undo"
    workspace_id: Mapped[int] = mapped_column(sa.Integer)
    import_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    subject_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[int]
    act: Mapped[int] = mapped_column(sa.SmallInteger)
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
