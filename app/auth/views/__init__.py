"""The pages of this room."""

from app.auth.loader import init_app
from app.auth.views.account import pages as account_pages
from app.auth.views.invitations import pages as invitation_pages
from app.auth.views.keys import pages as key_pages
from app.auth.views.members import pages as member_pages
from app.auth.views.sign_in import pages as sign_in_pages
from app.auth.views.spaces import pages as space_pages
from app.auth.views.two_factor import pages as two_factor_pages

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
