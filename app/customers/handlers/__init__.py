"""Reactions of customers, split by noun."""

from app.customers.handlers.imports import start_import, start_undo

__all__ = ["start_import", "start_undo"]
