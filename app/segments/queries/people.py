"""One customer with all that a tree looks at, for *why in, why out*."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from app.core.db import get, session
from app.customers.models import Activity, Consent, Customer, CustomerStats
from app.customers.models.consent import EVERY_TOPIC
from app.customers.queries.find import search
from app.segments import nodes
from app.segments.evaluate import Act, Person
from app.segments.intervals import of_activities
from app.segments.queries.members import segments_of
from app.segments.vocabulary import Moment

MOST_ACTS = 20_000


def person(workspace_id: int, customer_id: int, node: nodes.Node, moment: Moment) -> tuple[Customer, Person]:
    """Return a customer, and the same as the evaluator sees them. Raises NotFound."""
    row = get(Customer, workspace_id, customer_id)
    parts = list(nodes.walk(node))
    mine = (Consent.workspace_id == workspace_id, Consent.customer_id == customer_id, Consent.topic_id == EVERY_TOPIC)
    consents = session().execute(sa.select(Consent.channel, Consent.state).where(*mine))
    return row, Person(
        profile={column.name: getattr(row, column.name) for column in Customer.__table__.columns},
        attributes=row.attributes,
        tags=row.tags,
        stats=_stats(workspace_id, customer_id),
        consents={found.channel: found.state for found in consents},
        activities=_acts(workspace_id, customer_id, [part for part in parts if isinstance(part, nodes.ActivityTest)], moment),
        segments=segments_of([part.segment for part in parts if isinstance(part, nodes.MemberTest)], customer_id),
    )


def _stats(workspace_id: int, customer_id: int) -> dict[str, Any]:
    mine = (CustomerStats.workspace_id == workspace_id, CustomerStats.customer_id == customer_id)
    found = session().execute(sa.select(CustomerStats.__table__).where(*mine)).mappings().one_or_none()
    return dict(found) if found else {}


def _acts(workspace_id: int, customer_id: int, tests: Collection[nodes.ActivityTest], moment: Moment) -> tuple[Act, ...]:
    """Return the acts that any of the rules may count: of their kinds, from the earliest of their windows on."""
    if not tests:
        return ()
    wanted = sa.select(Activity.kind, Activity.occurred_at, Activity.source_id, Activity.data).where(
        Activity.workspace_id == workspace_id, Activity.customer_id == customer_id, Activity.kind.in_({test.kind.id for test in tests})
    )
    begins = [of_activities(test, moment).low for test in tests]
    if None not in begins:
        wanted = wanted.where(Activity.occurred_at >= min(begin for begin in begins if begin is not None))
    rows = session().execute(wanted.order_by(Activity.occurred_at.desc()).limit(MOST_ACTS))
    return tuple(Act(row.kind, row.occurred_at, row.source_id, row.data) for row in rows)


def look_up(workspace_id: int, words: str, limit: int = 5) -> Sequence[Customer]:
    """Return the customers whom a search by name, address or id finds, oldest first."""
    mine = sa.select(Customer).where(Customer.workspace_id == workspace_id)
    for word in search(words):
        mine = mine.where(word)
    return session().scalars(mine.order_by(Customer.id).limit(limit)).all()
