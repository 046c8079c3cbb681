"""Files of customers and orders, imported step by step as a worker would."""

import sqlalchemy as sa

from app.core import files
from app.core.actor import Actor
from app.core.db import session
from app.customers.models import Customer, Import, ImportReject
from app.customers.schemas.imports import ImportIn
from app.customers.service import import_steps, import_undo, imports

ADA = Actor("Ada Okonkwo")


def a_file(workspace_id: int, data: bytes | str, name: str = "people.csv") -> files.File:
    """Keep bytes as a file."""
    raw = data.encode() if isinstance(data, str) else data
    return files.create(workspace_id, name, "text/csv", [raw], 1 << 30)


def begun(workspace_id: int, data: bytes | str, **given: object) -> Import:
    """Return an import that is queued."""
    return imports.accept(workspace_id, a_file(workspace_id, data), ImportIn.model_validate(given), ADA)


def work(row: Import) -> Import:
    """Run all steps of an import."""
    while import_steps.step(row.workspace_id, row.id):
        pass
    session().refresh(row)
    return row


def imported(workspace_id: int, data: bytes | str, **given: object) -> Import:
    """Return an import that is over."""
    return work(begun(workspace_id, data, **given))


def undone(row: Import) -> Import:
    """Take an import back."""
    imports.undo(row.workspace_id, row.id, ADA)
    while import_undo.step(row.workspace_id, row.id):
        pass
    session().refresh(row)
    return row


def counts(row: Import) -> tuple[int, int, int, int]:
    """Return created, updated, unchanged, rejected."""
    assert row.rows_done == row.rows_total == row.created + row.updated + row.unchanged + row.rejected
    return row.created, row.updated, row.unchanged, row.rejected


def rejects(row: Import) -> list[tuple[int, str, str, str]]:
    """Return line, column, found and reason of each reject."""
    query = sa.select(ImportReject).where(ImportReject.workspace_id == row.workspace_id, ImportReject.import_id == row.id)
    return [(r.line, r.column, r.found, r.reason) for r in session().scalars(query.order_by(ImportReject.line))]


def people(workspace_id: int, *columns: str) -> list[tuple[object, ...]]:
    """Return these columns of all customers, oldest first."""
    picked = [getattr(Customer, name) for name in columns]
    return [tuple(row) for row in session().execute(sa.select(*picked).where(Customer.workspace_id == workspace_id).order_by(Customer.id))]


STRANGERS = {"import_id": lambda workspace_id: begun(workspace_id, "email\na@b.example\n").id}
