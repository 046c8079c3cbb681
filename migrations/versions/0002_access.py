"""audit, workspaces, auth: tables."""

revision = "0002_access"
down_revision = "0001_core"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Drop the tables."""
