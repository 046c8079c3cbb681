"""Campaigns as reports need them: which mailing is whose, what they cost and when, and what keeps one from being sent."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from app.campaigns.models import Campaign, State
from app.campaigns.queries.campaigns import ACTIVE
from app.core.db import session
from app.delivery.models import Sender, SenderKind


def of_period(workspace_id: int, mailing_ids: Collection[int], low: datetime, high: datetime) -> Sequence[Campaign]:
    """Return the campaigns of these mailings, and those launched between the two moments."""
    launched = sa.and_(Campaign.launched_at >= low, Campaign.launched_at < high)
    wanted = sa.select(Campaign).where(Campaign.workspace_id == workspace_id, sa.or_(Campaign.mailing_id.in_(mailing_ids), launched))
    return session().scalars(wanted.order_by(Campaign.id)).all()


def costs(workspace_id: int, low: datetime, high: datetime) -> list[tuple[datetime, int]]:
    """Return (launched at, cost) of the campaigns launched between the two moments."""
    wanted = sa.select(Campaign.launched_at, Campaign.cost).where(Campaign.workspace_id == workspace_id, Campaign.cost > 0)
    found = session().execute(wanted.where(Campaign.launched_at >= low, Campaign.launched_at < high))
    return [(launched_at, cost) for launched_at, cost in found if launched_at is not None]


def counts(workspace_id: int) -> tuple[int, int]:
    """Return how many campaigns there are, and how many were launched."""
    wanted = sa.select(sa.func.count(), sa.func.count(Campaign.launched_at)).where(Campaign.workspace_id == workspace_id)
    found = session().execute(wanted).one()
    return found[0], found[1]


def newest_draft(workspace_id: int) -> Campaign | None:
    """Return the draft that was made last, or None."""
    wanted = sa.select(Campaign).where(Campaign.workspace_id == workspace_id, Campaign.state == State.DRAFT)
    return session().scalars(wanted.order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(1)).one_or_none()


def overdue(workspace_id: int) -> Campaign | None:
    """Return the campaign whose time passed longest ago while nobody could send, or None."""
    wanted = sa.select(Campaign).where(Campaign.workspace_id == workspace_id, Campaign.overdue, Campaign.state == State.SCHEDULED)
    return session().scalars(wanted.order_by(Campaign.scheduled_at).limit(1)).one_or_none()


def sender_in_trouble(workspace_id: int) -> Sender | None:
    """Return the sender that something waits for and that has had a problem longest, or None: the default, or one of a campaign on its way.

    What ails the operator's is not for the workspace to correct.
    """
    mine = (Sender.workspace_id == workspace_id, Sender.kind != SenderKind.SYSTEM)
    by_it = sa.exists().where(
        Campaign.workspace_id == workspace_id, Campaign.sender_id == Sender.id, Campaign.state.in_((*ACTIVE, State.SCHEDULED))
    )
    wanted = sa.select(Sender).where(*mine, Sender.problem.is_not(None), sa.or_(Sender.is_default, by_it))
    return session().scalars(wanted.order_by(Sender.problem_at).limit(1)).one_or_none()
