"""Whose name and colour a letter carries."""

from app.delivery.letters.looks import Face
from app.workspaces import queries as workspaces


def face_of(workspace_id: int, brand_id: int | None = None) -> Face:
    """Return the face of a brand, else of the workspace's first one."""
    brands = workspaces.list_brands(workspace_id)
    brand = next((row for row in brands if row.id == brand_id), None) or min(brands, key=lambda row: row.id)
    return Face(brand.from_name or brand.name, brand.colour, brand.postal_address)
