"""How a line that is no text in one encoding reads in the others, so that a person can tell which is right by looking."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from app.customers.imports.dialect import ENCODINGS

_AROUND = 60
"""Bytes shown before and after the one that did not fit."""
_LIKELY = ("windows-1252", "iso-8859-15", "windows-1250", "windows-1251", "windows-1253", "windows-1254", "shift_jis", "gb18030", "euc-kr")
"""Encodings in which any text of the West is wrong, but readable, come first: most files that are not UTF-8 come out of Excel there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read a file: the encoding, its name, and the place in question as it reads then."""

    encoding: str
    label: str
    text: str


def readings(stream: BinaryIO, byte: int) -> list[Reading]:
    """Return how the surroundings of a byte (counted from 1) read in each encoding that can hold them, the likeliest first."""
    start = max(0, byte - 1 - _AROUND)
    stream.seek(start)
    raw = stream.read(_AROUND * 2)
    at = byte - 1 - start
    first = raw.rfind(b"\n", 0, at) + 1
    end = raw.find(b"\n", at)
    line = raw[first : end if end >= 0 else None].strip(b"\r")
    return list(_readable(line))


def _readable(line: bytes) -> Iterable[Reading]:
    for name in _LIKELY:
        text = line.decode(name, "replace")
        if text.count("\N{REPLACEMENT CHARACTER}") <= 1:  # the cut may go through a character of two bytes
            yield Reading(name, ENCODINGS[name], text.strip("\N{REPLACEMENT CHARACTER}"))
