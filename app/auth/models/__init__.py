"""Tables of people and of the secrets they hold. Secrets stand here as digests or sealed, never as they are."""

from app.auth.models.secrets import ApiKey, PasswordReset, RecoveryCode, RefreshToken, SignInThrottle, UserSession
from app.auth.models.users import Invitation, Membership, User

__all__ = [
    "ApiKey",
    "Invitation",
    "Membership",
    "PasswordReset",
    "RecoveryCode",
    "RefreshToken",
    "SignInThrottle",
    "User",
    "UserSession",
]
