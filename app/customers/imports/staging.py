"""A chunk of rows made ready for COPY: read, checked, with the reasons of those that are not taken.

The rule: an import does what taking its rows one at a time, in the order of the file, would do. Each row is looked up by id, then address, then
phone, among the customers as the rows before it left them; it is rejected when its keys belong to several, or to somebody whom a row that was
taken named before. So the outcome does not depend on where chunks end. What one row of a chunk does to a later one cannot always be seen
before the first is written; then the chunk ends before the later one (`Staged.chunk` is shorter than what was read), here or in the merge.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import cast

from app.customers.imports.cells import Place
from app.customers.imports.columns import converter
from app.customers.imports.mapping import Plan
from app.customers.imports.phones import read_phone
from app.customers.imports.reading import ROWS, Chunk, Cursor
from app.customers.imports.rejects import Kind, Reject, Unreadable, reject
from app.customers.imports.targets import KEYS

Rows = list[list[str]]
Profile = dict[str, list[str | None]]
"""By target, one value a row."""
Fragments = list[list[str | None]]
"""By column, one `"key":value` a row."""
Faults = dict[int, list[tuple[int, Unreadable]]]
"""By row: which column, and why."""
_MOST_RETURNED = 1_000
"""Cells of a ragged row that are given back."""
_LEAST = 50
"""Rows of a chunk after one that ended early."""
_ESCAPES = {92: "\\\\", 9: "\\t", 10: "\\n", 13: "\\r"}
_NO_KEY = Unreadable(Kind.KEY, "A new customer needs an address, a phone or an id")
_NAMES = {"external_id": "id", "email": "address", "phone": "phone"}


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row that has the same `key` as an earlier one of this chunk, on line `of`.

    It is a reject if that one is taken and its customer holds the key afterwards.
    """

    of: int
    key: str
    reject: Reject


@dataclass(slots=True)
class Staged:
    """Rows for COPY (text form, UTF-8) with these `columns`; `lines` are theirs, `keys` all by which they name people.

    `rows` holds their cells, to return those SQL rejects.
    """

    chunk: Chunk
    columns: tuple[str, ...]
    data: bytes
    lines: list[int]
    rows: Rows
    rejects: list[Reject]
    repeats: list[Repeat]
    keys: frozenset[str | None]


@dataclass(slots=True)
class Prepared:
    """Rows read and checked, column by column: what is stored by target, and the parts of the attributes."""

    chunk: Chunk
    profile: Profile
    fragments: Fragments
    lines: list[int]
    rows: Rows
    rejects: list[Reject]
    repeats: list[Repeat]

    def keep(self, kept: list[int]) -> None:
        """Drop all rows but these."""
        self.profile = {key: [values[i] for i in kept] for key, values in self.profile.items()}
        self.fragments = [[values[i] for i in kept] for values in self.fragments]
        self.lines, self.rows = [self.lines[i] for i in kept], [self.rows[i] for i in kept]


