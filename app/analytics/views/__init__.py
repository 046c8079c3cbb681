"""Pages of analytics, split by noun."""

from flask import Flask

from app.analytics.views.campaigns import pages as campaign_pages
from app.analytics.views.overview import pages as overview_pages
from app.analytics.views.segments import pages as segment_pages
from app.core import registry
from app.core.registry import NavItem

__all__ = ["campaign_pages", "overview_pages", "segment_pages"]


def init_app(_app: Flask) -> None:
    """Put the overview first into the navigation: it is home."""
    registry.add(registry.nav, NavItem("", "Overview", "/overview", "layout-dashboard", "analytics.view", 10))
