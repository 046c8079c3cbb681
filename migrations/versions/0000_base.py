"""base: workspaces (everything refers to them), files, idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0000_base"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "workspaces",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("sandbox", sa.Boolean, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("settings", JSONB, nullable=False, server_default="{}"),
        _created(),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
        sa.UniqueConstraint("slug", name="uq_workspaces_slug"),
    )
    _files()
    op.create_table(
        "idempotency_keys",
        _workspace("idempotency_keys"),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("content_type", sa.Text),
        sa.Column("body", sa.LargeBinary),
        _created(),
        sa.PrimaryKeyConstraint("workspace_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        _workspace("files"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("ready", sa.Boolean, nullable=False),
        _created(),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_workspace_id_created_at", "files", ["workspace_id", "created_at"])
    op.create_table(
        "file_chunks",
        sa.Column("file_id", sa.BigInteger, sa.ForeignKey("files.id", ondelete="CASCADE", name="fk_file_chunks_file_id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("file_id", "number", name="pk_file_chunks"),
    )
    op.execute("alter table file_chunks alter column data set storage external")  # most uploads do not compress worth the time


def _workspace(table: str) -> sa.Column[int]:
    key = sa.ForeignKey("workspaces.id", ondelete="CASCADE", name=f"fk_{table}_workspace_id")
    return sa.Column("workspace_id", sa.Integer, key, nullable=False)


def _created() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def downgrade() -> None:
    """Drop the tables."""
    for table in ("idempotency_keys", "file_chunks", "files", "workspaces"):
        op.drop_table(table)
