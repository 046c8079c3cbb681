"""Reads of consent, topics and suppressions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.core.db import after, decode_cursor, encode_cursor, find, session
from app.customers.models import Consent, ConsentLog, Customer, Suppression, Topic
from app.customers.models.consent import CHANNELS, EVERY_TOPIC, UNASKED, import_source
from app.customers.schemas.suppressions import SuppressionQuery


@dataclass(frozen=True, slots=True)
class Standing:
    """How a customer stands to a channel or one of its topics; `last` is the newest entry of the log about it, `row` None: never asked."""

    channel: str
    topic: Topic | None
    row: Consent | None
    last: ConsentLog | None


def list_topics(workspace_id: int) -> Sequence[Topic]:
    """Return the topics by name."""
    return session().scalars(sa.select(Topic).where(Topic.workspace_id == workspace_id).order_by(sa.func.lower(Topic.name), Topic.id)).all()


def find_topic(workspace_id: int, topic_id: int) -> Topic | None:
    """Return a topic, or None."""
    return find(Topic, workspace_id, topic_id)


def standings(workspace_id: int, customer_id: int) -> list[Standing]:
    """Return how a customer stands to every channel, and to each topic they were asked about."""
    rows = {(row.channel, row.topic_id): row for row in _of(workspace_id, customer_id)}
    topics = {topic.id: topic for topic in list_topics(workspace_id)}
    newest: dict[tuple[str, int], ConsentLog] = {}
    for entry in list_log(workspace_id, customer_id):
        newest.setdefault((entry.channel, entry.topic_id), entry)
    places: list[tuple[str, int]] = []
    for channel in CHANNELS:
        asked = sorted(topic_id for of, topic_id in rows if of == channel and topic_id in topics)
        if channel in ("email", "sms") or (channel, EVERY_TOPIC) in rows or asked:
            places += [(channel, EVERY_TOPIC), *((channel, topic_id) for topic_id in asked)]
    return [Standing(place[0], topics.get(place[1]), rows.get(place), newest.get(place)) for place in places]


def _of(workspace_id: int, customer_id: int) -> Sequence[Consent]:
    return session().scalars(sa.select(Consent).where(Consent.workspace_id == workspace_id, Consent.customer_id == customer_id)).all()


def list_log(workspace_id: int, customer_id: int, limit: int = 200) -> Sequence[ConsentLog]:
    """Return the newest entries of a customer's consent history, newest first."""
    mine = (ConsentLog.workspace_id == workspace_id, ConsentLog.customer_id == customer_id)
    query = sa.select(ConsentLog).where(*mine).order_by(ConsentLog.occurred_at.desc(), ConsentLog.id.desc()).limit(limit)
    return session().scalars(query).all()


def list_suppressions(workspace_id: int, query: SuppressionQuery) -> tuple[Sequence[Suppression], str | None]:
    """Return a page of suppressions, newest first, and the cursor of the next."""
    statement = sa.select(Suppression).where(Suppression.workspace_id == workspace_id)
    if query.reason:
        statement = statement.where(Suppression.reason == query.reason)
    if query.q:
        plain = query.q.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        statement = statement.where(Suppression.email.like(f"{plain}%"))
    if query.cursor:
        place = decode_cursor(query.cursor, (datetime, int))
        statement = statement.where(after([(Suppression.created_at, True), (Suppression.id, True)], place))
    rows = session().scalars(statement.order_by(Suppression.created_at.desc(), Suppression.id.desc()).limit(query.limit + 1)).all()
    page = rows[: query.limit]
    return page, encode_cursor((page[-1].created_at, page[-1].id)) if len(rows) > query.limit else None


def suppressed(workspace_id: int, emails: Sequence[str]) -> dict[str, Suppression]:
    """Return which of these addresses (in small letters) are suppressed."""
    query = sa.select(Suppression).where(Suppression.workspace_id == workspace_id, Suppression.email.in_(emails))
    return {row.email: row for row in session().scalars(query)}


def suppression_counts(workspace_id: int) -> dict[str, int]:
    """Return how many addresses are suppressed, by reason."""
    query = sa.select(Suppression.reason, sa.func.count()).where(Suppression.workspace_id == workspace_id).group_by(Suppression.reason)
    return {row[0]: row[1] for row in session().execute(query)}


def topic_counts(workspace_id: int) -> dict[int, int]:
    """Return how many people take each topic, over all channels."""
    asked = (Consent.workspace_id == workspace_id, Consent.topic_id != EVERY_TOPIC, Consent.state == "subscribed")
    query = sa.select(Consent.topic_id, sa.func.count(sa.distinct(Consent.customer_id))).where(*asked).group_by(Consent.topic_id)
    return {row[0]: row[1] for row in session().execute(query)}


def count_unasked(workspace_id: int, import_id: int) -> int:
    """Return how many whom a file brought are still to be asked for their consent: with an address that is not suppressed."""
    barred = sa.exists().where(Suppression.workspace_id == workspace_id, Suppression.email == sa.func.lower(Customer.email))
    brought = (Consent.workspace_id == workspace_id, Consent.source == import_source(import_id), sa.text(UNASKED))
    people = sa.select(sa.func.count()).select_from(Consent).join(Customer, Customer.id == Consent.customer_id)
    return session().scalar(people.where(*brought, Customer.workspace_id == workspace_id, Customer.email.is_not(None), ~barred)) or 0
