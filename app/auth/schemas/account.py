"""What people change about themselves."""

from typing import Annotated

from pydantic import AfterValidator, Field

from app.auth.schemas.fields import Email, NewPassword, Password, Username
from app.core.schemas import Blank, Line, Schema, Storable
from app.workspaces.schemas import Locale


def _code(value: str) -> str:
    return value.strip()


class AccountIn(Schema):
    """Name and user name."""

    name: Line
    username: Annotated[Username | None, Blank] = None


class AdminIn(AccountIn):
    """A user made at the command line."""

    email: Email
    password: NewPassword


class Preferences(Schema):
    """How figures and dates are written. `locale` None: as the workspace."""

    locale: Annotated[Locale | None, Blank] = None


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

    code: Annotated[str, Field(min_length=1, max_length=40), Storable, AfterValidator(_code)]
