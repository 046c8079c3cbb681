"""Finding customers by what they are known by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.db import session
from app.core.errors import NotFound
from app.customers.models import Consent, Customer
from app.customers.models.consent import EVERY_TOPIC
from app.customers.queries.lists import Row, load

NO_ONE = "There is no such customer."


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody outside knows a customer by: one of these."""

    id: int | None = None
    external_id: str | None = None
    email: str | None = None


def get_row(workspace_id: int, customer_id: int) -> Row:
    """Return a customer with computed figures, e-mail consent and suppression. Raises NotFound."""
    rows = load(workspace_id, [customer_id]) if 0 < customer_id < 2**63 else []
    if not rows:
        raise NotFound(Customer.noun)
    return rows[0]


def resolve(workspace_id: int, known: Sequence[Known]) -> list[int | None]:
    """Return the id of each, None for whom nobody is; by at most three statements."""
    columns: list[tuple[str, Any, Any]] = [
        ("id", Customer.id, sa.BigInteger),
        ("external_id", Customer.external_id, sa.Text),
        ("email", sa.func.lower(Customer.email), sa.Text),
    ]
    found = {name: _ids(workspace_id, column, kind, (getattr(k, name) for k in known)) for name, column, kind in columns}
    return [_first(k, found) for k in known]


def _first(known: Known, found: dict[str, dict[Any, int]]) -> int | None:
    for name in ("id", "external_id", "email"):
        value = getattr(known, name)
        if value is not None:
            return found[name].get(value)
    return None


def _ids(workspace_id: int, column: Any, kind: Any, values: Iterable[Any]) -> dict[Any, int]:
    wanted = {value for value in values if value is not None}
    if not wanted:
        return {}
    among = column == sa.any_(sa.literal(sorted(wanted), ARRAY(kind)))
    rows = session().execute(sa.select(column, Customer.id).where(Customer.workspace_id == workspace_id, among))
    return {row[0]: row[1] for row in rows}


def consents_of(workspace_id: int, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the state of each channel as a whole, by customer."""
    found: dict[int, dict[str, str]] = {}
    query = sa.select(Consent.customer_id, Consent.channel, Consent.state).where(
        Consent.workspace_id == workspace_id, Consent.customer_id.in_(ids), Consent.topic_id == EVERY_TOPIC
    )
    for customer_id, channel, state in session().execute(query.order_by(Consent.channel)):
        found.setdefault(customer_id, {})[channel] = state
    return found


def holder(workspace_id: int, **key: str) -> Customer | None:
    """Return who has this email or external_id."""
    (name, value), *_ = key.items()
    column = sa.func.lower(Customer.email) if name == "email" else Customer.external_id
    return session().scalars(sa.select(Customer).where(Customer.workspace_id == workspace_id, column == value)).first()
