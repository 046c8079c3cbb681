"""The beginning of a file: its heading, and enough rows to guess what the columns hold."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

from app.core.errors import Invalid
from app.customers.imports.dialect import HEAD, Dialect, sniff
from app.customers.imports.reading import Cursor, read_chunk, rows_for
from app.customers.imports.rejects import Reject

MOST_COLUMNS = 500
LONGEST_NAME = 200
SAMPLE = 5_000
"""Rows looked at for guessing."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Head:
    """A file's heading and first rows. `body` is where the rows begin, `end` where those seen end; `whole`: there are no others."""

    dialect: Dialect
    columns: tuple[str, ...]
    body: Cursor
    rows: list[list[str]]
    lines: list[int]
    rejects: list[Reject]
    end: Cursor
    whole: bool

    def samples(self, index: int) -> list[str]:
        """Return the first values of a column that are not empty."""
        return [row[index].strip() for row in self.rows if len(row) > index and row[index].strip()]


def read_head(stream: BinaryIO, encoding: str | None = None, delimiter: str | None = None) -> Head:
    """Return the heading and first rows. Raises Invalid, keyed `file`, `encoding` or `delimiter`, with a reason that names line or column."""
    stream.seek(0)
    head = stream.read(HEAD + 1)
    dialect = sniff(head[:HEAD], whole=len(head) <= HEAD, encoding=encoding, delimiter=delimiter)
    top = read_chunk(stream, dialect, Cursor(dialect.start, dialect.line), 1)
    if top.rejects:
        first = top.rejects[0]
        raise Invalid({"file": f"Line {first.line:,}, the heading: {first.reason}."})
    if not top.rows:
        raise Invalid({"file": "The file is empty."})
    columns = _columns(top.rows[0], top.lines[0])
    chunk = read_chunk(stream, dialect, top.end, rows_for(len(columns), SAMPLE))
    if not chunk.rows and not chunk.rejects and chunk.final:
        raise Invalid({"file": "The file has a heading and no rows."})
    return Head(dialect, columns, top.end, chunk.rows, chunk.lines, chunk.rejects, chunk.end, chunk.final)


def _columns(heading: list[str], line: int) -> tuple[str, ...]:
    """Check the names of the columns; nameless ones are called `column 7`."""
    if len(heading) > MOST_COLUMNS:
        raise Invalid({"file": f"Line {line:,}: the heading has {len(heading):,} columns; {MOST_COLUMNS} are the most."})
    names = tuple(name.strip() or f"column {number}" for number, name in enumerate(heading, 1))
    for number, name in enumerate(names, 1):
        if "\0" in name:
            raise Invalid({"file": f"Line {line:,}, column {number}: the heading holds a NUL character."})
        if len(name) > LONGEST_NAME:
            raise Invalid({"file": f"Line {line:,}, column {number}: a name of {len(name):,} characters. Is the heading missing?"})
        if _ADDRESS.fullmatch(name):
            raise Invalid({"file": f"Line {line:,} holds an address, {name}. The first line needs the names of the columns."})
    twice = [name for name, count in Counter(map(str.casefold, names)).items() if count > 1]
    if twice:
        places = [number for number, name in enumerate(names, 1) if name.casefold() == twice[0]]
        where = f"{', '.join(map(str, places[:-1]))} and {places[-1]}"
        raise Invalid({"file": f"Line {line:,}: columns {where} are all called “{names[places[0] - 1]}”. Give each a name of its own."})
    return names
