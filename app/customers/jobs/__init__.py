"""Work of customers, split by noun."""

from app.customers.jobs.bulk import run_bulk_act
from app.customers.jobs.fields import strip_field
from app.customers.jobs.imports import purge_imports, run_import, undo_import
from app.customers.jobs.upkeep import add_customer_days, forget_changes, make_partitions, recount

__all__ = [
    "add_customer_days",
    "forget_changes",
    "make_partitions",
    "purge_imports",
    "recount",
    "run_bulk_act",
    "run_import",
    "strip_field",
    "undo_import",
]
