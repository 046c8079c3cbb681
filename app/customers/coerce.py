"""The one place where a value given by a person, a program or a file becomes what is kept. Pure.

The readers of cells of the import do the reading; here stands which one a field takes, and what else it asks.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from app.customers.imports.addresses import read_address
from app.customers.imports.cells import LONGEST_TAG, MOST_TAGS, read_boolean, read_language, read_zone
from app.customers.imports.countries import read_country
from app.customers.imports.dates import read_date, read_datetime
from app.customers.imports.numbers import read_number
from app.customers.imports.phones import read_phone
from app.customers.values import FieldInfo

LONGEST_LINE, LONGEST_TEXT = 200, 10_000
"""Characters of a profile field, and of a custom text."""
MOST = 10**15
"""The largest number kept, and the most minor units of money."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_HINTS = {
    "No @ sign": "An address needs an @, as in ada@northlight.example.",
    "No domain ending": "The part after @ needs an ending, such as northlight.example.",
    "Nothing after the @ sign": "Something must stand after the @, such as northlight.example.",
    "Nothing before the @ sign": "Something must stand before the @.",
}

Kept = str | int | float | bool | date | list[str]


@dataclass(frozen=True, slots=True)
class Place:
    """What reading depends on: the workspace's zone and currency."""

    zone: str = "UTC"
    currency: str = "USD"


def coerce(info: FieldInfo, value: object, place: Place | None = None) -> Kept | None:
    """Return `value` as `info` keeps it (see `values`), None where it is blank. Raises ValueError with the reason.

    Text is read as people write it (`1,204.50`, `21 Nov 2026`, `yes`); other values must have the field's own JSON type. Money as a
    number is in minor units, as text in major ones (`12.50`).
    """
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return None
    if any(isinstance(text, str) and _UNSTORABLE.search(text) for text in (value if isinstance(value, list) else (value,))):
        raise ValueError("This holds a character that cannot be stored.")
    kept = _READ[info.type](info, value, place or Place())
    if info.choices:
        _check_choices(info, kept if isinstance(kept, list) else [kept])
    return kept


def coerce_all(
    infos: Mapping[str, FieldInfo], given: Mapping[str, Any], place: Place, prefix: str = ""
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what each of `given` (by path without `prefix`) is kept as, and why those that do not fit do not."""
    kept: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in given.items():
        info = infos.get(prefix + name)
        if info is None:
            errors[prefix + name] = "There is no such field."
            continue
        try:
            kept[name] = coerce(info, value, place)
        except ValueError as problem:
            errors[prefix + name] = sentence(problem)
    return kept, errors


def sentence(problem: ValueError) -> str:
    """Return the reason as a sentence."""
    reason = str(problem)
    return _HINTS.get(reason) or (reason if reason.endswith((".", "?")) else reason + ".")


def as_text(info: FieldInfo, value: Any, place: Place) -> str:
    """Return a kept value as a person would type it into the form: what `coerce` reads back as the same."""
    if value is None:
        return ""
    if info.type == "money" and isinstance(value, int):
        return str(Decimal(value).scaleb(-decimals(place.currency)))
    if info.type == "datetime":
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.astimezone(ZoneInfo(place.zone)).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _check_choices(info: FieldInfo, kept: Iterable[Any]) -> None:
    for one in kept:
        if one not in info.choices:
            shown = ", ".join(info.choices[:20]) + (", …" if len(info.choices) > 20 else "")  # noqa: PLR2004 (more is no help)
            raise ValueError(f"“{one}” is not one of: {shown}.")


def _text(info: FieldInfo, value: object, _place: Place) -> str:
    if not isinstance(value, str):
        raise ValueError("This must be text.")  # noqa: TRY004 (one kind of refusal for all)
    reader = _PROFILE.get(info.path)
    if reader is not None:
        return reader(value) or ""
    text = value.strip()
    longest = LONGEST_LINE if info.source == "profile" else LONGEST_TEXT
    if len(text) > longest:
        raise ValueError(f"{len(text):,} characters; {longest:,} are the most.")
    return text


def _number(_info: FieldInfo, value: object, _place: Place) -> int | float:
    if isinstance(value, str):
        value = json.loads(read_number(value) or "0")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("This must be a number.")  # noqa: TRY004
    if not abs(value) <= MOST:
        raise ValueError("This number is too large.")
    return int(value) if value == int(value) else value


def _money(_info: FieldInfo, value: object, place: Place) -> int:
    if isinstance(value, str):
        minor = Decimal(read_number(value) or "0").scaleb(decimals(place.currency))
        if minor != minor.to_integral_value():
            raise ValueError(f"{place.currency} has no smaller part than {Decimal(1).scaleb(-decimals(place.currency))}.")
        value = int(minor)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Money is a whole number of minor units: 12.50 dollars are 1250.")  # noqa: TRY004
    if abs(value) > MOST:
        raise ValueError("This amount is too large.")
    return value


def _boolean(_info: FieldInfo, value: object, _place: Place) -> bool:
    if isinstance(value, str):
        return read_boolean(value) == "true"
    if not isinstance(value, bool):
        raise ValueError("This must be true or false.")  # noqa: TRY004
    return value


def _date(info: FieldInfo, value: object, _place: Place) -> date | str:
    if isinstance(value, date) and not isinstance(value, datetime):
        found = value.isoformat()
    elif isinstance(value, str):
        found = read_date(value) or ""
    else:
        raise ValueError("This must be a date, such as 2026-11-21.")  # noqa: TRY004
    return found if info.source == "custom" else date.fromisoformat(found)


def _datetime(_info: FieldInfo, value: object, place: Place) -> str:
    if isinstance(value, datetime) and value.tzinfo:
        value = value.isoformat()
    if not isinstance(value, str):
        raise ValueError("This must be a time, such as 2026-11-21T10:50:00Z.")  # noqa: TRY004
    found = datetime.fromisoformat(read_datetime(value, zone=place.zone) or "")
    return found.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _list(info: FieldInfo, value: object, _place: Place) -> list[str]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple) or any(not isinstance(entry, str) for entry in entries):
        raise ValueError("This must be a list of texts.")
    parts = list(dict.fromkeys(part for part in (entry.strip() for entry in entries) if part))
    if len(parts) > MOST_TAGS:
        raise ValueError(f"{len(parts):,} entries; {MOST_TAGS} are the most.")
    for part in parts:
        if len(part) > LONGEST_TAG:
            raise ValueError(f"“{part[:20]}…” has {len(part)} characters; {LONGEST_TAG} are the most.")
        if info.source == "tags" and ("," in part or "|" in part):
            raise ValueError(f"“{part}”: a tag has no comma and no bar.")
    return parts


_READ: dict[str, Callable[[FieldInfo, object, Place], Kept]] = {
    "text": _text,
    "number": _number,
    "money": _money,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "list": _list,
}
_PROFILE: dict[str, Callable[[str], str | None]] = {
    "email": read_address,
    "phone": read_phone,
    "country": read_country,
    "language": read_language,
    "zone": read_zone,
    "stage": lambda value: value.strip().lower(),
}


@cache
def decimals(currency: str) -> int:
    """Return how many digits the smallest part of a currency has: 2 for dollars, 0 for yen."""
    return int(get_currency_precision(currency))
