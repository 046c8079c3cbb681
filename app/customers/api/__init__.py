"""The JSON endpoints of this room, split by noun."""

from app.customers.api.activities import api as activities_api
from app.customers.api.consent import api as consent_api
from app.customers.api.customers import api as customers_api
from app.customers.api.fields import api as fields_api
from app.customers.api.imports import api as imports_api
from app.customers.api.orders import api as orders_api
from app.customers.api.suppressions import api as suppressions_api

__all__ = ["activities_api", "consent_api", "customers_api", "fields_api", "imports_api", "orders_api", "suppressions_api"]
