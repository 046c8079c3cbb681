"""Tables: templates and their versions."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigId, Created, Model, Tenant


class TemplateKind(StrEnum):
    """How the words are written."""

    HTML = "html"
    MARKDOWN = "markdown"


class Template(Tenant, Model):
    """A mail's words under a name. `version` is the number of the newest one; `archived_at`: not offered any more."""

    __tablename__ = "templates"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.Index("uq_templates_name", "workspace_id", sa.text("lower(name)"), unique=True, postgresql_where=sa.text("archived_at IS NULL")),
        sa.CheckConstraint("kind IN ('html', 'markdown')", name="kind"),
    )
    noun = "template"
    id: Mapped[BigId]
    name: Mapped[str]
    kind: Mapped[str]
    version: Mapped[int] = mapped_column(sa.Integer, default=1, server_default="1")
    archived_at: Mapped[datetime | None]
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class TemplateVersion(Tenant, Model):
    """What a template said at one time. Never changed. `text` None: made from the body."""

    __tablename__ = "template_versions"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "template_id"], ["templates.workspace_id", "templates.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("workspace_id", "template_id", "number"),
    )
    noun = "version"
    id: Mapped[BigId]
    template_id: Mapped[int]
    number: Mapped[int] = mapped_column(sa.Integer)
    subject: Mapped[str]
    preheader: Mapped[str] = mapped_column(default="", server_default="")
    body: Mapped[str]
    text: Mapped[str | None]
    by: Mapped[str]
    created_at: Mapped[Created]
