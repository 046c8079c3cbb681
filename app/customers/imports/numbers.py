"""Numbers as people write them. What could be read in two ways is refused with the reading that seems meant."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from app.customers.imports.rejects import Kind, Unreadable

Mark = Literal["point", "comma"]
"""The decimal mark of a column."""
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,12})?")
_SIGNS = "$€£¥₹₽₺₩₴ zł"
_SHAPE = {
    "point": re.compile(r"([+-]?)([1-9][0-9]{0,2}(?:,[0-9]{3})+(?=\.[0-9]|$)|[0-9]+)?(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,2}))?"),
    "comma": re.compile(r"([+-]?)([1-9][0-9]{0,2}(?:[. ][0-9]{3})+(?=,[0-9]|$)|[0-9]+)?(?:,([0-9]+))?(?:[eE]([+-]?[0-9]{1,2}))?"),
}
_ONLY = r"[+-]?(?:(?:[0-9]{1,3}(?:G[0-9]{3})+|[0-9]+)D(?:[0-9]{1,2}|[0-9]{4,})|0D[0-9]+|[0-9]{1,3}(?:G[0-9]{3})+D[0-9]+|[0-9]{1,3}(?:G[0-9]{3}){2,})"
"""A number that can be read one way only, given its decimal mark D and what groups its digits, G."""
_ONLY_COMMA = re.compile(_ONLY.replace("G", "[. ]").replace("D", ","))
_ONLY_POINT = re.compile(_ONLY.replace("G", ",").replace("D", r"\."))
LARGEST = 10**15
_LONGEST = 40
"""Characters of a number; more is an id, or a mistake."""


def read_number(value: str, mark: Mark = "point") -> str | None:
    """Return a number as JSON writes it (`1204.5`), None for an empty one. Raises Unreadable."""
    text = value.strip()
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        if mark == "comma" and re.fullmatch(r"-?[0-9]{1,3}\.[0-9]{3}", text):
            return text.replace(".", "")
        return text if text != "-0" else "0"
    if text.startswith(("=", "@")):
        raise Unreadable(Kind.NUMBER, "Formulas are not read")
    if len(text) > _LONGEST:
        raise Unreadable(Kind.NUMBER, f"{len(text):,} characters; a number has {_LONGEST} at most")
    found = _SHAPE[mark].fullmatch(_bare(text))
    if found is None or not (found[2] or found[3]):
        raise Unreadable(Kind.NUMBER, _hint(text, mark))
    number = _json(found[1], found[2] or "0", found[3] or "", found[4])
    if abs(Decimal(number)) > LARGEST:
        raise Unreadable(Kind.NUMBER, "This number is too large")
    return number


def read_money(value: str, decimals: int, mark: Mark = "point") -> str | None:
    """Return an amount in minor units: 12.50 with two decimals is 1250; None for an empty one. Raises Unreadable."""
    number = read_number(value, mark)
    if number is None:
        return None
    minor = Decimal(number).scaleb(decimals)
    if minor != minor.to_integral_value():
        raise Unreadable(Kind.NUMBER, f"More decimals than the currency has, {decimals}")
    if abs(minor) > LARGEST:
        raise Unreadable(Kind.NUMBER, "This amount is too large")
    return str(int(minor))


def guess_mark(values: Iterable[str]) -> Mark:
    """Return the decimal mark of a column: a comma only if some value can be read no other way, and none contradicts it."""
    commas = points = 0
    for value in values:
        text = _bare(value)
        commas += bool(_ONLY_COMMA.fullmatch(text))
        points += bool(_ONLY_POINT.fullmatch(text))
    return "comma" if commas > points * 20 else "point"


def _bare(text: str) -> str:
    """Return the text without currency signs and the spaces and apostrophes that group digits."""
    sign, rest = (text[0], text[1:]) if text[:1] in "+-−" and text else ("", text)
    rest = rest.strip().strip(_SIGNS).replace("\u00a0", " ").replace("\u202f", " ")
    rest = rest.replace("'", "").replace("’", "") if re.fullmatch(r"[0-9]{1,3}(['’][0-9]{3})+([.,][0-9]+)?", rest) else rest
    rest = rest.replace(" ", "") if re.fullmatch(r"[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?", rest) else rest
    return sign.replace("−", "-") + rest


def _json(sign: str, whole: str, fraction: str, exponent: str | None) -> str:
    digits = re.sub(r"[,. ]", "", whole).lstrip("0") or "0"
    text = digits + (f".{fraction}" if fraction else "") + (f"e{int(exponent)}" if exponent else "")
    return f"-{text}" if sign == "-" and text.strip("0.") else text


def _hint(text: str, mark: Mark) -> str:
    """Return what to say about something that is not a number here; if it is one elsewhere, how that would be written."""
    other: Mark = "comma" if mark == "point" else "point"
    found = _SHAPE[other].fullmatch(_bare(text))
    if found is None or not (found[2] or found[3]):
        return "Not a number"
    whole = int(re.sub(r"[,. ]", "", found[2] or "0"))
    reading = f"{found[1]}{whole:,}" + (f".{found[3]}" if found[3] else "")
    return f"Not a number here. Is it {reading if mark == 'point' else reading.translate({44: 46, 46: 44})}?"
