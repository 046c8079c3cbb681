"""Rows out of a file, chunk by chunk, from any place in it: lines counted as an editor counts them, broken quotes survived.

A row whose quotes do not match is rejected alone: reading goes on at the next line, so that one forgotten quote does not swallow a thousand rows.
"""

import csv
import io
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from app.core.errors import Invalid
from app.customers.imports.dialect import Dialect, decode, whole_lines
from app.customers.imports.rejects import Kind, Reject, Unreadable, reject

BLOCK = 2 * 1024 * 1024
"""Bytes read at once: the most that a chunk takes."""
ROWS = 4_500
"""The most rows in a chunk."""
CELLS = 400_000
"""The most cells in a chunk: wide files go in fewer rows, so that memory stays flat."""
IN_VAIN = 2 * BLOCK
"""Characters a chunk reads for rows that then have no end: a file in which each line opens a quote would be read anew for each of them."""
_LONGEST = csv.field_size_limit()


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: the byte where the next one begins (from 0), and its line (from 1)."""

    offset: int
    line: int


@dataclass(slots=True)
class Chunk:
    """Rows from `start` to `end`. `lines[i]` is where row i begins, `rejects` are rows that could not be read at all."""

    start: Cursor
    end: Cursor
    final: bool
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    text: str = ""
    encoding: str = "utf-8"
    positions: list[int] = field(default_factory=list)

    def before(self, line: int) -> "Chunk":
        """Return the part of this chunk before the row that begins on `line`."""
        count = self.lines.index(line)
        offset = self.start.offset + len(self.text[: self.positions[count]].encode(self.encoding))
        rejects = [r for r in self.rejects if r.line < line]
        end = Cursor(offset, line)
        rows, lines, positions = self.rows[:count], self.lines[:count], self.positions[:count]
        return replace(self, end=end, final=False, rows=rows, lines=lines, rejects=rejects, positions=positions)


def rows_for(width: int, limit: int = ROWS) -> int:
    """Return how many rows of so many columns make a chunk."""
    return max(1, min(limit, CELLS // max(width, 1)))


def read_chunk(stream: BinaryIO, dialect: Dialect, start: Cursor, limit: int, block: int = BLOCK) -> Chunk:
    """Return at most `limit` rows from `start` on. Raises Invalid when the bytes are not text, or a line is longer than a block."""
    return parse(read_block(stream, start, block), dialect, start, limit, block)


def read_block(stream: BinaryIO, start: Cursor, block: int = BLOCK) -> bytes:
    """Return a block from `start` on, and one byte more where the file goes on."""
    stream.seek(start.offset)
    return stream.read(block + 1)


def parse(raw: bytes, dialect: Dialect, start: Cursor, limit: int, block: int = BLOCK) -> Chunk:
    """Return the chunk that begins a block. Raises Invalid as `read_chunk` does."""
    text, size, last = _decoded(raw, dialect, start, block)
    chunk = Chunk(start, start, last, text=text, encoding=dialect.encoding)
    at, line, through = _Parser(chunk, dialect, limit).run()
    chunk.final = last and through
    chunk.end = Cursor(start.offset + (size if at == len(text) else len(text[:at].encode(dialect.encoding))), line)
    return chunk


def count_rows(stream: BinaryIO, dialect: Dialect, start: Cursor, limit: int, block: int = BLOCK) -> tuple[int, Cursor, bool]:
    """Return how many rows stand from `start` on in one block or `limit` rows, where they end, and whether that is the end of the file.

    Counts exactly what `read_chunk` takes or rejects. Raises Invalid as it does.
    """
    text, size, last = _decoded(read_block(stream, start, block), dialect, start, block)
    if not _is_plain(text, dialect):
        chunk = read_chunk(stream, dialect, start, limit, block)
        return len(chunk.rows) + len(chunk.rejects), chunk.end, chunk.final
    ends = text.count("\n")
    rows = ends + (bool(text) and not text.endswith("\n"))
    return rows, Cursor(start.offset + size, start.line + rows), last


def _is_plain(text: str, dialect: Dialect) -> bool:
    """Tell whether each line is one row: no quotes, no line that might be blank, no line ended otherwise than by a line feed."""
    if '"' in text or text.startswith(("\n", "\r", " ", "\t", dialect.delimiter)) or text.count("\r") != text.count("\r\n"):
        return False
    return not any("\n" + mark in text for mark in ("\n", "\r", " ", "\t", dialect.delimiter))


def _decoded(raw: bytes, dialect: Dialect, start: Cursor, block: int) -> tuple[str, int, bool]:
    """Return the whole lines of a block, how many bytes they are, and whether the file ends there."""
    last = len(raw) <= block
    if not last:
        length = whole_lines(raw[:block], dialect.encoding)
        if not length:
            raise Invalid({"file": f"Line {start.line:,} is longer than {max(block // 1024**2, 1)} MB."})
        raw = raw[:length]
    return decode(raw, dialect.encoding, start.offset, start.line), len(raw), last


class _Parser:
    """One pass over a chunk's text."""

    def __init__(self, chunk: Chunk, dialect: Dialect, limit: int) -> None:
        self.chunk, self.dialect, self.limit = chunk, dialect, limit
        self.buffer = io.StringIO(chunk.text, newline="")
        self.at, self.line, self.vain = 0, chunk.start.line, 0

    def run(self) -> tuple[int, int, bool]:
        """Fill the chunk; return the character and the line where it ends, and whether the text is used up."""
        while True:
            try:
                through = self._rows()
            except csv.Error as problem:
                if str(problem).startswith("unexpected end") and not self.chunk.final and self.at:
                    return self.at, self.line, False  # the row goes on in the next block
                self._skip(problem)
                if self.vain > IN_VAIN:
                    return self.at, self.line, self.at == len(self.chunk.text)
            else:
                return self.at, self.line, through

    def _rows(self) -> bool:
        """Take rows until the limit (False) or the end (True). `at` and `line` always stand before the next row."""
        chunk, tell = self.chunk, self.buffer.tell
        base = self.line
        reader = csv.reader(self.buffer, delimiter=self.dialect.delimiter, strict=True, skipinitialspace=self.dialect.spaced)
        room = self.limit - len(chunk.rows) - len(chunk.rejects)
        if room <= 0:
            return False
        for row in reader:
            if any(row) and (len(row) > 1 or row[0].strip()):
                chunk.rows.append(row)
                chunk.lines.append(self.line)
                chunk.positions.append(self.at)
                room -= 1
            self.at, self.line = tell(), base + reader.line_num
            if not room:
                return self.at == len(chunk.text)
        return True

    def _skip(self, problem: csv.Error) -> None:
        """Reject the line that cannot be read, and go on behind it."""
        self.vain += self.buffer.tell() - self.at
        self.buffer.seek(self.at)
        content = self.buffer.readline()
        found = content.strip()
        why = _reason(str(problem), content, whole=self.chunk.final)
        self.chunk.rejects.append(reject(self.line, "", found[:1000], why, (found[:10_000],)))
        self.at, self.line = self.buffer.tell(), self.line + 1


def _reason(problem: str, content: str, *, whole: bool) -> Unreadable:
    if problem.startswith("field larger") and len(content) > _LONGEST:
        return Unreadable(Kind.LENGTH, f"A value longer than {_LONGEST:,} characters")
    if problem.startswith("unexpected end") and not whole:
        return Unreadable(Kind.LENGTH, f"A row longer than {BLOCK // 1024**2} MB")
    if problem.startswith(("field larger", "unexpected end")):
        return Unreadable(Kind.QUOTES, "A quote opens here and is never closed")
    return Unreadable(Kind.QUOTES, "Text stands behind a closing quote; a quote inside a value is written twice")
