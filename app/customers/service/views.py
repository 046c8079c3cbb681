"""Saved views of the list."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.audit import service as audit
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Invalid
from app.customers.models import SavedView
from app.customers.queries.counts import VIEW, list_views
from app.customers.schemas.lists import ViewIn, from_query, to_query
from app.customers.service.counts import forget

MOST = 30
BUILT_IN = (("Everyone", ""), ("New this week", "created_within=7"), ("Consent missing", "consent=none"))
"""Views that every workspace has."""


def save(workspace_id: int, given: ViewIn, by: Actor) -> SavedView:
    """Keep a view for everybody in the workspace. Raises Invalid where the name is taken, there are too many, or the query makes no sense."""
    if len(list_views(workspace_id)) >= MOST:
        raise Invalid({"name": f"{MOST} views are the most. Delete one that nobody uses."})
    if any(given.name.lower() == name.lower() for name, _ in BUILT_IN):
        raise Invalid({"name": "There is a view of this name."})
    query = to_query(from_query(given.query))
    made = insert(SavedView).values(workspace_id=workspace_id, name=given.name, query=query).on_conflict_do_nothing()
    row = session().scalars(made.returning(SavedView)).one_or_none()
    if row is None:
        raise Invalid({"name": "There is a view of this name."})
    audit.record(workspace_id, by, "view.saved", ("view", row.id, row.name), None, {"query": query})
    return row


def get_view(workspace_id: int, view_id: int) -> SavedView:
    """Return a view. Raises NotFound."""
    return get(SavedView, workspace_id, view_id)


def delete(workspace_id: int, view_id: int, by: Actor) -> None:
    """Remove a view. Raises NotFound."""
    row = get(SavedView, workspace_id, view_id)
    audit.record(workspace_id, by, "view.deleted", ("view", row.id, row.name), {"query": row.query}, None)
    session().execute(sa.delete(SavedView).where(SavedView.workspace_id == workspace_id, SavedView.id == view_id))
    forget(workspace_id, f"{VIEW}{view_id}")
