"""core, jobs, events: tables."""

revision = "0001_core"
down_revision = "0000_base"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Drop the tables."""
