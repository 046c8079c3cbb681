"""Workspaces and brands."""

import itertools

from app.core.db import session
from app.workspaces.models import Brand, Workspace
from app.workspaces.schemas import BrandIn

_numbers = itertools.count(1)


def workspace(name: str = "", *, sandbox: bool = False, currency: str = "USD", zone: str = "UTC", locale: str = "en") -> Workspace:
    """Return a new workspace with one brand of the same name."""
    number = next(_numbers)
    row = Workspace(
        name=name or f"Northlight {number}", slug=f"northlight-{number}", sandbox=sandbox, currency=currency, zone=zone, locale=locale
    )
    session().add(row)
    session().flush()
    brand(row.id, row.name)
    return row


def brand(workspace_id: int, name: str = "Northlight", **fields: object) -> Brand:
    """Return a new brand."""
    row = Brand(workspace_id=workspace_id, name=name, **fields)
    session().add(row)
    session().flush()
    return row


STRANGERS = {"brand_id": lambda workspace_id: brand(workspace_id, f"Brand {next(_numbers)}").id}
EXAMPLES = {BrandIn: {"name": "Northlight"}}