class Stager:
    """Reads the chunks of one import; what it learnt of one it uses for the next."""

    def __init__(self, plan: Plan, place: Place) -> None:
        self.width = len(plan)
        self.columns = [(i, column, converter(column, place)) for i, column in enumerate(plan) if column.target]
        self.places = {column.target: i for i, column, _ in self.columns}
        self.keys = {i for i, column, _ in self.columns if column.target in KEYS}
        self.names = [column.name for column in plan]
        self.most = ROWS
        """How many rows are worth reading at once."""

    def pace(self, chunk: Chunk, end: Cursor) -> None:
        """Learn from a chunk of which the rows up to `end` were taken: the rest is read again, so the next is not much longer than that."""
        taken = bisect_left(chunk.lines, end.line)
        self.most = min(ROWS, self.most * 4) if end == chunk.end else max(_LEAST, 2 * taken)

    def stage(self, chunk: Chunk) -> Staged:
        """Return the rows of a chunk ready for COPY, and the rejects."""
        ready = self.prepare(chunk)
        names = ("line", *ready.profile, *(["attributes"] if ready.fragments else []))
        data = _pack(ready.lines, ready.profile, ready.fragments)
        keys = frozenset(chain.from_iterable(ready.profile.get(key, ()) for key in KEYS)) - {None}
        return Staged(ready.chunk, names, data, ready.lines, ready.rows, ready.rejects, ready.repeats, keys)

    def prepare(self, chunk: Chunk) -> Prepared:
        """Return the rows of a chunk read and checked, and the rejects."""
        rows, lines, rejects = self._whole_rows(chunk)
        profile, fragments, faults = self._read(rows)
        for i in _without_key(profile, len(rows)):
            if all(index not in self.keys for index, _ in faults.get(i, [])):
                faults.setdefault(i, []).append((self.place("email"), _NO_KEY))
        rejects += [self._reject(lines[i], rows[i], found) for i, found in faults.items()]
        ready = Prepared(chunk, profile, fragments, lines, rows, rejects, [])
        if faults:
            ready.keep([i for i in range(len(rows)) if i not in faults])
        cut = _shared_phone(ready.profile)
        if cut is not None:
            return self.prepare(chunk.before(ready.lines[cut]))
        ready.repeats = self._repeats(ready.profile, ready.rows, ready.lines)
        if ready.repeats:
            again = {repeat.reject.line for repeat in ready.repeats}
            ready.keep([i for i, line in enumerate(ready.lines) if line not in again])
        return ready

    def place(self, key: str) -> int:
        """Return the index of the column that goes to `key`, else of the first by which people are known."""
        return next(self.places[k] for k in (key, *KEYS) if k in self.places)

    def reject_row(self, line: int, row: Sequence[str], key: str, why: Unreadable) -> Reject:
        """Return a reject about what the row holds for `key`."""
        return self._reject(line, row, [(self.place(key), why)])

    def _whole_rows(self, chunk: Chunk) -> tuple[Rows, list[int], list[Reject]]:
        """Return the rows that have as many values as the heading and no NUL, their lines, and the rejects."""
        width, rejects = self.width, list(chunk.rejects)
        if set(map(len, chunk.rows)) <= {width} and "\0" not in chunk.text:
            return chunk.rows, chunk.lines, rejects
        rows, lines = [], []
        for row, line in zip(chunk.rows, chunk.lines, strict=True):
            if len(row) != width:
                given = f"{len(row):,} value" + ("s" if len(row) != 1 else "")
                why = Unreadable(Kind.COLUMNS, f"The heading has {width:,} column" + ("s" if width != 1 else ""))
                rejects.append(reject(line, "", given, why, row[:_MOST_RETURNED]))
            elif any("\0" in cell for cell in row):
                i = next(i for i, cell in enumerate(row) if "\0" in cell)
                rejects.append(reject(line, self.names[i], row[i], Unreadable(Kind.CHARACTERS, "A NUL character"), row))
            else:
                rows.append(row)
                lines.append(line)
        return rows, lines, rejects

    def _read(self, rows: Rows) -> tuple[Profile, Fragments, Faults]:
        """Return what is stored by target, the parts of the attributes, and the faults by row."""
        profile: Profile = {}
        fragments: Fragments = []
        faults: Faults = {}
        cells = list(zip(*rows, strict=True)) or [()] * self.width
        for index, column, convert in self.columns:
            read = convert(cells[index])
            if column.field is None:
                profile[column.target or ""] = read.values
            else:
                fragments.append(read.values)
            for i, why in read.faults.items():
                faults.setdefault(i, []).append((index, why))
        _split_names(profile)
        _complete_phones(profile)
        return profile, fragments, faults

    def _reject(self, line: int, row: Sequence[str], faults: list[tuple[int, Unreadable]]) -> Reject:
        """Return one reject for a row: its first fault, and the others behind it."""
        (index, first), *others = sorted(faults, key=itemgetter(0))
        reason = "; ".join([first.reason, *(f"{self.names[i]}: {why.reason}" for i, why in others[:5])])
        return reject(line, self.names[index], row[index].strip(), Unreadable(first.kind, reason), row)

    def _repeats(self, profile: Profile, rows: Rows, lines: list[int]) -> list[Repeat]:
        """Return the rows whose address or id, or phone where that is all they have, stood in this chunk before."""
        keys = [(key, values) for key in ("email", "external_id") if (values := profile.get(key))]
        phones = profile.get("phone")
        alone = [p if not any(v[i] for _, v in keys) else None for i, p in enumerate(phones)] if phones else []
        keys += [("phone", alone)] if any(alone) else []
        if all(_all_differ(values) for _, values in keys):
            return []
        seen: dict[tuple[str, str], int] = {}
        repeats = []
        for i, line in enumerate(lines):
            mine = [(key, value) for key, values in keys if (value := values[i])]
            again = next((known for known in mine if known in seen), None)
            if again is None:
                seen.update(dict.fromkeys(mine, line))
            else:
                why = same_as(again[0], seen[again])
                repeats.append(Repeat(seen[again], again[0], self.reject_row(line, rows[i], again[0], why)))
        return repeats


