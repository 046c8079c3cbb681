"""Alembic's environment: runs migrations on the application's engine."""

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db
UNREADABLE = {"ix_customers_name", "ix_customers_search"}
"""Indexes whose collation or grouping Alembic does not read back as written; tests/customers shows that queries use them."""


def include(_object: object, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:  # noqa: FBT001 (alembic calls it so)
    """Leave out partitions: their parent speaks for them."""
    if kind == "index":
        return name not in UNREADABLE
    return not (kind == "table" and reflected and name is not None and name.startswith("activities_"))


with database.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=database.metadata, include_object=include, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
