"""Tables: what is computed in the background and kept."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model, Tenant


class SegmentResult(Tenant, Model):
    """What mail to the present members of a segment brought in the last `days`; `revenue` in minor units. People, not hits."""

    __tablename__ = "segment_results"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "segment_id"], ["segments.workspace_id", "segments.id"], ondelete="CASCADE"),
        sa.Index("ix_segment_results_workspace", "workspace_id", "days"),
    )
    segment_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    days: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    members: Mapped[int]
    sent: Mapped[int]
    delivered: Mapped[int]
    opened: Mapped[int]
    clicked: Mapped[int]
    ordered: Mapped[int]
    revenue: Mapped[int]
    computed_at: Mapped[datetime]
