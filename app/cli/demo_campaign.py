"""The demo's first campaign: a template and a draft that only waits to be sent, into the sandbox, with made-up answers."""

import sqlalchemy as sa

from app.campaigns.schemas import CampaignIn
from app.campaigns.service import campaigns
from app.content import starters
from app.content.schemas import TemplateIn
from app.content.service import templates
from app.core.actor import Actor
from app.core.db import session
from app.delivery.queries import senders
from app.segments.models import Segment

NAME = "Autumn layers, first look"
_TO = ("Big spenders", "Worth winning back", "New, has not bought yet")


def make_campaign(workspace_id: int, by: Actor) -> None:
    """Make the template and the draft. The caller commits."""
    starter = next(one for one in starters.STARTERS if one.key == "news")
    words = TemplateIn(name=NAME, kind="html", subject=starter.subject, preheader=starter.preheader, body=starter.body)
    template = templates.create(workspace_id, words, by)
    sender = senders.find_default(workspace_id)
    named = sa.select(Segment.id).where(Segment.workspace_id == workspace_id, Segment.name.in_(_TO)).order_by(Segment.id)
    given = CampaignIn(
        name=NAME,
        template_id=template.id,
        sender_id=sender.id if sender else None,
        segments=list(session().scalars(named)),
        cost=24_000,
        goal=500_000,
        simulate=True,
    )
    campaigns.create(workspace_id, given, by)
