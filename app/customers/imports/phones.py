"""Telephone numbers: E.164 where that can be known, else the digits as given."""

import re
from functools import lru_cache

import phonenumbers

from app.customers.imports.rejects import Kind, Unreadable

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_DRESS = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_DIGITS = re.compile(r"\+?[0-9]+")
_FEWEST, _MOST = 4, 15
_LONGEST = 60
"""Characters of a number that is worth remembering."""


def read_phones(values: list[str]) -> list[str | None]:
    """Return each number that is in E.164 already; None for an empty one, and for one that `read_phone` must look at."""
    match = _E164.fullmatch
    return [v if match(v) else None for v in [value.strip() for value in values]]


def read_phone(value: str, country: str | None = None) -> str | None:
    """Return a number in E.164 where its country is known, by `+`, `00` or `country` (two letters), else its digits; None for an empty one.

    Raises Unreadable.
    """
    text = value.strip()
    if not text:
        return None
    return _read(text, country) if len(text) <= _LONGEST else _read.__wrapped__(text, country)


@lru_cache(maxsize=4096)
def _read(text: str, country: str | None) -> str:
    if text.startswith(("=", "@")):
        raise Unreadable(Kind.PHONE, "Formulas are not read")
    digits = _DRESS.sub("", text.replace("(0)", "", 1) if text.startswith(("+", "00")) else text)
    digits = "+" + digits[2:] if digits.startswith("00") else digits
    if not _DIGITS.fullmatch(digits):
        raise Unreadable(Kind.PHONE, "Letters in the number" if any(c.isalpha() for c in text) else "A character that numbers do not have")
    count = len(digits.lstrip("+"))
    if not _FEWEST <= count <= _MOST:
        raise Unreadable(Kind.PHONE, f"{count} digits; a number has {_FEWEST} to {_MOST}")
    if digits.startswith("+"):
        return _international(digits)
    return (_national(digits, country) if country else None) or digits


def _international(digits: str) -> str:
    if not _E164.fullmatch(digits):
        raise Unreadable(Kind.PHONE, "No country code begins so" if digits.startswith("+0") else "Too few digits after the +")
    return digits


def _national(digits: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
