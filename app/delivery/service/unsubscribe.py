"""Unsubscribing by a link of a message, and taking that back. All of it stands in PostgreSQL before the answer leaves."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.db import session
from app.core.time import now
from app.customers.models import Kind
from app.customers.models.consent import EVERY_TOPIC
from app.customers.schemas.customers import ConsentGiven
from app.customers.service.activities import Act, record_activities
from app.customers.service.consent import set_consent
from app.delivery.events import CustomerUnsubscribed
from app.delivery.models import Message
from app.delivery.queries.readers import Reader, last_unsubscribed, left
from app.delivery.service.tallies import add_hours
from app.events.service import publish

SOURCE = "unsubscribe link"
_ACTOR = Actor.system("Unsubscribe link")


def unsubscribe(reader: Reader, topic_id: int, address: str | None, wording: str) -> bool:
    """Unsubscribe the reader from a topic, or from all mail (EVERY_TOPIC); False if that was so already. `address`: the caller's."""
    if reader.customer_id is None or {topic_id, EVERY_TOPIC} & left(reader):
        return False
    moment = now()
    changes = _set(reader, topic_id, "unsubscribed", (address, wording, moment))
    if not changes:
        return False
    data = {"message": reader.message_id, "topic": topic_id, "before": changes[0].before}
    record_activities(reader.workspace_id, [_act(reader, Kind.UNSUBSCRIBED, moment, data)])
    _flag(reader, moment)
    publish(CustomerUnsubscribed(reader.workspace_id, reader.customer_id, reader.mailing_id, topic_id), _ACTOR)
    return True


def take_back(reader: Reader, address: str | None, wording: str) -> bool:
    """Undo what this message's link did: consent is again as it was before; False if there is nothing to undo."""
    gone = left(reader) if reader.customer_id is not None else set()
    topic_id = EVERY_TOPIC if EVERY_TOPIC in gone else reader.topic_id
    act = last_unsubscribed(reader, topic_id) if topic_id in gone else None
    if act is None:
        return False
    moment = now()
    # Who never answered for all mail, and left it by a topic's message, waits for a question again: that lets the topic's mail through.
    before = (act.data or {}).get("before") or "pending"
    _set(reader, topic_id, before, (address, wording, moment))
    if before == "subscribed":
        record_activities(reader.workspace_id, [_act(reader, Kind.SUBSCRIBED, moment, {"message": reader.message_id, "topic": topic_id})])
    if not left(reader):
        _flag(reader, None)
    return True


def _set(reader: Reader, topic_id: int, state: Any, told: tuple[str | None, str, datetime]) -> Any:
    address, wording, moment = told
    given = ConsentGiven(topic_id=topic_id, state=state, source=SOURCE, wording=wording, address=address, occurred_at=moment)
    return set_consent(reader.workspace_id, [reader.customer_id or 0], given, _ACTOR, noted=False)


def _act(reader: Reader, kind: Kind, moment: datetime, data: dict[str, Any]) -> Act:
    return Act(reader.customer_id or 0, kind, moment, uuid4(), reader.source_id, data)


def _flag(reader: Reader, moment: datetime | None) -> None:
    """Note on the message that its reader unsubscribed (None: did not, after all), and move the figure."""
    differs = Message.unsubscribed_at.is_(None) if moment else Message.unsubscribed_at.is_not(None)
    mine = (Message.workspace_id == reader.workspace_id, Message.id == reader.message_id, differs)
    flagged = sa.update(Message).where(*mine).values(unsubscribed_at=moment).returning(Message.sent_at)
    row = session().execute(flagged.execution_options(synchronize_session=False)).one_or_none()
    if row is not None and row.sent_at is not None:
        hour = row.sent_at.replace(minute=0, second=0, microsecond=0)
        add_hours(reader.workspace_id, {(reader.mailing_id, hour): {"unsubscribed": 1 if moment else -1}})
