"""What people change about themselves."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from app.auth.schemas.fields import Email, NewPassword, Password, Username
from app.core.schemas import Line, Schema, Text
from app.workspaces.schemas import Locale


def _blank_to_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _code(value: str) -> str:
    return value.strip()


class AccountIn(Schema):
    """Name and user name."""

    name: Line
    username: Annotated[Username | None, BeforeValidator(_blank_to_none)] = None


class Preferences(Schema):
    """How pages look and react. `locale` None: as the workspace."""

    theme: Literal["auto", "light", "dark"] = "auto"
    shortcuts: bool = False
    locale: Annotated[Locale | None, BeforeValidator(_blank_to_none)] = None


class EmailChangeIn(Schema):
    """A new address; the password shows that it is really you."""

    email: Email
    password: Password


class PasswordChangeIn(Schema):
    """A new password; the present one shows that it is really you."""

    password: Password
    new_password: NewPassword


class ConfirmIn(Schema):
    """The password, before something that weakens the account."""

    password: Password


class CodeIn(Schema):
    """A one-time code from the app, or a recovery code."""

    code: Annotated[Text, Field(min_length=1, max_length=40), AfterValidator(_code)]
