"""What the search over everything (Ctrl K) finds of customers."""

from app.core.registry import Found
from app.customers.coerce import Place
from app.customers.queries.find import find
from app.customers.queries.lists import page
from app.customers.schemas.lists import CustomerFilter

_MOST = 5


def find_customers(workspace_id: int, words: str) -> list[Found]:
    """Return the five newest customers who fit."""
    found = page(find(workspace_id, CustomerFilter(q=words), {}, Place()), "-created", _MOST)
    people = [row.customer for row in found.rows]
    return [Found("customer", row.full_name, row.email or row.external_id or row.phone or "", f"/customers/{row.id}") for row in people]
