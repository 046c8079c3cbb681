"""Pages of campaigns, split by noun."""

from flask import Flask

from app.campaigns.queries import campaigns
from app.campaigns.views import log
from app.campaigns.views.acts import pages as act_pages
from app.campaigns.views.build import pages as build_pages
from app.campaigns.views.lists import pages as list_pages
from app.campaigns.views.parts import pages as part_pages
from app.campaigns.views.preview import pages as preview_pages
from app.campaigns.views.show import pages as show_pages
from app.core import registry
from app.core.registry import Found, NavItem

__all__ = ["act_pages", "build_pages", "list_pages", "part_pages", "preview_pages", "show_pages"]


def init_app(_app: Flask) -> None:
    """Put campaigns into the navigation and into the search over everything, and say their acts in words."""
    registry.add(registry.nav, NavItem("Reach", "Campaigns", "/campaigns", "mail", "campaigns.view", 30))
    registry.add(registry.search, ("campaigns.view", search))
    registry.add(registry.log_words, ("campaign", log.words))


def search(workspace_id: int, words: str) -> list[Found]:
    """Return campaigns by name."""
    rows = campaigns.named_like(workspace_id, words)
    return [Found("campaign", row.name, row.state.capitalize(), f"/campaigns/{row.id}") for row in rows]
