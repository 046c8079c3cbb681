"""The suppression list: addresses that must not be written to, whoever they belong to."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.audit import service as audit
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import NotFound
from app.customers.events import SuppressionsChanged
from app.customers.models import Suppression
from app.events.service import publish


def suppress(workspace_id: int, emails: Sequence[str], reason: str, by: Actor, note: str | None = None) -> int:
    """Put addresses on the list and return how many are new; what is on it keeps its reason."""
    wanted = sorted({email.strip().lower() for email in emails})
    if not wanted:
        return 0
    rows = insert(Suppression).values([{"workspace_id": workspace_id, "email": email, "reason": reason, "note": note} for email in wanted])
    added = session().execute(rows.on_conflict_do_nothing().returning(Suppression.id)).all()
    if added:
        name = wanted[0] if len(wanted) == 1 else f"{len(added):,} addresses"
        audit.record(workspace_id, by, "suppression.added", ("suppression", None, name), None, {"reason": reason, "addresses": len(added)})
        publish(SuppressionsChanged(workspace_id, len(added), 0), by)
    return len(added)


def unsuppress(workspace_id: int, emails: Sequence[str], by: Actor) -> int:
    """Take addresses off the list and return how many were on it."""
    wanted = [email.strip().lower() for email in emails]
    among = Suppression.email == sa.any_(sa.literal(wanted, ARRAY(sa.Text)))
    statement = sa.delete(Suppression).where(Suppression.workspace_id == workspace_id, among)
    removed = (
        session().execute(statement.returning(Suppression.email, Suppression.reason).execution_options(synchronize_session=False)).all()
    )
    if removed:
        name = removed[0].email if len(removed) == 1 else f"{len(removed):,} addresses"
        audit.record(workspace_id, by, "suppression.removed", ("suppression", None, name), {"reason": removed[0].reason}, None)
        publish(SuppressionsChanged(workspace_id, 0, len(removed)), by)
    return len(removed)


def remove(workspace_id: int, email: str, by: Actor) -> None:
    """Take one address off the list. Raises NotFound where it is not on it."""
    if not unsuppress(workspace_id, [email], by):
        raise NotFound(Suppression.noun)