def same_as(key: str, line: int) -> Unreadable:
    """Return why a row is not taken whose customer an earlier line of the file named."""
    return Unreadable(Kind.TWICE, f"Same {_NAMES[key]} as line {line:,}, which was taken")


def _all_differ(values: list[str | None]) -> bool:
    missing = values.count(None)
    return len(set(values)) - bool(missing) == len(values) - missing


def _without_key(profile: Profile, count: int) -> list[int]:
    keys = [profile[key] for key in KEYS if key in profile]
    if any(None not in values for values in keys):
        return []
    return [i for i in range(count) if not any(values[i] for values in keys)]


def _split_names(profile: Profile) -> None:
    """Turn a full name into first and last, at its last space."""
    names = profile.pop("full_name", None)
    if names is None:
        return
    parts = [name.rpartition(" ") if name else ("", "", "") for name in names]
    profile["first_name"] = [(first or last) or None for first, _, last in parts]
    profile["last_name"] = [(last if first else None) for first, _, last in parts]


def _complete_phones(profile: Profile) -> None:
    """Give a number without a country code that of the customer's country."""
    phones, countries = profile.get("phone"), profile.get("country")
    if phones is None or countries is None:
        return
    for i, phone in enumerate(phones):
        if phone and phone[0] != "+" and countries[i]:
            phones[i] = read_phone(phone, countries[i])


def _shared_phone(profile: Profile) -> int | None:
    """Return the first row that may be the same person as an earlier one by phone: neither address nor id tells them apart."""
    phones = profile.get("phone")
    if phones is None or _all_differ(phones):
        return None
    nothing: list[str | None] = [None] * len(phones)
    ids, mails = profile.get("external_id", nothing), profile.get("email", nothing)
    seen: dict[str, set[tuple[bool, bool]]] = {}
    for i, phone in enumerate(phones):
        if not phone:
            continue
        mine = bool(ids[i]), bool(mails[i])
        others = seen.setdefault(phone, set())
        for other in others:
            if (mine != other or any(mine)) and not (mine[0] and other[0]) and not (mine[1] and other[1]):
                return i
        others.add(mine)
    return None


def _pack(lines: list[int], profile: Profile, fragments: Fragments) -> bytes:
    """Write rows in the text form of COPY."""
    columns: list[Iterable[str]] = [map(str, lines), *map(_escaped, profile.values())]
    if fragments:
        full = all(None not in values for values in fragments)
        parts = zip(*fragments, strict=True)
        entries = map(",".join, parts) if full else (",".join(filter(None, row)) for row in parts)
        columns.append(_escaped([f"{{{entry}}}" for entry in entries]))
    return "".join([f"{row}\n" for row in map("\t".join, zip(*columns, strict=True))]).encode()


def _escaped(values: Sequence[str | None]) -> list[str]:
    r"""Return a column as COPY reads it: `\\N` for nothing; backslash, tab and line ends escaped."""
    texts = [value or "\\N" for value in values] if None in values else cast("list[str]", values)
    together = "".join(texts)
    if together.count("\\") == (values.count(None) if texts is not values else 0) and together.isprintable():
        return texts
    return [value.translate(_ESCAPES) if value else "\\N" for value in values]
