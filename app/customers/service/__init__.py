"""The verbs of customers, split by noun; what other rooms use stands here."""

from app.customers.service.activities import (
    Act,
    ensure_kinds,
    ensure_sources,
    named_id,
    record_activities,
    register_source,
    rename_source,
)
from app.customers.service.computed import record_computed

__all__ = [
    "Act",
    "ensure_kinds",
    "ensure_sources",
    "named_id",
    "record_activities",
    "record_computed",
    "register_source",
    "rename_source",
]
