"""Countries as ISO 3166 two-letter codes, read from codes and from names in a dozen languages (CLDR, by way of Babel)."""

import unicodedata
from functools import cache

from babel import Locale
from babel.core import get_global

from app.customers.imports.rejects import Kind, Unreadable

_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "ja", "zh")
_ALSO = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "el": "GR",
    "usa": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "united states of america": "US",
    "america": "US",
    "holland": "NL",
    "the netherlands": "NL",
    "eire": "IE",
    "republic of ireland": "IE",
    "czech republic": "CZ",
    "south korea": "KR",
    "korea": "KR",
    "republic of korea": "KR",
    "russian federation": "RU",
    "viet nam": "VN",
    "uae": "AE",
    "hong kong": "HK",
    "macau": "MO",
    "macedonia": "MK",
    "turkey": "TR",
    "ivory coast": "CI",
    "cape verde": "CV",
    "swaziland": "SZ",
    "burma": "MM",
    "channel islands": "JE",
    "rsa": "ZA",
}


def _plain(name: str) -> str:
    """Return a name without case, accents and doubled spaces."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


@cache
def _codes() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}:  # noqa: PLR2004
                names.setdefault(_plain(name), code)
                names[code.lower()] = code
    for old, new in get_global("territory_aliases").items():
        if len(old) == 3 and old.isalpha() and len(new) == 1 and new[0].lower() in names:  # noqa: PLR2004 (three-letter codes)
            names.setdefault(old.lower(), new[0])
    return names | _ALSO


def read_country(value: str) -> str | None:
    """Return the two-letter code of a country given by code or name, None for an empty one. Raises Unreadable."""
    text = _plain(value)
    if not text:
        return None
    code = _codes().get(text)
    if code is None:
        raise Unreadable(Kind.COUNTRY, "Not a country known here; two letters such as US always are")
    return code
