"""Whole columns at once: the hot path. A reader is asked once per different value, addresses and phones by one pattern for the many."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quote

from app.customers.imports.addresses import read_address, read_addresses
from app.customers.imports.cells import LONGEST_TEXT, Place, Reader, json_reader, read_text
from app.customers.imports.dates import read_date
from app.customers.imports.mapping import Column
from app.customers.imports.phones import read_phone, read_phones
from app.customers.imports.rejects import Unreadable
from app.customers.imports.targets import LINE, TARGETS

_MOST_KEPT = 50_000
"""Different values a memo keeps from chunk to chunk."""
_MOST_CHARACTERS = 4_000_000
"""Characters of these values, all together: a file of long cells would else be kept whole."""


@dataclass(slots=True)
class Read:
    """A column read: what is stored for each row (None: empty or unreadable), and why by row."""

    values: list[str | None]
    faults: dict[int, Unreadable] = field(default_factory=dict)


_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
Converter = Callable[[Sequence[str]], Read]


class Memo(dict[str, "str | None"]):
    """Answers of a reader by the text asked for; faults are kept aside."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self.read = read
        self.faults: dict[str, Unreadable] = {}
        self.characters = 0

    def __missing__(self, text: str) -> str | None:
        try:
            value = self.read(text)
        except Unreadable as why:
            self.faults[text] = why
            value = None
        self[text] = value
        self.characters += len(text)
        return value

    def __call__(self, cells: Sequence[str]) -> Read:
        """Read a column."""
        if len(self) > _MOST_KEPT or self.characters > _MOST_CHARACTERS:
            self.clear()
            self.faults.clear()
            self.characters = 0
        values = list(map(self.__getitem__, cells))
        faults = self.faults
        return Read(values, {i: faults[cell] for i, cell in enumerate(cells) if cell in faults} if faults else {})


def converter(column: Column, place: Place) -> Converter:
    """Return how to read a column that goes somewhere. Custom fields become `"key":value` of a JSON object."""
    key = column.field
    if key is not None:
        prefix = f"{quote(key)}:"
        if column.type == "text" and not column.choices:
            return lambda cells: _texts(cells, LONGEST_TEXT, prefix)
        return Memo(_prefixed(prefix, json_reader(column.type, column.style, place, column.choices)))
    if column.target == "email":
        return lambda cells: _slowly(cells, read_addresses(list(cells)), read_address)
    if column.target == "phone":
        return lambda cells: _slowly(cells, read_phones(list(cells)), read_phone)
    if column.target == "birthday":
        return Memo(lambda value: read_date(value, "dmy" if column.style == "dmy" else "mdy" if column.style == "mdy" else ""))
    read = TARGETS[column.target or ""].read
    if column.target in {"country", "tags", "language", "zone", "stage"} and read is not None:
        return Memo(read)
    return lambda cells: _texts(cells, LINE)


def _slowly(cells: Sequence[str], values: list[str | None], read: Reader) -> Read:
    """Ask the slow reader about those that the fast one left."""
    faults = {}
    for i, value in enumerate(values):
        if value is None and cells[i]:
            try:
                values[i] = read(cells[i])
            except Unreadable as why:
                faults[i] = why
    return Read(values, faults)


def _texts(cells: Sequence[str], longest: int, prefix: str | None = None) -> Read:
    """Read free text; without a prefix it is one line. Tests on all cells together spare tests on each."""
    texts = [cell.strip() for cell in cells]
    faults: dict[int, Unreadable] = {}
    together = "\n".join(texts)
    if together.startswith("'") or "\n'" in together or (len(together) > longest and max(map(len, texts)) > longest):
        for i, text in enumerate(texts):
            try:
                texts[i] = read_text(text, longest) or ""
            except Unreadable as why:
                faults[i], texts[i] = why, ""
    if prefix is not None:
        return Read([prefix + quote(text) if text else None for text in texts], faults)
    if together.replace("\n", "").isprintable() and together.count("\n") == len(texts) - 1:
        return Read([text or None for text in texts], faults)
    return Read([" ".join(_UNPRINTABLE.sub(" ", text).split()) or None for text in texts], faults)


def _prefixed(prefix: str, read: Reader) -> Reader:
    def entry(value: str) -> str | None:
        text = read(value)
        return None if text is None else prefix + text

    return entry
