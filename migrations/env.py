"""Alembic's environment: runs migrations on the application's engine."""

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db


def include(_object: object, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:  # noqa: FBT001 (alembic calls it so)
    """Leave out partitions: their parent speaks for them."""
    return not (kind == "table" and reflected and name is not None and name.startswith("activities_"))


with database.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=database.metadata, include_object=include, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
