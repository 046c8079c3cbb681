"""Reactions of customers, split by noun."""

from app.customers.handlers.imports import start_import, start_undo
from app.customers.handlers.work import run_act, strip_deleted_field

__all__ = ["run_act", "start_import", "start_undo", "strip_deleted_field"]
