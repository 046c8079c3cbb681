"""core, jobs, events: tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001_core"
down_revision = "0000_base"

MOMENT = sa.DateTime(timezone=True)
ALIVE = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    """Make the tables."""
    _job_runs()
    _outbox()
    _event_deliveries()


def downgrade() -> None:
    """Drop the tables."""
    for table in ("event_deliveries", "outbox", "job_runs"):
        op.drop_table(table)


def _job_runs() -> None:
    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("workspace_id", sa.Integer),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("args", JSONB, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("state", sa.Text, server_default="queued", nullable=False),
        sa.Column("run_after", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("enqueued_at", MOMENT),
        sa.Column("lease", sa.Integer, nullable=False),
        sa.Column("lease_token", sa.Uuid),
        sa.Column("lease_until", MOMENT),
        sa.Column("again", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("steps", sa.Integer, server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_job_runs"),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_runs_state")),
        sa.CheckConstraint("(state = 'running') = (lease_token IS NOT NULL)", name=op.f("ck_job_runs_lease")),
    )
    op.create_index("uq_job_runs_key", "job_runs", ["key"], unique=True, postgresql_where=ALIVE)
    op.create_index("ix_job_runs_due", "job_runs", ["queue", "run_after"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index("ix_job_runs_leased", "job_runs", ["lease_until"], postgresql_where=sa.text("state = 'running'"))
    op.create_index("ix_job_runs_failed", "job_runs", ["finished_at", "id"], postgresql_where=sa.text("state = 'failed'"))
    op.create_index("ix_job_runs_over", "job_runs", ["finished_at"], postgresql_where=sa.text("state IN ('done', 'cancelled')"))
    op.create_index("ix_job_runs_job_created_at", "job_runs", ["job", "created_at"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid, server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("workspace_id", sa.Integer, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("actor", JSONB),
        sa.Column("created_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("relayed_at", MOMENT),
        sa.Column("published_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_unrelayed", "outbox", ["seq"], postgresql_where=sa.text("relayed_at IS NULL"))
    op.create_index("ix_outbox_unpublished", "outbox", ["seq"], postgresql_where=sa.text("published_at IS NULL"))
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])


def _event_deliveries() -> None:
    op.create_table(
        "event_deliveries",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("handler", sa.Text, nullable=False),
        sa.Column("state", sa.Text, server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_try_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("enqueued_at", MOMENT),
        sa.Column("error", sa.Text),
        sa.Column("done_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_event_deliveries"),
        sa.ForeignKeyConstraint(["event_id"], ["outbox.id"], name="fk_event_deliveries_event_id", ondelete="CASCADE"),
        sa.UniqueConstraint("event_id", "handler", name="uq_event_deliveries_event_id_handler"),
        sa.CheckConstraint("state IN ('queued', 'done', 'failed', 'discarded')", name=op.f("ck_event_deliveries_state")),
    )
    op.create_index("ix_event_deliveries_due", "event_deliveries", ["next_try_at"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index("ix_event_deliveries_failed", "event_deliveries", ["id"], postgresql_where=sa.text("state = 'failed'"))
