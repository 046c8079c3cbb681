"""Tags in use."""

import sqlalchemy as sa

from app.core.db import session
from app.customers.models import Customer

_LOOKED_AT = 2_000


def recent_tags(workspace_id: int, most: int = 100) -> list[str]:
    """Return the tags of the newest two thousand customers, the most frequent first: suggestions, not a full list."""
    newest = sa.select(Customer.tags).where(Customer.workspace_id == workspace_id).order_by(Customer.created_at.desc(), Customer.id.desc())
    some = newest.limit(_LOOKED_AT).subquery()
    tag = sa.func.unnest(some.c.tags).label("tag")
    each = sa.select(tag).select_from(some).subquery()
    counted = sa.select(each.c.tag).group_by(each.c.tag).order_by(sa.func.count().desc(), each.c.tag).limit(most)
    return list(session().scalars(counted))
