"""customers: tables."""

revision = "0003_customers"
down_revision = "0002_access"


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Drop the tables."""
