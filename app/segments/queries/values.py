"""Values to suggest while a rule is written: what newer customers have. A look at part of them is enough, and always quick."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from app.core.db import session
from app.customers.models import Customer
from app.customers.values import PREFIX, FieldInfo

LOOKED_AT = 20_000
MOST = 50


def seen(workspace_id: int, info: FieldInfo) -> list[str]:
    """Return the commonest values of a text or list field among the newest customers, in the order of the alphabet."""
    table = Customer.__table__
    newest = sa.select(table.c.tags, table.c.attributes, *([table.c[info.path]] if info.source == "profile" else []))
    newest = newest.where(table.c.workspace_id == workspace_id).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(LOOKED_AT)
    rows = newest.subquery()
    column: sa.ColumnElement[str]
    if info.source == "tags":
        column = sa.func.unnest(rows.c.tags)
    elif info.source == "profile":
        column = rows.c[info.path]
    elif info.type == "list":
        held = rows.c.attributes[info.path.removeprefix(PREFIX)]
        empty = sa.cast(sa.literal("[]", sa.Text), JSONB)
        column = sa.func.jsonb_array_elements_text(sa.case((sa.func.jsonb_typeof(held) == "array", held), else_=empty))
    else:
        column = rows.c.attributes[info.path.removeprefix(PREFIX)].astext
    values = sa.select(column.label("value")).select_from(rows).subquery()
    common = sa.select(values.c.value).where(values.c.value.is_not(None), sa.func.length(values.c.value) <= 100)  # noqa: PLR2004 (fits a line)
    common = common.group_by(values.c.value).order_by(sa.func.count().desc(), values.c.value).limit(MOST)
    return sorted(session().scalars(common))
