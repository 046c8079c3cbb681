"""Cells of each type: what the text in a file becomes, and what type a column seems to hold."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as quote
from zoneinfo import available_timezones

from app.customers.imports.dates import Order, guess_order, read_date, read_datetime
from app.customers.imports.numbers import Mark, guess_mark, read_money, read_number
from app.customers.imports.rejects import Kind, Unreadable, plain_cell

LONGEST_TEXT = 10_000
"""Characters of a custom text."""
LONGEST_TAG = 100
MOST_TAGS = 100
STAGES = ("subscriber", "lead", "mql", "sql", "customer", "evangelist")
_TRUE = frozenset(["true", "yes", "y", "t", "on", "1", "ja", "oui", "si", "sí", "sim", "tak"])
_FALSE = frozenset(["false", "no", "n", "f", "off", "0", "nein", "non", "não", "nie"])
_SPLIT = re.compile(r"[|;,]")
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{2,8})*", re.IGNORECASE)
_ID_LIKE = re.compile(r"[+-]?0[0-9]+|[0-9]{16,}")
"""Digits that are a name, not an amount: 00123, or more of them than a float keeps apart."""
_MOSTLY = 0.98
"""Of the values seen, how many must be of a type for the column to be of it; the rest is rejected with its reason."""

Reader = Callable[[str], str | None]
"""Text of a cell to what is stored; None for an empty cell. Raises Unreadable."""


def read_text(value: str, longest: int = LONGEST_TEXT) -> str | None:
    """Return text without the space around it. Formulas stay as the text they are."""
    text = plain_cell(value.strip())
    if len(text) > longest:
        raise Unreadable(Kind.LENGTH, f"{len(text):,} characters; {longest:,} are the most")
    return text or None


def read_boolean(value: str) -> str | None:
    """Return `true` or `false`."""
    word = value.strip().casefold()
    if not word:
        return None
    if word in _TRUE:
        return "true"
    if word in _FALSE:
        return "false"
    raise Unreadable(Kind.BOOLEAN, "Neither yes nor no; write true or false")


def read_list(value: str) -> list[str]:
    """Return what stands between bars, semicolons and commas: each once, in the order given."""
    parts = list(dict.fromkeys(part for part in (plain_cell(p.strip()) for p in _SPLIT.split(value)) if part))
    if len(parts) > MOST_TAGS:
        raise Unreadable(Kind.LENGTH, f"{len(parts):,} entries; {MOST_TAGS} are the most")
    long = max(map(len, parts), default=0)
    if long > LONGEST_TAG:
        raise Unreadable(Kind.LENGTH, f"An entry of {long:,} characters; {LONGEST_TAG} are the most")
    return parts


def read_tags(value: str) -> str | None:
    """Return tags as a PostgreSQL array."""
    parts = read_list(value)
    return "{" + ",".join('"' + p.replace("\\", "\\\\").replace('"', '\\"') + '"' for p in parts) + "}" if parts else None


def read_language(value: str) -> str | None:
    """Return a language tag such as `en` or `pt-br`."""
    text = value.strip()
    if text and not _LANGUAGE.fullmatch(text):
        raise Unreadable(Kind.VALUE, "Not a language code; write en or pt-BR")
    return text.replace("_", "-") or None


_ZONES = {name.casefold(): name for name in available_timezones()}


def read_zone(value: str) -> str | None:
    """Return the name of a time zone."""
    text = value.strip()
    if not text:
        return None
    found = _ZONES.get(text.casefold().replace(" ", "_"))
    if found is None:
        raise Unreadable(Kind.VALUE, "Not a time zone; write Europe/Berlin")
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """What reading depends on: the workspace's zone, and how many decimals its currency has."""

    zone: str = "UTC"
    decimals: int = 2


def json_reader(kind: str, style: str = "", place: Place = Place(), choices: Collection[str] = ()) -> Reader:
    """Return how a custom field's cell becomes JSON; `style` is the decimal mark, or the order of day and month."""
    mark: Mark = "comma" if style == "comma" else "point"
    if kind == "number":
        return lambda value: read_number(value, mark)
    if kind == "money":
        return lambda value: read_money(value, place.decimals, mark)
    if kind == "boolean":
        return read_boolean
    if kind == "date":
        return _quoted(lambda value: read_date(value, _order(style)))
    if kind == "datetime":
        return _quoted(lambda value: read_datetime(value, _order(style), place.zone))
    if kind == "list":
        return lambda value: f"[{','.join(map(quote, parts))}]" if (parts := _chosen(read_list(value), choices)) else None
    return _quoted(lambda value: text if (text := read_text(value)) is None else _chosen([text], choices)[0])


def _chosen(entries: list[str], choices: Collection[str]) -> list[str]:
    """Return the entries. Raises Unreadable where one is not among the choices, if there are any."""
    for entry in entries:
        if choices and entry not in choices:
            shown = ", ".join(list(choices)[:8]) + (", …" if len(choices) > 8 else "")  # noqa: PLR2004 (enough to see the kind)
            raise Unreadable(Kind.VALUE, f"Not one of: {shown}")
    return entries


def read_stage(value: str) -> str | None:
    """Return a stage of life."""
    text = value.strip().lower()
    return _chosen([text], STAGES)[0] if text else None


def guess(values: Sequence[str]) -> tuple[str, str]:
    """Return the type a column seems to hold, and its style. `values` are not empty; columns of 0 and 1 are numbers."""
    if not values:
        return "text", ""
    mark = guess_mark(values)
    order = guess_order(values)
    if sum(bool(_ID_LIKE.fullmatch(v)) for v in values) <= len(values) * (1 - _MOSTLY) and _mostly(values, lambda v: read_number(v, mark)):
        return "number", "comma" if mark == "comma" else ""
    if _mostly(values, read_boolean):
        return "boolean", ""
    if order is not None and _mostly(values, lambda v: read_date(v, order)):
        timed = sum(":" in v for v in values) > len(values) / 2
        return ("datetime" if timed else "date"), order
    return "text", ""


def _mostly(values: Iterable[str], read: Reader) -> bool:
    good = bad = 0
    for value in values:
        try:
            read(value)
        except Unreadable:
            bad += 1
            if bad > 20 and good < bad:  # noqa: PLR2004 (enough to know)
                return False
        else:
            good += 1
    return good >= (good + bad) * _MOSTLY


def _quoted(read: Reader) -> Reader:
    def literal(value: str) -> str | None:
        text = read(value)
        return None if text is None else quote(text)

    return literal


def _order(style: str) -> Order:
    return "dmy" if style == "dmy" else "mdy" if style == "mdy" else ""
