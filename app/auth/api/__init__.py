"""The endpoints of this room."""

from app.auth.api.keys import api as keys_api
from app.auth.api.members import api as members_api
from app.auth.api.sign_in import api as sign_in_api

__all__ = ["keys_api", "members_api", "sign_in_api"]
