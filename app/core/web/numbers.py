"""Numbers and money as people read them (DESIGN §6). Pure: a locale in, text out; `–` where a value is missing."""

import re
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern, get_currency_precision, get_currency_symbol, parse_pattern

NARROW = "\u202f"
"""Narrow no-break space, between a number and its unit."""
MINUS = "\u2212"
MISSING = "–"
Number = int | float | Decimal

_TWO_PLACES_UNDER = 2
_WHOLE = 100
_KILO = 1000
_SMALLEST_P = 0.0001


@lru_cache(maxsize=64)
def known_locale(name: str) -> Locale:
    """Return Babel's data for a locale such as `en`, `de_DE` or `pt-BR`; English for one that Babel does not know."""
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


@lru_cache(maxsize=256)
def _pattern(kind: str, locale: str, places: int) -> NumberPattern:
    """Return the locale's pattern (its grouping, its place for signs) for `decimal` or `currency`, with a fixed count of decimals."""
    known = known_locale(locale)
    usual = known.decimal_formats[None] if kind == "decimal" else known.currency_formats["standard"]
    decimals = "." + "0" * places if places else ""
    signs = (re.sub(r"([#0,]*0)(\.[#0]*)?", rf"\g<1>{decimals}", part, count=1) for part in usual.pattern.split(";"))
    return parse_pattern(";".join(signs))


def decimal(value: Number | None, places: int, locale: str = "en") -> str:
    """Return a number with a fixed count of decimals: `1,204.50`."""
    if value is None:
        return MISSING
    written: str = _pattern("decimal", locale, places).apply(value, known_locale(locale))
    return written.replace("-", MINUS)


def count(value: int | None, locale: str = "en") -> str:
    """Return a count, exact: `48,210`."""
    return decimal(value, 0, locale)


def short(value: int | None, locale: str = "en") -> str:
    """Return a count for outside of tables: exact below a million, then `1.2 M`, `3.4 G`. Show the exact one on hover."""
    if value is None or abs(value) < _KILO**2:
        return count(value, locale)
    unit_size, unit = (_KILO**3, "G") if abs(value) >= _KILO**3 else (_KILO**2, "M")
    return f"{decimal(Decimal(value) / unit_size, 1, locale)}{NARROW}{unit}"


def _percent_places(percent: float | Decimal) -> int:
    size = abs(float(percent))
    if round(size, 2) < _TWO_PLACES_UNDER:
        return 2
    return 1 if size <= _WHOLE else 0


def _percent(value: Number, locale: str) -> str:
    if value in {0, _WHOLE}:
        return f"{value:.0f}{NARROW}%"
    places = _percent_places(value)
    if 0 < value < _WHOLE and round(value, places) in {0, _WHOLE}:
        edge = f"<{NARROW}{decimal(0.01, 2, locale)}" if value < 1 else f">{NARROW}{decimal(99.9, 1, locale)}"
        return f"{edge}{NARROW}%"
    return f"{decimal(value, places, locale)}{NARROW}%"


def percent(part: Number | None, whole: Number | None, locale: str = "en") -> str:
    """Return a share: `18.3 %`, two decimals under 2 %, none over 100 %; `–` of nothing.

    What is not nothing never reads `0 %` (`< 0.01 %`), and what is not all never `100 %` (`> 99.9 %`).
    """
    if part is None or not whole:
        return MISSING
    return _percent(Decimal(str(part)) * _WHOLE / Decimal(str(whole)), locale)


def rate(value: Number | None, locale: str = "en") -> str:
    """Return a fraction (0.183) as percent (`18.3 %`), by the rules of `percent`."""
    return MISSING if value is None else _percent(Decimal(str(value)) * _WHOLE, locale)


def share(part: int | None, whole: int | None, locale: str = "en") -> str:
    """Return what stands beneath a percentage: `3,894 of 21,307`."""
    return f"{count(part, locale)} of {count(whole, locale)}"


def interval(low: Number | None, high: Number | None, places: int = 2, locale: str = "en") -> str:
    """Return an interval of plain numbers: `0.30 to 1.24`."""
    if low is None or high is None:
        return MISSING
    return f"{decimal(low, places, locale)} to {decimal(high, places, locale)}"


def rate_interval(low: Number | None, high: Number | None, locale: str = "en") -> str:
    """Return an interval of fractions as percent, both ends with the decimals of the upper: `37.8 % – 38.6 %`."""
    if low is None or high is None:
        return MISSING
    ends = [Decimal(str(end)) * _WHOLE for end in (low, high)]
    places = _percent_places(ends[1])
    return " – ".join(f"{decimal(end, places, locale)}{NARROW}%" for end in ends)


