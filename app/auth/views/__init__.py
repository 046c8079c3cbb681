"""The pages of this room."""

from flask import Flask

from app.auth import loader
from app.auth.views.account import pages as account_pages
from app.auth.views.invitations import pages as invitation_pages
from app.auth.views.keys import pages as key_pages
from app.auth.views.members import pages as member_pages
from app.auth.views.sign_in import pages as sign_in_pages
from app.auth.views.spaces import pages as space_pages
from app.auth.views.two_factor import pages as two_factor_pages
from app.core import registry
from app.core.registry import SettingsPart


def init_app(app: Flask) -> None:
    """Say who calls, and put the parts of this room on the page of settings."""
    loader.init_app(app)
    for part in (
        SettingsPart("Members", "Who belongs to the workspace, and as what", "/settings/members", "users", "settings.view", 30),
        SettingsPart("Roles", "What each role may do", "/settings/roles", "shield-check", "settings.view", 40),
        SettingsPart("API keys", "What lets programs in, and when each was last used", "/settings/api-keys", "key", "api_keys.edit", 50),
    ):
        registry.add(registry.settings, part)


__all__ = [
    "account_pages",
    "init_app",
    "invitation_pages",
    "key_pages",
    "member_pages",
    "sign_in_pages",
    "space_pages",
    "two_factor_pages",
]
