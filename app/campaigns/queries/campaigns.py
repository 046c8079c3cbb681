"""Campaigns themselves: lists, counts by state, names, and what each goes to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.campaigns.models import Campaign, CampaignCustomer, CampaignSegment, State
from app.campaigns.schemas import CampaignQuery
from app.content.models import Template, TemplateVersion
from app.core.db import after, any_workspace, decode_cursor, encode_cursor, find, get, session
from app.core.registry import Use
from app.customers.models import Customer, Topic
from app.delivery.models import MailingContent, MailingLink, Sender
from app.segments.models import Segment

ACTIVE = (State.LAUNCHING, State.SENDING, State.PAUSED)
"""On its way, or stopped on it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A segment that a campaign names."""

    segment: Segment
    excluded: bool


def get_campaign(workspace_id: int, campaign_id: int) -> Campaign:
    """Return a campaign. Raises NotFound."""
    return get(Campaign, workspace_id, campaign_id)


def page(workspace_id: int, query: CampaignQuery) -> tuple[Sequence[Campaign], str | None]:
    """Return campaigns, newest first, and the cursor of the next page."""
    wanted = sa.select(Campaign).where(Campaign.workspace_id == workspace_id)
    if query.state == "active":
        wanted = wanted.where(Campaign.state.in_(ACTIVE))
    elif query.state:
        wanted = wanted.where(Campaign.state == query.state)
    if query.search:
        wanted = wanted.where(sa.func.lower(Campaign.name).contains(query.search.lower(), autoescape=True))
    if query.cursor:
        place = decode_cursor(query.cursor, [datetime, int])
        wanted = wanted.where(after([(Campaign.created_at, True), (Campaign.id, True)], place))
    rows = session().scalars(wanted.order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(query.limit + 1)).all()
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    return rows[: query.limit], encode_cursor([last.created_at, last.id]) if last else None


def states(workspace_id: int) -> dict[str, int]:
    """Return how many campaigns stand in each state."""
    counted = sa.select(Campaign.state, sa.func.count()).where(Campaign.workspace_id == workspace_id)
    return {row[0]: row[1] for row in session().execute(counted.group_by(Campaign.state))}


def named_like(workspace_id: int, words: str, limit: int = 5) -> Sequence[Campaign]:
    """Return campaigns with these letters in their name, newest first, for the search over everything."""
    wanted = sa.select(Campaign).where(Campaign.workspace_id == workspace_id)
    found = wanted.where(sa.func.lower(Campaign.name).contains(words.lower(), autoescape=True))
    return session().scalars(found.order_by(Campaign.created_at.desc()).limit(limit)).all()


def targets(workspace_id: int, campaign_ids: Collection[int]) -> dict[int, list[Target]]:
    """Return the segments that each of these campaigns names, by name."""
    wanted = (
        sa.select(CampaignSegment.campaign_id, CampaignSegment.excluded, Segment)
        .join(Segment, Segment.id == CampaignSegment.segment_id)
        .where(CampaignSegment.workspace_id == workspace_id, Segment.workspace_id == workspace_id)
        .where(CampaignSegment.campaign_id.in_(campaign_ids))
        .order_by(sa.func.lower(Segment.name), Segment.id)
    )
    found: dict[int, list[Target]] = {ident: [] for ident in campaign_ids}
    for campaign_id, excluded, segment in session().execute(wanted):
        found[campaign_id].append(Target(segment, excluded))
    return found


def named_customers(workspace_id: int, campaign_ids: Collection[int]) -> dict[int, int]:
    """Return how many customers each of these campaigns names one by one."""
    counted = sa.select(CampaignCustomer.campaign_id, sa.func.count()).where(
        CampaignCustomer.workspace_id == workspace_id, CampaignCustomer.campaign_id.in_(campaign_ids)
    )
    return {row[0]: row[1] for row in session().execute(counted.group_by(CampaignCustomer.campaign_id))}


def customers_of(workspace_id: int, campaign_id: int) -> Sequence[int]:
    """Return the ids of the customers a campaign names one by one."""
    mine = (CampaignCustomer.workspace_id == workspace_id, CampaignCustomer.campaign_id == campaign_id)
    return session().scalars(sa.select(CampaignCustomer.customer_id).where(*mine).order_by(CampaignCustomer.customer_id)).all()


def by_mailing(workspace_id: int, mailing_id: int) -> Campaign | None:
    """Return the campaign that a mailing belongs to, held until the transaction ends; None: it belongs to something else."""
    wanted = sa.select(Campaign).where(Campaign.workspace_id == workspace_id, Campaign.mailing_id == mailing_id)
    return session().scalars(wanted.with_for_update().execution_options(populate_existing=True)).one_or_none()


def due(at: datetime) -> Campaign | None:
    """Return a campaign of any workspace whose time has come, held until the transaction ends.

    Those that failed come last, each in its turn, so that none of them holds up others.
    """
    wanted = sa.select(Campaign).where(Campaign.state == State.SCHEDULED, Campaign.scheduled_at <= at, Campaign.overdue.is_(False))
    failed = Campaign.problem.is_not(None)
    turn = sa.case((failed, Campaign.updated_at), else_=Campaign.scheduled_at)
    held = wanted.order_by(failed, turn, Campaign.id).limit(1).with_for_update(skip_locked=True)
    return session().scalars(any_workspace(held.execution_options(populate_existing=True))).one_or_none()


def sending() -> Sequence[Campaign]:
    """Return the campaigns of all workspaces that are sending now."""
    return session().scalars(any_workspace(sa.select(Campaign).where(Campaign.state == State.SENDING))).all()


def using(workspace_id: int, segment_id: int) -> list[Use]:
    """Return the campaigns that go to a segment or leave it out, newest first; also those that are over, whose audience it tells."""
    wanted = (
        sa.select(Campaign)
        .join(CampaignSegment, CampaignSegment.campaign_id == Campaign.id)
        .where(Campaign.workspace_id == workspace_id, CampaignSegment.workspace_id == workspace_id)
        .where(CampaignSegment.segment_id == segment_id)
        .order_by(Campaign.created_at.desc())
    )
    return [Use(f"the campaign “{row.name}”", f"/campaigns/{row.id}") for row in session().scalars(wanted)]


def has_amounts(workspace_id: int) -> bool:
    """Tell whether a campaign has a cost or a goal."""
    counts = sa.or_(Campaign.cost > 0, Campaign.goal.is_not(None))
    return bool(session().scalar(sa.select(sa.exists().where(Campaign.workspace_id == workspace_id, counts))))


def all_segments(workspace_id: int) -> Sequence[Segment]:
    """Return the segments to choose from, by name (a workspace has a thousand at most)."""
    return session().scalars(sa.select(Segment).where(Segment.workspace_id == workspace_id).order_by(sa.func.lower(Segment.name))).all()


def topics(workspace_id: int) -> Sequence[Topic]:
    """Return the topics to choose from, by name."""
    return session().scalars(sa.select(Topic).where(Topic.workspace_id == workspace_id).order_by(sa.func.lower(Topic.name))).all()


def templates(workspace_id: int) -> Sequence[Template]:
    """Return the templates to choose from, last changed first."""
    mine = (Template.workspace_id == workspace_id, Template.archived_at.is_(None))
    return session().scalars(sa.select(Template).where(*mine).order_by(Template.updated_at.desc()).limit(500)).all()


def template_words(workspace_id: int, template_id: int, number: int | None = None) -> TemplateVersion | None:
    """Return a version of a template, the newest unless a number is said."""
    mine = [TemplateVersion.workspace_id == workspace_id, TemplateVersion.template_id == template_id]
    if number is not None:
        mine.append(TemplateVersion.number == number)
    return session().scalars(sa.select(TemplateVersion).where(*mine).order_by(TemplateVersion.number.desc()).limit(1)).one_or_none()


def sender_of(campaign: Campaign) -> Sender | None:
    """Return a campaign's sender, also one that was put away since."""
    return find(Sender, campaign.workspace_id, campaign.sender_id) if campaign.sender_id else None


