"""The pages of this room, split by noun."""

from app.customers.views.profile import pages as profile_pages

__all__ = ["profile_pages"]
