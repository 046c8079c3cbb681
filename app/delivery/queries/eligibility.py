"""Who may be written to: one expression for the check before launch, the freeze, and each claim."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core.db import session
from app.customers.models import Consent, Customer, Suppression
from app.customers.models.consent import EVERY_TOPIC
from app.delivery.models import Skip


def people(workspace_id: int, ids: sa.Select[Any], topic_id: int) -> sa.Select[Any]:
    """Select (id, address, reason) of those customers of the workspace whose id is in `ids` (one column); reason None: may be written to.

    A channel left or a topic left is a no. A yes to the channel, or to the topic itself, is a yes; anything else is no consent.
    """
    wanted = ids.subquery()
    channel, topic = aliased(Consent), aliased(Consent)
    of_channel = sa.and_(
        channel.workspace_id == workspace_id,
        channel.customer_id == Customer.id,
        channel.channel == "email",
        channel.topic_id == EVERY_TOPIC,
    )
    of_topic = sa.and_(
        topic.workspace_id == workspace_id, topic.customer_id == Customer.id, topic.channel == "email", topic.topic_id == topic_id
    )
    barred = sa.and_(Suppression.workspace_id == workspace_id, Suppression.email == sa.func.lower(Customer.email))
    states = [channel.state, topic.state] if topic_id != EVERY_TOPIC else [channel.state]
    reason = sa.case(
        (Customer.email.is_(None), Skip.NO_ADDRESS),
        (Suppression.id.is_not(None), Skip.SUPPRESSED),
        (sa.or_(*(state == "unsubscribed" for state in states)), Skip.UNSUBSCRIBED),
        (sa.or_(*(state == "subscribed" for state in states)), None),
        else_=Skip.NO_CONSENT,
    )
    joined = wanted.join(Customer, sa.and_(Customer.workspace_id == workspace_id, Customer.id == wanted.c[0]))
    joined = joined.outerjoin(channel, of_channel)
    if topic_id != EVERY_TOPIC:
        joined = joined.outerjoin(topic, of_topic)
    joined = joined.outerjoin(Suppression, barred)
    picked: tuple[Any, ...] = (Customer.id, Customer.email.label("address"), sa.cast(reason, sa.Text).label("reason"))
    return sa.select(*picked).select_from(joined)


def count(workspace_id: int, ids: sa.Select[Any], topic_id: int) -> dict[str | None, int]:
    """Count those customers by reason; None: will receive."""
    found = people(workspace_id, ids, topic_id).subquery()
    rows = session().execute(sa.select(found.c.reason, sa.func.count()).group_by(found.c.reason))
    return {row[0]: row[1] for row in rows}
