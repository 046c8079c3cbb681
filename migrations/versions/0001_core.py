"""core, jobs, events: tables."""

revision = "0001_core"
down_revision = None


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Drop the tables."""
