"""Reads about workspaces and brands."""

from collections.abc import Sequence

import sqlalchemy as sa

from app.core.db import get, session
from app.core.errors import NotFound
from app.workspaces.models import Brand, Workspace


def get_workspace(workspace_id: int) -> Workspace:
    """Return the workspace. Raises NotFound."""
    row = session().get(Workspace, workspace_id)
    if row is None:
        raise NotFound(Workspace.noun)
    return row


def lock_workspace(workspace_id: int) -> Workspace:
    """Return the workspace, held until the transaction ends, so that rules over all its rows stand. Raises NotFound."""
    row = session().get(Workspace, workspace_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(Workspace.noun)
    return row


def find_by_slug(slug: str) -> Workspace | None:
    """Return the workspace with this slug, or None."""
    return session().scalars(sa.select(Workspace).where(Workspace.slug == slug)).one_or_none()


def find_workspace(name: str) -> Workspace | None:
    """Return the workspace with this id or slug, or None."""
    by_id = session().get(Workspace, int(name)) if name.isascii() and name.isdecimal() and int(name) < 2**31 else None
    return by_id or find_by_slug(name)


def get_brand(workspace_id: int, brand_id: int) -> Brand:
    """Return a brand. Raises NotFound."""
    return get(Brand, workspace_id, brand_id)


def list_brands(workspace_id: int) -> Sequence[Brand]:
    """Return the brands of a workspace by name; there are few."""
    return session().scalars(sa.select(Brand).where(Brand.workspace_id == workspace_id).order_by(sa.func.lower(Brand.name), Brand.id)).all()


def any_workspace_exists() -> bool:
    """Tell whether there is a workspace at all."""
    return bool(session().scalar(sa.select(sa.exists().where(Workspace.id > 0))))
