"""Customers whom a call names by address or id: found, or made where the call wants that."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert

from app.audit import service as audit
from app.core.actor import Actor
from app.core.db import session
from app.customers.events import CustomerCreated, CustomersChanged
from app.customers.models import Customer
from app.customers.queries.customers import Known, resolve
from app.events.service import publish

_FEW = 100


def ensure_customers(workspace_id: int, known: Sequence[Known], by: Actor, *, origin: str = "api") -> list[int | None]:
    """Return the id of each, made where nobody is known by the address or external id; None for an id of our own that is nobody's."""
    found = resolve(workspace_id, known)
    missing = {k for k, ident in zip(known, found, strict=True) if ident is None and k.id is None}
    if not missing:
        return found
    rows = [
        {"workspace_id": workspace_id, "email": k.email if not k.external_id else None, "external_id": k.external_id, "origin": origin}
        for k in sorted(missing, key=lambda k: (k.external_id or "", k.email or ""))
    ]
    made = session().scalars(insert(Customer).values(rows).on_conflict_do_nothing().returning(Customer.id)).all()
    audit.record(workspace_id, by, "customers.created", ("customers", None, f"{len(made):,} customers"), None, {"origin": origin})
    if len(made) > _FEW:
        publish(CustomersChanged(workspace_id, origin, created=len(made)), by)
    else:
        for customer_id in made:
            publish(CustomerCreated(workspace_id, customer_id, origin), by)
    return resolve(workspace_id, known)
