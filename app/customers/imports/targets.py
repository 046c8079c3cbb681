"""Where a column may go: the fields of a customer, their usual names in files, and how each cell is read."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from app.customers.imports.addresses import read_address
from app.customers.imports.cells import Reader, read_language, read_stage, read_tags, read_text, read_zone
from app.customers.imports.countries import read_country
from app.customers.imports.phones import read_phone

TYPES = {
    "text": "Text",
    "number": "Number",
    "boolean": "Yes or no",
    "date": "Date",
    "datetime": "Date and time",
    "list": "List",
}
"""Types a new custom field may have."""
LINE = 200
"""Characters of a name, a city and the like."""


@dataclass(frozen=True, slots=True)
class Target:
    """A field of a customer or an order. `names` are usual headings, plain (see `plain`).

    `read` is None where the column's style decides: the order of day and month, the decimal mark (`type` says which).
    """

    key: str
    label: str
    names: tuple[str, ...]
    read: Reader | None
    type: str = "text"


def _line(key: str, label: str, *names: str) -> Target:
    return Target(key, label, names, partial(read_text, longest=LINE))


TARGETS = {
    target.key: target
    for target in (
        Target("email", "E-mail address", ("email", "mail", "email address", "customer email", "courriel", "correo"), read_address),
        _line(
            "external_id",
            "External id",
            "external id",
            "externalid",
            "customer id",
            "customerid",
            "id",
            "user id",
            "contact id",
            "kundennummer",
        ),
        Target(
            "phone", "Phone", ("phone", "phone number", "mobile", "mobile phone", "telephone", "tel", "cell", "telefon", "sms"), read_phone
        ),
        _line("first_name", "First name", "first name", "firstname", "given name", "forename", "fname", "vorname", "prenom", "nombre"),
        _line("last_name", "Last name", "last name", "lastname", "surname", "family name", "lname", "nachname", "nom", "apellido"),
        _line("full_name", "Full name", "name", "full name", "fullname", "customer name", "contact name", "display name"),
        _line("company", "Company", "company", "company name", "organisation", "organization", "employer", "firma"),
        _line("job_title", "Job title", "job title", "jobtitle", "job", "position"),
        Target("country", "Country", ("country", "country code", "country name", "land", "pays", "pais"), read_country),
        _line("region", "Region", "region", "state", "province", "county", "state province", "bundesland"),
        _line("city", "City", "city", "town", "ort", "stadt", "ville", "ciudad"),
        _line("postcode", "Postcode", "postcode", "zip", "zip code", "zipcode", "postal code", "plz", "code postal"),
        Target("language", "Language", ("language", "lang", "locale", "language code", "sprache"), read_language),
        Target("zone", "Time zone", ("time zone", "timezone", "tz", "zone"), read_zone),
        Target(
            "birthday",
            "Birthday",
            ("birthday", "date of birth", "birth date", "birthdate", "dob", "geburtstag", "geburtsdatum"),
            None,
            "date",
        ),
        _line("gender", "Gender", "gender", "sex", "geschlecht"),
        Target("stage", "Stage", ("stage", "lifecycle stage", "lifecycle"), read_stage),
        Target("tags", "Tags", ("tags", "tag", "labels", "schlagworte"), read_tags),
    )
}
"""In the order in which pages list them."""
KEYS = ("external_id", "email", "phone")
"""What a customer is known by, the strongest first."""
_LONGEST_KEY = 63


def plain(name: str) -> str:
    """Return a heading in lower case, without accents, with one space between words: `E-Mail_Address` becomes `e mail address`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    letters = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", letters))


def known(name: str, targets: Mapping[str, Target] = TARGETS) -> str | None:
    """Return the target that a heading names, or None."""
    words = plain(name)
    for form in (words, words.replace("e mail", "email"), words.replace(" ", "")):
        for target in targets.values():
            if form in target.names:
                return target.key
    return None


def field_key(name: str) -> str:
    """Return the key of a custom field for a heading: `History, $` becomes `history`; a heading without Latin letters keeps its own."""
    key = plain(name).replace(" ", "_")
    if not key:
        key = "_".join(re.findall(r"\w+", name.casefold())) or "field"
    return (key if not key[0].isdigit() else f"f_{key}")[:_LONGEST_KEY].rstrip("_")


def field_label(name: str) -> str:
    """Return the label of a custom field for a heading: `history_usd` becomes `History usd`."""
    words = " ".join(re.sub(r"[_\s]+", " ", name).split())
    return (words[:1].upper() + words[1:])[:LINE]
