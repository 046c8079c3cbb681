"""segments: who fits which rules, who came and went, how far the news has been read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004_segments"
down_revision = "0003_customers"

FORGET = """
create function segments_forget() returns trigger language plpgsql as $$
begin
  delete from segment_members m using gone where m.segment_id = gone.id;
  delete from segment_moves m using gone where m.segment_id = gone.id;
  return null;
end $$
"""  # one statement for a million members; a foreign key would be asked once per row, at insert and at delete


def upgrade() -> None:
    """Make the tables."""
    _segments()
    _members()
    op.execute(FORGET)
    op.execute(
        "create trigger segments_forget after delete on segments referencing old table as gone "
        "for each statement execute function segments_forget()"
    )
    _links()
    op.create_table(
        "segment_cursors",
        _workspace("segment_cursors"),
        sa.Column("xid", sa.Text, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whole_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_segment_cursors"),
    )


def _segments() -> None:
    op.create_table(
        "segments",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        _workspace("segments"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("kind", sa.Text, nullable=False, server_default="dynamic"),
        sa.Column("criteria", JSONB),
        sa.Column("reads", ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("follows_time", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("members", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("filled_at", sa.DateTime(timezone=True)),
        sa.Column("refreshed_at", sa.DateTime(timezone=True)),
        sa.Column("took_ms", sa.Integer),
        sa.Column("problem", sa.Text),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        _now("created_at"),
        _now("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.UniqueConstraint("workspace_id", "id", name="uq_segments_workspace_id_id"),
        sa.CheckConstraint("kind IN ('dynamic', 'static')", name="ck_segments_kind"),
        sa.CheckConstraint("(kind = 'dynamic') = (criteria IS NOT NULL)", name="ck_segments_criteria"),
    )
    op.create_index("uq_segments_name", "segments", ["workspace_id", sa.text("lower(name)")], unique=True)


def _members() -> None:
    op.create_table(
        "segment_members",
        sa.Column("segment_id", sa.BigInteger, nullable=False),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "customer_id", name="pk_segment_members"),
    )
    op.create_table(
        "segment_moves",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("segment_id", sa.BigInteger, nullable=False),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("entered", sa.Boolean, nullable=False),
        sa.Column("cause", sa.SmallInteger, nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segment_moves"),
    )
    op.create_index("ix_segment_moves_segment", "segment_moves", ["segment_id", "moved_at"])
    op.create_index("ix_segment_moves_customer", "segment_moves", ["customer_id", "moved_at"])
    op.create_table(
        "segment_counts",
        _segment("segment_counts"),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("members", sa.BigInteger, nullable=False),
        sa.Column("entered", sa.BigInteger, nullable=False),
        sa.Column("left", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "hour", name="pk_segment_counts"),
    )


def _links() -> None:
    op.create_table(
        "segment_links",
        _workspace("segment_links"),
        sa.Column("segment_id", sa.BigInteger, nullable=False),
        sa.Column("names_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "names_id", name="pk_segment_links"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "segment_id"],
            ["segments.workspace_id", "segments.id"],
            name="fk_segment_links_workspace_id_segment_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "names_id"], ["segments.workspace_id", "segments.id"], name="fk_segment_links_workspace_id_names_id"
        ),
    )
    op.create_index("ix_segment_links_names", "segment_links", ["workspace_id", "names_id"])


def _segment(table: str) -> sa.Column[int]:
    key = sa.ForeignKey("segments.id", ondelete="CASCADE", name=f"fk_{table}_segment_id")
    return sa.Column("segment_id", sa.BigInteger, key, nullable=False)


def _workspace(table: str) -> sa.Column[int]:
    key = sa.ForeignKey("workspaces.id", ondelete="CASCADE", name=f"fk_{table}_workspace_id")
    return sa.Column("workspace_id", sa.Integer, key, nullable=False)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def downgrade() -> None:
    """Drop the tables."""
    for table in ("segment_cursors", "segment_links", "segment_counts", "segment_moves", "segment_members", "segments"):
        op.drop_table(table)
    op.execute("drop function segments_forget()")
