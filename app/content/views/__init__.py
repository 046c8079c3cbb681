"""Pages of templates, split by noun."""

from flask import Flask

from app.content.queries import templates
from app.content.views.drafts import pages as draft_pages
from app.content.views.edit import pages as edit_pages
from app.content.views.lists import pages as list_pages
from app.core import registry
from app.core.registry import Found, NavItem

__all__ = ["draft_pages", "edit_pages", "list_pages"]


def init_app(_app: Flask) -> None:
    """Put templates into the navigation, into the search over everything, and on the pages of fields that they use."""
    registry.add(registry.nav, NavItem("Reach", "Templates", "/templates", "file-text", "campaigns.view", 40))
    registry.add(registry.search, ("campaigns.view", search))
    registry.add(registry.field_uses, templates.naming)


def search(workspace_id: int, words: str) -> list[Found]:
    """Return templates by name."""
    found = templates.named_like(workspace_id, words)
    return [Found("template", row.name, f"version {row.version}", f"/templates/{row.id}") for row in found]
