"""What kind of file is this: its encoding, its delimiter, or the reason why it is no CSV at all."""

import codecs
import csv
import re
from dataclasses import dataclass

from app.core.errors import Invalid

ENCODINGS = {
    "utf-8": "UTF-8",
    "windows-1252": "Windows-1252, Western Europe",
    "iso-8859-15": "ISO 8859-15, Western Europe with €",
    "windows-1250": "Windows-1250, Central Europe",
    "windows-1251": "Windows-1251, Cyrillic",
    "windows-1253": "Windows-1253, Greek",
    "windows-1254": "Windows-1254, Turkish",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16, big-endian",
    "shift_jis": "Shift JIS, Japanese",
    "gb18030": "GB 18030, Chinese",
    "euc-kr": "EUC-KR, Korean",
}
"""What a reader may choose. In each a line feed is one code unit that is part of nothing else."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
HEAD = 2 * 1024 * 1024
"""Bytes looked at before anything else."""
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NOT_CSV = (
    (b"PK\x03\x04", "This is a zip archive or a workbook, not CSV. Unpack it, or save the sheet as “CSV UTF-8”, and choose that file."),
    (b"PK\x05\x06", "This is an empty zip archive, not CSV."),
    (b"\x1f\x8b", "This file is compressed with gzip. Unpack it and choose the file inside."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel workbook, not CSV. Save the sheet as “CSV UTF-8” and choose that file."),
    (b"%PDF", "This is a PDF, not CSV."),
    (b"SQLite format 3", "This is a database file, not CSV."),
    (b"\x89PNG", "This is a picture, not CSV."),
    (b"\xff\xd8\xff", "This is a picture, not CSV."),
    (b"\xff\xfe\x00\x00", "This file is UTF-32, which is not read. Save it as UTF-8."),
)


_SAID = re.compile(r'"?sep=([,;\t|])"?\r?\n')
"""What Excel writes as the first line of a file to say its delimiter."""
_UNESCAPED = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
_ENOUGH = 4


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to read a file. `start` is the byte where the heading begins, `line` the line it stands on; `spaced`: a space follows each delimiter."""

    encoding: str = "utf-8"
    delimiter: str = ","
    start: int = 0
    line: int = 1
    spaced: bool = False


class WrongBytes(Invalid):
    """Bytes that are not text in this encoding. `line` and `byte` count from 1."""

    def __init__(self, line: int, byte: int, value: int, encoding: str) -> None:
        self.line, self.byte = line, byte
        name = ENCODINGS.get(encoding, encoding).split(",")[0]
        super().__init__(
            {"encoding": f"Line {line:,}, byte {byte:,}: 0x{value:02X} is not {name}. Choose the encoding the file was saved in."}
        )


def sniff(head: bytes, *, whole: bool, encoding: str | None = None, delimiter: str | None = None) -> Dialect:
    """Return how to read the file that begins with `head`; `whole` says that this is all of it.

    What the reader chose is taken as said. Raises Invalid: empty, no CSV, wrong encoding (line and byte named).
    """
    _refuse_other_formats(head)
    start, found = _encoding(head)
    chosen = _known("encoding", encoding, ENCODINGS) or found
    if chosen != found and found == "utf-8":
        start = 0
    text = decode(head[start:] if whole else head[start : start + whole_lines(head[start:], chosen)], chosen, start, 1)
    if not text.strip("\r\n\t ,;|\0"):
        raise Invalid({"file": "The file is empty."})
    line = 1
    said = _SAID.match(text)
    if said:
        start, line, text = start + len(said[0].encode(chosen)), 2, text[said.end() :]
    mark = _known("delimiter", _UNESCAPED.get(delimiter or "", delimiter), DELIMITERS) or (said[1] if said else _delimiter(text))
    return Dialect(chosen, mark, start, line, spaced=f'{mark} "' in text[:65536])


def whole_lines(raw: bytes, encoding: str) -> int:
    """Return how many of these bytes make whole lines; 0 if no line ends here."""
    if not encoding.startswith("utf-16"):
        return (raw.rfind(b"\n") + 1) or (raw.rfind(b"\r") + 1)
    for mark in ("\n", "\r"):
        unit, at = mark.encode(encoding), len(raw)
        while (at := raw.rfind(unit, 0, at)) >= 0:
            if at % 2 == 0:
                return at + 2
            at += 1
    return 0


def decode(raw: bytes, encoding: str, offset: int, line: int) -> str:
    """Return the text of bytes that begin at byte `offset` of the file, on `line`. Raises WrongBytes."""
    try:
        return codecs.decode(raw, encoding)
    except UnicodeDecodeError as problem:
        before = raw[: problem.start].decode(encoding, "replace")
        return _refuse(before, line, offset + problem.start + 1, raw[problem.start], encoding)


def _refuse(before: str, line: int, byte: int, value: int, encoding: str) -> str:
    ends = before.count("\n") or before.count("\r")
    raise WrongBytes(line + ends, byte, value, encoding) from None


def _refuse_other_formats(head: bytes) -> None:
    if not head:
        raise Invalid({"file": "The file is empty."})
    for magic, reason in _NOT_CSV:
        if head.startswith(magic):
            raise Invalid({"file": reason})


def _encoding(head: bytes) -> tuple[int, str]:
    """Return the bytes of the mark at the beginning, and the encoding: what the mark says, UTF-16 by its zero bytes, else UTF-8."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return len(mark), name
    sample = head[:4096]
    if len(sample) >= _ENOUGH:
        if sample[1::2].count(0) > len(sample) * 0.35 and not sample[::2].count(0):
            return 0, "utf-16-le"
        if sample[::2].count(0) > len(sample) * 0.35 and not sample[1::2].count(0):
            return 0, "utf-16-be"
    if sample.count(0) > len(sample) * 0.1:
        raise Invalid({"file": "This is not a text file: it is full of NUL bytes. Save it as CSV in UTF-8."})
    return 0, "utf-8"


def _known(field: str, value: str | None, among: dict[str, str]) -> str | None:
    if value and value not in among:
        raise Invalid({field: f"One of {', '.join(v if v.isprintable() and len(v) > 1 else among[v] for v in among)}."})
    return value or None


def _delimiter(text: str) -> str:
    """Return the delimiter under which most of the first rows have as many values as the heading."""
    sample = text[:65536].splitlines(keepends=True)[:50]
    best, most = ",", (0.0, 1)
    for mark in DELIMITERS:
        widths = _widths(sample, mark)
        same = sum(width == widths[0] for width in widths) / len(widths)
        if widths[0] > 1 and (round(same, 1), widths[0]) > most:
            best, most = mark, (round(same, 1), widths[0])
    return best


def _widths(sample: list[str], mark: str) -> list[int]:
    try:
        return [len(row) for row in csv.reader(sample, delimiter=mark) if row] or [1]
    except csv.Error:
        return [1]
