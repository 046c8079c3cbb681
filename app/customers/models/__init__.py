"""Tables of customers, split by noun."""

from app.customers.models.activities import Activity, ActivityKind, ActivitySource
from app.customers.models.consent import Consent, ConsentLog, Suppression, Topic
from app.customers.models.customers import Customer, CustomerChange, CustomerField, CustomerStats, SavedView
from app.customers.models.orders import Order, OrderLine

__all__ = [
    "Activity",
    "ActivityKind",
    "ActivitySource",
    "Consent",
    "ConsentLog",
    "Customer",
    "CustomerChange",
    "CustomerField",
    "CustomerStats",
    "Order",
    "OrderLine",
    "SavedView",
    "Suppression",
    "Topic",
]
