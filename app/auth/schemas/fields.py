"""Kinds of fields that several forms share: addresses, passwords, user names."""

import re
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints

from app.core.errors import Invalid
from app.core.schemas import Schema, Storable

SHORTEST_PASSWORD = 10
_FEWEST_CHARACTERS = 5
_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?", re.IGNORECASE)
_COMMON = frozenset(
    """
    1234567890 12345678910 0123456789 0987654321 1q2w3e4r5t 1qaz2wsx3edc abcdefghij administrator changeme123 football123
    iloveyou123 letmein123 passw0rd123 password01 password12 password123 password1234 password12345 qwerty12345 qwerty123456
    qwertyuiop qwertyuiop123 welcome123 welcome1234 zxcvbnm123 admin12345 admin123456 fairlead123 fairlead2026
    """.split()  # noqa: SIM905 (a list of them would be a page long)
)


def _address(value: str) -> str:
    """Return the address with its domain in lower case. The reasons tell what to correct."""
    local, at, domain = value.rpartition("@")
    if not at or not local:
        msg = "An address has a name, an @ and a domain, such as ada@northlight.example."
        raise ValueError(msg)
    if "." not in domain.strip("."):
        msg = "The part after @ needs an ending, such as northlight.example."
        raise ValueError(msg)
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        msg = "This is not an address mail can be sent to, such as ada@northlight.example."
        raise ValueError(msg) from None


def _username(value: str) -> str:
    if not _USERNAME.fullmatch(value):
        msg = "Letters, digits, dots, dashes and underscores, up to 40, starting and ending with a letter or digit."
        raise ValueError(msg)
    return value


Email = Annotated[str, Field(min_length=1, max_length=254), Storable, AfterValidator(_address)]
"""An e-mail address, domain in lower case. Two addresses that differ in case only are the same person."""
Username = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_username)]
"""A name to sign in with; never holds an @, so that it is never taken for an address."""
Password = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=1000), Storable]
"""A password as typed, spaces kept."""
NewPassword = Annotated[str, StringConstraints(strip_whitespace=False, min_length=SHORTEST_PASSWORD, max_length=1000), Storable]
"""A password to be; `check_password_fits` says more."""
Token = Annotated[str, Field(min_length=1, max_length=200)]


def check_password_fits(password: str, *names: str | None, field: str = "password") -> None:
    """Refuse passwords that are guessed first: well-known ones, a few characters repeated, the person's own names.

    Raises Invalid naming `field`.
    """
    plain = password.casefold().strip()
    own = {name.casefold() for name in names if name} | {name.split("@")[0].casefold() for name in names if name}
    if len(set(plain)) < _FEWEST_CHARACTERS:
        raise Invalid({field: f"Use at least {_FEWEST_CHARACTERS} different characters."})
    if plain in _COMMON:
        raise Invalid({field: "Many people use this password, so it is tried first. Choose another."})
    if plain in own or plain.rstrip("0123456789!.") in own:
        raise Invalid({field: "This is your own name or address. Choose something others cannot guess."})


class SwitchIn(Schema):
    """Which workspace to go to."""

    workspace_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
