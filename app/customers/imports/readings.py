"""How a line that is no text in one encoding reads in the others, so that a person can tell which is right by looking."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from app.customers.imports.dialect import ENCODINGS

_AROUND = 60
"""Bytes shown before and after the one that did not fit."""
_LIKELY = ("windows-1252", "iso-8859-15", "windows-1250", "windows-1251", "windows-1253", "windows-1254", "shift_jis", "gb18030", "euc-kr")
"""Likeliest first: most files that are not UTF-8 come out of a spreadsheet in Western Europe."""
_LOST = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read a file: the encoding, its name, and the place in question as it reads then."""

    encoding: str
    label: str
    text: str


def readings(stream: BinaryIO, byte: int) -> list[Reading]:
    """Return how the surroundings of a byte (counted from 1) read in the encodings that can hold them, the likeliest first.

    Of those in which the place reads the same, only the likeliest is told: nobody could choose between them by looking.
    """
    start = max(0, byte - 1 - _AROUND)
    stream.seek(start)
    raw = stream.read(_AROUND * 2)
    at = byte - 1 - start
    first = raw.rfind(b"\n", 0, at) + 1
    end = raw.find(b"\n", at)
    line = raw[first : end if end >= 0 else None].strip(b"\r")
    return list(_readable(line))


def _readable(line: bytes) -> Iterable[Reading]:
    seen: set[str] = set()
    for name in _LIKELY:
        text = line.decode(name, "replace").strip(_LOST)  # at its ends a character of two bytes may be cut through
        if _LOST not in text and text.isprintable() and text not in seen:
            seen.add(text)
            yield Reading(name, ENCODINGS[name], text)
