"""Consent: given or taken, per channel and topic, for one or many at once, with its trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.core.actor import Actor
from app.core.db import session
from app.core.errors import Invalid
from app.core.time import now
from app.customers.events import ConsentChanged, ConsentsChanged, CustomersChanged
from app.customers.models import Consent, ConsentLog, Customer, Kind, Topic
from app.customers.models.consent import EVERY_TOPIC
from app.customers.queries import consent as queries
from app.customers.schemas.customers import ConsentGiven
from app.customers.service.activities import Act, named_id, record_activities
from app.events.service import publish

_FEW = 100
"""Up to so many changes are told one by one; more are told as a number."""
_AHEAD = timedelta(days=1)
_ACTS = {"subscribed": Kind.SUBSCRIBED, "unsubscribed": Kind.UNSUBSCRIBED}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a customer's consent: the state before (None: never asked) and after."""

    customer_id: int
    before: str | None
    after: str


def set_consent(workspace_id: int, ids: Sequence[int], given: ConsentGiven, by: Actor, *, noted: bool = True) -> list[Change]:
    """Set the consent of these customers, log how it came about, and return whose state changed.

    What is older than the present state is logged and changes nothing. Consent needs a basis; without one it is `consent`.
    Without `noted` the caller writes the activity, because it knows more of it.
    Raises Invalid for an unknown topic or a time to come.
    """
    moment = given.occurred_at or now()
    _check(workspace_id, given, moment)
    if given.state == "subscribed" and given.basis is None:
        given = given.model_copy(update={"basis": "consent"})
    old = _lock(workspace_id, ids, given)
    if not old:
        return []
    _write(workspace_id, [i for i, row in old.items() if row is None or row.occurred_at <= moment], given, moment)
    _log(workspace_id, list(old), given, moment, by)
    changes = [
        Change(customer_id, row.state if row else None, given.state)
        for customer_id, row in old.items()
        if (row is None or row.occurred_at <= moment) and (row is None or row.state != given.state)
    ]
    if noted:
        _note(workspace_id, changes, given, moment)
    _tell(workspace_id, changes, given, moment, by)
    return changes


def note_asked(workspace_id: int, topic_id: int, ids: Sequence[int]) -> None:
    """Note that these customers were asked just now to confirm their consent to e-mail, or to one of its topics."""
    among = sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger)))
    mine = (Consent.workspace_id == workspace_id, Consent.customer_id == among, Consent.channel == "email", Consent.topic_id == topic_id)
    session().execute(sa.update(Consent).where(*mine).values(asked_at=now()).execution_options(synchronize_session=False))


def _check(workspace_id: int, given: ConsentGiven, moment: datetime) -> None:
    if given.topic_id != EVERY_TOPIC and queries.find_topic(workspace_id, given.topic_id) is None:
        raise Invalid({"topic_id": "There is no such topic."})
    if moment.tzinfo is None:
        raise Invalid({"occurred_at": "This needs a zone, such as 2026-11-21T10:50:00Z."})
    if moment > now() + _AHEAD:
        raise Invalid({"occurred_at": "This lies in the future."})


def _lock(workspace_id: int, ids: Sequence[int], given: ConsentGiven) -> dict[int, Consent | None]:
    """Return the present consent of each of `ids` who is here, held until the transaction ends."""
    among = sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger)))
    here = sa.select(Customer.id).where(Customer.workspace_id == workspace_id, Customer.id == among)
    people = session().scalars(here.order_by(Customer.id).with_for_update(read=True)).all()
    mine = (
        Consent.workspace_id == workspace_id,
        Consent.customer_id == among,
        Consent.channel == given.channel,
        Consent.topic_id == given.topic_id,
    )
    held = sa.select(Consent).where(*mine).order_by(Consent.customer_id).with_for_update().execution_options(populate_existing=True)
    found = {row.customer_id: row for row in session().scalars(held)}
    for row in found.values():
        session().expunge(row)  # it stands for how it was
    return {customer_id: found.get(customer_id) for customer_id in people}


def _write(workspace_id: int, ids: Sequence[int], given: ConsentGiven, moment: datetime) -> None:
    if not ids:
        return
    values = given.model_dump(include={"channel", "topic_id", "state", "basis", "source"}) | {"occurred_at": moment}
    rows = insert(Consent).values([{"workspace_id": workspace_id, "customer_id": customer_id, **values} for customer_id in ids])
    keep: dict[str, Any] = {name: rows.excluded[name] for name in ("state", "basis", "source", "occurred_at")}
    keep["asked_at"] = sa.case((Consent.state == rows.excluded.state, Consent.asked_at))  # who was asked for this state is not asked again
    session().execute(rows.on_conflict_do_update(index_elements=["customer_id", "channel", "topic_id"], set_=keep))


def _log(workspace_id: int, ids: Sequence[int], given: ConsentGiven, moment: datetime, by: Actor) -> None:
    values = given.model_dump(include={"channel", "topic_id", "state", "basis", "source", "wording", "address"})
    values |= {"workspace_id": workspace_id, "by": by.name, "occurred_at": moment}
    session().execute(sa.insert(ConsentLog), [{"customer_id": customer_id, **values} for customer_id in ids])


def _note(workspace_id: int, changes: Sequence[Change], given: ConsentGiven, moment: datetime) -> None:
    if given.channel == "email" and given.topic_id == EVERY_TOPIC and given.state in _ACTS:
        kind = _ACTS[given.state]
        record_activities(
            workspace_id,
            (Act(c.customer_id, kind, moment, named_id(workspace_id, "consent", c.customer_id, moment, given.state)) for c in changes),
        )


def _tell(workspace_id: int, changes: Sequence[Change], given: ConsentGiven, moment: datetime, by: Actor) -> None:
    if len(changes) > _FEW:
        publish(CustomersChanged(workspace_id, "consent", updated=len(changes)), by)
        says = (given.channel, given.topic_id, given.state, moment.isoformat())
        publish(ConsentsChanged(workspace_id, *says, updated=len(changes)), by)
        return
    for change in changes:
        publish(ConsentChanged(workspace_id, change.customer_id, given.channel, given.topic_id, given.state), by)


def create_topic(workspace_id: int, name: str, description: str | None = None) -> Topic:
    """Make a topic that people may take or leave. Raises Invalid where the name is taken."""
    if any(topic.name.lower() == name.lower() for topic in queries.list_topics(workspace_id)):
        raise Invalid({"name": "There is a topic of this name."})
    row = Topic(workspace_id=workspace_id, name=name, description=description)
    session().add(row)
    session().flush()
    return row
