"""What people and programs may send to this room, and what they get back."""

from app.auth.schemas.account import AccountIn, AdminIn, CodeIn, ConfirmIn, EmailChangeIn, PasswordChangeIn, Preferences
from app.auth.schemas.fields import Email, NewPassword, Username, check_password_fits
from app.auth.schemas.keys import KeyCreated, KeyIn, KeyOut
from app.auth.schemas.members import AcceptIn, InvitationCreated, InvitationIn, MemberChange, MemberOut
from app.auth.schemas.sign_in import LoginIn, Me, PasswordResetIn, RefreshIn, ResetAskIn, SignInIn, TokensOut

__all__ = [
    "AcceptIn",
    "AccountIn",
    "AdminIn",
    "CodeIn",
    "ConfirmIn",
    "Email",
    "EmailChangeIn",
    "InvitationCreated",
    "InvitationIn",
    "KeyCreated",
    "KeyIn",
    "KeyOut",
    "LoginIn",
    "Me",
    "MemberChange",
    "MemberOut",
    "NewPassword",
    "PasswordChangeIn",
    "PasswordResetIn",
    "Preferences",
    "RefreshIn",
    "ResetAskIn",
    "SignInIn",
    "TokensOut",
    "Username",
    "check_password_fits",
]
