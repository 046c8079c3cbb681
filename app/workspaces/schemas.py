"""What may be said about workspaces and brands."""

import re
from datetime import datetime
from functools import cache
from typing import Annotated, Final
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field

from app.core.schemas import Blank, Line, OptionalLine, Schema, Storable

LOCALES: Final[dict[str, str]] = {
    "en": "English (United States)",
    "en_GB": "English (United Kingdom)",
    "en_AU": "English (Australia)",
    "en_CA": "English (Canada)",
    "en_IE": "English (Ireland)",
    "en_IN": "English (India)",
    "da": "Dansk",
    "de": "Deutsch",
    "de_AT": "Deutsch (Österreich)",
    "de_CH": "Deutsch (Schweiz)",
    "es": "Español",
    "es_MX": "Español (México)",
    "fi": "Suomi",
    "fr": "Français",
    "fr_CA": "Français (Canada)",
    "it": "Italiano",
    "ja": "日本語",
    "nb": "Norsk bokmål",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português (Brasil)",
    "pt_PT": "Português (Portugal)",
    "sv": "Svenska",
}
"""How dates, numbers and money are written. The words of the pages are English."""
_COLOUR = re.compile("#[0-9a-f]{6}")


@cache
def zones() -> tuple[str, ...]:
    """Return the names of the time zones people live in, such as `Europe/Berlin`, and UTC."""
    places = ("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(places)))


@cache
def currencies() -> tuple[str, ...]:
    """Return the codes of the currencies in use somewhere today (ISO 4217)."""
    return tuple(sorted({code for territory in get_global("territory_currencies") for code in get_territory_currencies(territory)}))


def _zone(value: str) -> str:
    if value not in zones():
        msg = "This is not a time zone, such as Europe/Berlin."
        raise ValueError(msg)
    return value


def _currency(value: str) -> str:
    if value.upper() not in currencies():
        msg = "This is not a currency in use, such as USD or EUR."
        raise ValueError(msg)
    return value.upper()


def _locale(value: str) -> str:
    if value.replace("-", "_") not in LOCALES:
        msg = f"One of: {', '.join(LOCALES)}."
        raise ValueError(msg)
    return value.replace("-", "_")


def _colour(value: str) -> str:
    if not _COLOUR.fullmatch(value.lower()):
        msg = "A colour is # and six digits, such as #1f5fbf."
        raise ValueError(msg)
    return value.lower()


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        msg = "This is not an address mail can be sent from, such as news@northlight.example."
        raise ValueError(msg) from None


ConversionDays = Annotated[int, Field(ge=1, le=90)]
_Short = Annotated[str, Field(max_length=64)]
Zone = Annotated[_Short, AfterValidator(_zone)]
Currency = Annotated[_Short, AfterValidator(_currency)]
Locale = Annotated[_Short, AfterValidator(_locale)]
Colour = Annotated[_Short, AfterValidator(_colour)]
_Address = Annotated[str, Field(max_length=254), Storable, AfterValidator(_address)]
_Prose = Annotated[str, Field(max_length=500), Storable]


class WorkspaceIn(Schema):
    """A new workspace. `sandbox` is for life."""

    name: Line
    sandbox: bool = False
    currency: Currency = "USD"
    zone: Zone = "UTC"
    locale: Locale = "en"


class WorkspaceSettings(Schema):
    """What can be changed about a workspace later."""

    name: Line
    currency: Currency
    zone: Zone
    locale: Locale
    conversion_days: Annotated[ConversionDays | None, Blank] = Field(
        default=None, description="Days after a click within which an order is credited to it; left out, it stays as it is."
    )


class WorkspaceOut(Schema):
    """A workspace."""

    id: int
    name: str
    slug: str
    sandbox: bool
    currency: str
    zone: str
    locale: str
    conversion_days: int
    created_at: datetime


class BrandIn(Schema):
    """A brand. Zone and currency fall back to the workspace's."""

    name: Line
    colour: Annotated[Colour | None, Blank] = None
    accent: Annotated[Colour | None, Blank] = None
    from_name: OptionalLine = None
    from_email: Annotated[_Address | None, Blank] = None
    reply_to: Annotated[_Address | None, Blank] = None
    postal_address: Annotated[_Prose | None, Blank] = None
    zone: Annotated[Zone | None, Blank] = None
    currency: Annotated[Currency | None, Blank] = None


class BrandOut(BrandIn):
    """A brand as kept; `logo` is the address of its picture."""

    id: int
    logo: str | None = None
    created_at: datetime
