"""How a file is read, in words."""

from app.customers.imports.dialect import DELIMITERS, ENCODINGS
from app.customers.models import Import


def read_as(row: Import) -> str:
    """Return encoding and delimiter in words: *UTF-8, comma*."""
    dialect = row.dialect or {}
    if not dialect:
        return ""
    return f"{ENCODINGS.get(dialect['encoding'], dialect['encoding']).split(',')[0]}, {DELIMITERS.get(dialect['delimiter'], 'other')}"
