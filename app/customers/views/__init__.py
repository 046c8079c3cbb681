"""The pages of this room, split by noun; its places in the navigation and in the search over everything."""

from app.core import registry
from app.core.registry import NavItem
from app.customers.queries.found import find_customers
from app.customers.views.bulk import pages as bulk_pages
from app.customers.views.consent import pages as consent_pages
from app.customers.views.customers import pages as customer_pages
from app.customers.views.fields import pages as field_pages
from app.customers.views.import_drafts import pages as import_draft_pages
from app.customers.views.import_rejects import pages as import_reject_pages
from app.customers.views.imports import pages as import_pages
from app.customers.views.lists import pages as list_pages
from app.customers.views.profile import pages as profile_pages
from app.customers.views.suppressions import pages as suppression_pages

registry.nav.append(NavItem("Audience", "Customers", "/customers", "users", "customers.view", 20))
registry.search.append(("customers.view", find_customers))

__all__ = [
    "bulk_pages",
    "consent_pages",
    "customer_pages",
    "field_pages",
    "import_draft_pages",
    "import_pages",
    "import_reject_pages",
    "list_pages",
    "profile_pages",
    "suppression_pages",
]
