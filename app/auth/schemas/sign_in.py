"""Signing in, by page and by API."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.auth.schemas.fields import NewPassword, Password, Token
from app.core.schemas import Line, Schema, Storable

_Login = Annotated[str, Field(min_length=1, max_length=254), Storable]
_Code = Annotated[str, Field(min_length=1, max_length=40), Storable]


class SignInIn(Schema):
    """The sign-in form: an e-mail address or a user name, and the password."""

    login: _Login
    password: Password
    next: Annotated[str, Field(max_length=2000), Storable] = ""


class LoginIn(Schema):
    """Sign in for an access token. `workspace` is an id or a slug; without it, the one last worked in."""

    username: _Login | None = None
    email: _Login | None = None
    password: Password
    workspace: Annotated[int, Field(ge=1, le=2**31 - 1)] | Line | None = None
    totp: _Code | None = None

    @model_validator(mode="after")
    def _one_name(self) -> "LoginIn":
        if (self.username is None) == (self.email is None):
            msg = "Give either username or email."
            raise ValueError(msg)
        return self

    @property
    def login(self) -> str:
        """Return whichever name was given."""
        return self.username or self.email or ""


class RefreshIn(Schema):
    """The refresh token that came last; it is good once."""

    refresh_token: Token


class TokensOut(Schema):
    """Tokens to call with. `expires_in` is in seconds and counts for the access token."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (the name of a kind)
    expires_in: int


class MyWorkspace(Schema):
    """A workspace the caller can be in."""

    id: int
    name: str
    sandbox: bool
    currency: str
    zone: str
    locale: str


class Me(Schema):
    """Who calls, where, and what they may do."""

    kind: Literal["session", "key", "jwt"]
    user_id: int | None
    key_id: int | None
    name: str
    email: str
    role: str
    permissions: list[str]
    workspace: MyWorkspace | None
    workspaces: list[MyWorkspace]


class ResetAskIn(Schema):
    """Ask for a link that sets a new password."""

    login: _Login


class PasswordResetIn(Schema):
    """Set a new password by a link."""

    password: NewPassword
