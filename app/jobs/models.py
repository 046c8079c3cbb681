"""The table of work. PostgreSQL is the truth about it; RQ only carries row ids."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model


class RunState(enum.StrEnum):
    """Where a run stands. Queued and running are alive."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ALIVE = sa.text("state IN ('queued', 'running')")


class JobRun(Model):
    """One piece of work. While `running`, only the holder of `lease_token` may move it."""

    __tablename__ = "job_runs"
    __table_args__ = (
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        sa.CheckConstraint("(state = 'running') = (lease_token IS NOT NULL)", name="lease"),
        sa.Index("uq_job_runs_key", "key", unique=True, postgresql_where=ALIVE),
        sa.Index("ix_job_runs_due", "queue", "run_after", postgresql_where=sa.text("state = 'queued'")),
        sa.Index("ix_job_runs_leased", "lease_until", postgresql_where=sa.text("state = 'running'")),
        sa.Index("ix_job_runs_failed", "finished_at", "id", postgresql_where=sa.text("state = 'failed'")),
        sa.Index("ix_job_runs_over", "finished_at", postgresql_where=sa.text("state IN ('done', 'cancelled')")),
        sa.Index("ix_job_runs_job_created_at", "job", "created_at"),
    )
    noun = "piece of work"
    id: Mapped[BigId]
    workspace_id: Mapped[int | None] = mapped_column(sa.Integer)
    job: Mapped[str]
    args: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    queue: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=RunState.QUEUED)
    run_after: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    enqueued_at: Mapped[datetime | None]
    """When the clock last put the id into RQ; NULL wants it put there."""
    lease: Mapped[int] = mapped_column(sa.Integer)
    """Seconds."""
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    again: Mapped[bool] = mapped_column(server_default=sa.false())
    """Started once more while it ran: when it ends it is queued instead of done."""
    attempts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    """Failures since the last step that succeeded."""
    max_attempts: Mapped[int] = mapped_column(sa.Integer)
    error: Mapped[str | None]
    steps: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    created_at: Mapped[Created]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