def people_lines(workspace_id: int, campaign_id: int) -> list[str]:
    """Return the customers a campaign names one by one as a person would write them: address, external id or number."""
    mine = sa.and_(CampaignCustomer.workspace_id == workspace_id, CampaignCustomer.campaign_id == campaign_id)
    wanted = sa.select(Customer).join(CampaignCustomer, sa.and_(mine, CampaignCustomer.customer_id == Customer.id))
    rows = session().scalars(wanted.where(Customer.workspace_id == workspace_id).order_by(Customer.id))
    return [row.email or row.external_id or str(row.id) for row in rows]


def frozen(campaign: Campaign) -> tuple[MailingContent | None, Sequence[MailingLink]]:
    """Return the words of a campaign as they were at launch, and its links by position; nothing before the mailing is made."""
    if campaign.mailing_id is None:
        return None, []
    words = sa.select(MailingContent).where(
        MailingContent.workspace_id == campaign.workspace_id, MailingContent.mailing_id == campaign.mailing_id, MailingContent.variant == 0
    )
    links = sa.select(MailingLink).where(
        MailingLink.workspace_id == campaign.workspace_id, MailingLink.mailing_id == campaign.mailing_id, MailingLink.variant == 0
    )
    return session().scalars(words).one_or_none(), session().scalars(links.order_by(MailingLink.position)).all()


def topic_name(campaign: Campaign) -> str | None:
    """Return the name of a campaign's topic; None: mail as a whole."""
    row = find(Topic, campaign.workspace_id, campaign.topic_id) if campaign.topic_id else None
    return row.name if row else None
