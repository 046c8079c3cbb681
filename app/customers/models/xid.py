"""The type of transaction numbers that never wrap around, which SQLAlchemy does not know."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import ischema_names


class Xid8(sa.types.UserDefinedType[str]):
    """`xid8`: compared in the database, carried as text."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        """Return how PostgreSQL calls it."""
        return "xid8"


ischema_names["xid8"] = Xid8