def p_value(value: float | None, locale: str = "en") -> str:
    """Return a p-value with two significant digits: `0.030`, `< 0.0001`."""
    if value is None:
        return MISSING
    if value < _SMALLEST_P:
        return f"<{NARROW}{decimal(_SMALLEST_P, 4, locale)}"
    places = max(2, 1 - Decimal(str(value)).adjusted()) if value < 1 else 2
    return decimal(value, min(places, 4), locale)


def _arrow(now: Number, was: Number) -> str:
    return "↑" if now > was else "↓"


def change(now: Number | None, was: Number | None, locale: str = "en") -> str:
    """Return how an amount moved: `↑ 16.1 %`. From nothing there is no percentage: `↑ from 0`."""
    if now is None or was is None:
        return ""
    if now == was:
        return "no change"
    if was == 0:
        return f"{_arrow(now, was)} from 0"
    moved = abs(Decimal(str(now)) - Decimal(str(was))) / abs(Decimal(str(was)))
    return f"{_arrow(now, was)} {rate(moved, locale)}"


def points(now: Number | None, was: Number | None, locale: str = "en", *, word: bool = False) -> str:
    """Return how a rate (a fraction) moved, in points with the decimals of the rate: `↑ 0.8`; with `word` `↑ 0.8 points`."""
    if now is None or was is None:
        return ""
    here, there = (Decimal(str(value)) * _WHOLE for value in (now, was))
    places = _percent_places(here)
    moved = round(abs(here - there), places)
    if moved == 0:
        return "no change"
    return f"{_arrow(here, there)} {decimal(moved, places, locale)}{' points' if word else ''}"


def tone(now: Number | None, was: Number | None, better: str = "up") -> str:
    """Return `good` or `bad` for a change of a metric that is better `up` or `down`; nothing where it did not move."""
    if now is None or was is None or now == was:
        return ""
    return "good" if (now > was) == (better == "up") else "bad"


def _amount(minor: Number, currency: str) -> Decimal:
    return Decimal(str(minor)).scaleb(-get_currency_precision(currency))


def _in_currency(value: Decimal, places: int, currency: str, locale: str) -> str:
    known, sign = known_locale(locale), get_currency_symbol(currency, locale=known_locale(locale))
    written: str = _pattern("currency", locale, places).apply(value, known, currency=currency, currency_digits=False)
    if sign[-1].isalpha():  # KWD 4,812.400: letters need a space where a sign does not
        written = re.sub(rf"{re.escape(sign)}(?=\d)", f"{sign}\xa0", written)
    return written.replace("-", MINUS)


def money(minor: int | None, currency: str, locale: str = "en") -> str:
    """Return minor units exactly, as for one person: `$4,812.40`."""
    if minor is None:
        return MISSING
    return _in_currency(_amount(minor, currency), get_currency_precision(currency), currency, locale)


def money_sum(minor: int | None, currency: str, locale: str = "en") -> str:
    """Return minor units as a sum, in whole units: `$39,525`. What is not nothing never reads `$0` (`< $1`)."""
    if minor is None:
        return MISSING
    value = _amount(minor, currency)
    if value and abs(value) < 1:
        return f"{'>' if value < 0 else '<'}{NARROW}{_in_currency(Decimal(1).copy_sign(value), 0, currency, locale)}"
    return _in_currency(value, 0, currency, locale)


def money_mean(total_minor: int | None, people: int | None, currency: str, locale: str = "en") -> str:
    """Return a mean per customer, one decimal finer than the currency: `$1.423`; `–` of nobody."""
    if total_minor is None or not people:
        return MISSING
    return _in_currency(_amount(total_minor, currency) / people, get_currency_precision(currency) + 1, currency, locale)


def money_short(minor: int | None, currency: str, locale: str = "en") -> str:
    """Return minor units for an axis: `$500`, `$20k`, `$1.5M`."""
    if minor is None:
        return MISSING
    value, unit = _amount(minor, currency), ""
    for unit_size, sign in ((_KILO**2, "M"), (_KILO, "k")):
        if abs(value) >= unit_size:
            value, unit = value / unit_size, sign
            break
    places = 0 if value == value.to_integral_value() else 1
    return re.sub(r"(\d)(\D*)$", rf"\g<1>{unit}\g<2>", _in_currency(value, places, currency, locale))


def size(octets: int | None, locale: str = "en") -> str:
    """Return a file's size: `820 B`, `38 KB`, `4.6 MB`, `1.2 GB` (powers of 1,000)."""
    if octets is None:
        return MISSING
    value, unit = Decimal(octets), "B"
    for larger in ("KB", "MB", "GB"):
        if value < _KILO:
            break
        value, unit = value / _KILO, larger
    return f"{decimal(value, 1 if unit in {'MB', 'GB'} else 0, locale)} {unit}"
