"""The tree as SQL: a select of customers with bound parameters, in shapes that PostgreSQL plans well. See `tree`."""

from app.segments.compiler.sets import of_leaf
from app.segments.compiler.tree import Scope, chained_sets, reads_only_sets, select_customers

__all__ = ["Scope", "chained_sets", "of_leaf", "reads_only_sets", "select_customers"]
