"""Why a row was not taken: the kinds people filter by, the reasons they read, and the file they get back."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST_FOUND = 200
"""Characters kept of the value that did not fit."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Kind(StrEnum):
    """Groups of reasons, each a filter on the page."""

    ADDRESS = "address"
    TWICE = "twice"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    PHONE = "phone"
    COUNTRY = "country"
    VALUE = "value"
    COLUMNS = "columns"
    KEY = "key"
    CONFLICT = "conflict"
    LENGTH = "length"
    QUOTES = "quotes"
    CHARACTERS = "characters"


LABELS = {
    Kind.ADDRESS: "Address not valid",
    Kind.TWICE: "Twice in the file",
    Kind.NUMBER: "Number not readable",
    Kind.DATE: "Date not readable",
    Kind.BOOLEAN: "Yes or no not readable",
    Kind.PHONE: "Phone not valid",
    Kind.COUNTRY: "Country not known",
    Kind.VALUE: "Value not known",
    Kind.COLUMNS: "Wrong number of columns",
    Kind.KEY: "Nothing to know it by",
    Kind.CONFLICT: "Belongs to another",
    Kind.LENGTH: "Too long",
    Kind.QUOTES: "Quotes do not match",
    Kind.CHARACTERS: "Character that cannot be kept",
}


class Unreadable(ValueError):  # noqa: N818 (an answer, not an error)
    """A cell that is not what its column should hold."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken. `line` counts lines of the file from 1; `column` is empty when it is about the whole row."""

    line: int
    column: str
    found: str
    kind: Kind
    reason: str
    row: tuple[str, ...] = ()


def reject(line: int, column: str, found: str, why: Unreadable, row: Sequence[str] = ()) -> Reject:
    """Return a Reject; the value found is shortened, and stripped of what PostgreSQL cannot keep."""
    short = found if len(found) <= LONGEST_FOUND else found[: LONGEST_FOUND - 1] + "…"
    return Reject(line, column, short.replace("\0", "␀") or "(empty)", why.kind, why.reason, tuple(v.replace("\0", "␀") for v in row))


def safe_cell(value: str) -> str:
    """Return a cell that no spreadsheet runs as a formula: an apostrophe goes before `= + - @`, tab and return.

    Plain numbers such as -12.50 stay as they are. `plain_cell` takes the apostrophe off again.
    """
    if value.startswith(_FORMULA) and not _is_plain_number(value):
        return "'" + value
    return value


def plain_cell(value: str) -> str:
    """Undo `safe_cell`, so that a file of ours can be read back."""
    return value[1:] if value.startswith("'") and value[1:2] in _FORMULA and len(value) > 1 else value


def _is_plain_number(value: str) -> bool:
    digits = value[1:].replace(".", "", 1)
    return value[0] in "+-" and digits.isascii() and digits.isdigit()


OURS = ("fairlead_line", "fairlead_column", "fairlead_found", "fairlead_reason")
"""Headings of the columns added to the file of rejects; the mapping leaves them out when that file comes back corrected."""


def to_csv(heading: Sequence[str], rejects: Iterable[Reject]) -> Iterator[str]:
    """Yield the file of rejects, line by line: where, what, why, and the row as it was, ready to be corrected and sent again."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([*OURS, *map(safe_cell, heading)])
    for found in rejects:
        writer.writerow([found.line, safe_cell(found.column), safe_cell(found.found), found.reason, *map(safe_cell, found.row)])
        if buffer.tell() > 64 * 1024:
            yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
