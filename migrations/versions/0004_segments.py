"""segments: tables."""

revision = "0004_segments"
down_revision = "0003_customers"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Drop the tables."""
