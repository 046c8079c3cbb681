"""Tables: workspaces and brands."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant

CONVERSION_DAYS = 7
"""Days after a click within which an order is credited to it, unless the workspace says otherwise."""


class Workspace(Model):
    """A tenant. `sandbox` is for life: simulated and real data never meet."""

    __tablename__ = "workspaces"
    noun = "workspace"
    id: Mapped[int] = mapped_column(sa.Integer, sa.Identity(), primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    sandbox: Mapped[bool] = mapped_column(default=False)
    currency: Mapped[str] = mapped_column(default="USD")
    zone: Mapped[str] = mapped_column(default="UTC")
    locale: Mapped[str] = mapped_column(default="en")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    created_at: Mapped[Created]

    @property
    def conversion_days(self) -> int:
        """Days after a click within which an order is credited to it."""
        return int(self.settings.get("conversion_days", CONVERSION_DAYS))

    @conversion_days.setter
    def conversion_days(self, days: int) -> None:
        self.settings = self.settings | {"conversion_days": days}


class Brand(Tenant, Model):
    """A face of the company: what mail and pages show as sender."""

    __tablename__ = "brands"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.Index("uq_brands_name", "workspace_id", sa.text("lower(name)"), unique=True),
    )
    noun = "brand"
    id: Mapped[BigId]
    name: Mapped[str]
    colour: Mapped[str | None]
    accent: Mapped[str | None]
    logo_file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("files.id", ondelete="SET NULL"))
    from_name: Mapped[str | None]
    from_email: Mapped[str | None]
    reply_to: Mapped[str | None]
    postal_address: Mapped[str | None]
    zone: Mapped[str | None]
    currency: Mapped[str | None]
    created_at: Mapped[Created]
