"""Reads of customers, split by noun."""

from app.customers.queries import fields

__all__ = ["fields"]
