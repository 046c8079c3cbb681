"""analytics: what is computed in the background and kept."""

from alembic import op

revision = "0008_analytics"
down_revision = "0007_campaigns"

TABLES = (
    """
    create table segment_results (
        segment_id bigint not null,
        days smallint not null,
        members bigint not null,
        sent bigint not null,
        delivered bigint not null,
        opened bigint not null,
        clicked bigint not null,
        ordered bigint not null,
        revenue bigint not null,
        computed_at timestamptz not null,
        workspace_id integer not null,
        constraint pk_segment_results primary key (segment_id, days),
        constraint fk_segment_results_workspace_id_segment_id
            foreign key(workspace_id, segment_id) references segments (workspace_id, id) on delete cascade,
        constraint fk_segment_results_workspace_id foreign key(workspace_id) references workspaces (id) on delete cascade
    )
    """,
)
INDEXES = ("create index ix_segment_results_workspace on segment_results (workspace_id, days)",)


def upgrade() -> None:
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)


def downgrade() -> None:
    for table in ("segment_results",):
        op.execute(f"drop table {table}")
