"""Pages of segments, split by noun."""

from flask import Flask

from app.core import registry
from app.core.registry import Found, NavItem
from app.segments.queries import segments
from app.segments.views.build import pages as build_pages
from app.segments.views.lists import pages as list_pages
from app.segments.views.preview import pages as preview_pages
from app.segments.views.show import pages as show_pages

__all__ = ["build_pages", "list_pages", "preview_pages", "show_pages"]


def init_app(_app: Flask) -> None:
    """Put segments into the navigation and into the search over everything."""
    registry.add(registry.nav, NavItem("Audience", "Segments", "/segments", "filter", "segments.view", 20))
    registry.add(registry.search, ("segments.view", search))


def search(workspace_id: int, words: str) -> list[Found]:
    """Return segments by name."""
    return [
        Found("segment", row.name, f"{row.members:,} people", f"/segments/{row.id}") for row in segments.named_like(workspace_id, words)
    ]
