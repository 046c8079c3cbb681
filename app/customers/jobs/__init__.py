"""Work of customers, split by noun."""

from app.customers.jobs.imports import purge_imports, run_import, undo_import

__all__ = ["purge_imports", "run_import", "undo_import"]
