"""The tree as SQL: a select of customers with bound parameters, in shapes that PostgreSQL plans well. See `tree`."""

from app.segments.compiler.tree import Scope, select_customers

__all__ = ["Scope", "select_customers"]
