"""The suppression list."""

from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.customers.queries import consent as queries
from app.customers.schemas.suppressions import (
    AddedOut,
    CheckOut,
    CheckQuery,
    SuppressionIn,
    SuppressionOut,
    SuppressionQuery,
    SuppressionsIn,
    SuppressionStats,
)
from app.customers.service import suppressions as service

api = Api("suppressions", __name__)


@api.get(
    "/suppressions", permission="customers.view", query=SuppressionQuery, returns=Page[SuppressionOut], summary="List suppressed addresses"
)
def list_suppressions(caller: Principal, query: SuppressionQuery) -> Page[SuppressionOut]:
    """Return a page of the list, newest first."""
    rows, following = queries.list_suppressions(caller.workspace_id, query)
    return Page(items=[SuppressionOut.model_validate(row) for row in rows], next=following)


@api.post(
    "/suppressions", permission="customers.edit", body=SuppressionIn, returns=SuppressionOut, status=201, summary="Suppress an address"
)
def add_suppression(caller: Principal, body: SuppressionIn) -> SuppressionOut:
    """Put an address on the list; one that is on it stays as it is."""
    address = str(body.email)
    service.suppress(caller.workspace_id, [address], body.reason, caller.actor, body.note)
    return SuppressionOut.model_validate(queries.suppressed(caller.workspace_id, [address])[address])


@api.post("/suppressions/bulk", permission="customers.edit", body=SuppressionsIn, returns=AddedOut, summary="Suppress many addresses")
def add_suppressions(caller: Principal, body: SuppressionsIn) -> AddedOut:
    """Put addresses on the list."""
    addresses = {str(email) for email in body.emails}
    added = service.suppress(caller.workspace_id, sorted(addresses), body.reason, caller.actor, body.note)
    return AddedOut(added=added, known=len(addresses) - added)


@api.get("/suppressions/check", permission="customers.view", query=CheckQuery, returns=CheckOut, summary="Is an address suppressed?")
def check_suppression(caller: Principal, query: CheckQuery) -> CheckOut:
    """Tell whether an address is on the list."""
    address = str(query.email)
    row = queries.suppressed(caller.workspace_id, [address]).get(address)
    return CheckOut(email=address, suppressed=row is not None, reason=row.reason if row else None)


@api.get("/suppressions/stats", permission="customers.view", returns=SuppressionStats, summary="Count suppressed addresses")
def count_suppressions(caller: Principal) -> SuppressionStats:
    """Return the counts by reason."""
    counts = queries.suppression_counts(caller.workspace_id)
    return SuppressionStats(total=sum(counts.values()), by_reason=counts)


@api.delete("/suppressions/<email>", permission="customers.edit", summary="Take an address off the list")
def remove_suppression(caller: Principal, email: str) -> None:
    """Take an address off the list."""
    service.remove(caller.workspace_id, email, caller.actor)
