"""Rows out of files of every kind, and the same rows whatever the size of block and chunk."""

import codecs
import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.customers.imports import reading
from app.customers.imports.dialect import Dialect, sniff
from app.customers.imports.head import read_head
from app.customers.imports.reading import Cursor, count_rows, read_chunk
from app.customers.imports.rejects import Kind


def read_all(data: bytes, dialect: Dialect | None = None, limit: int = 1000, block: int = 1 << 20) -> Any:
    dialect = dialect or sniff(data, whole=True)
    cursor, rows, lines, rejects = Cursor(dialect.start, dialect.line), [], [], []
    while True:
        chunk = read_chunk(io.BytesIO(data), dialect, cursor, limit, block)
        rows, lines, rejects = rows + chunk.rows, lines + chunk.lines, rejects + [(r.line, r.kind) for r in chunk.rejects]
        assert chunk.final or chunk.end.offset > cursor.offset
        cursor = chunk.end
        if chunk.final:
            assert cursor.offset == len(data)
            return rows, lines, rejects


def count_all(data: bytes, limit: int = 1000, block: int = 1 << 20) -> Any:
    dialect = sniff(data, whole=True)
    cursor, total, final = Cursor(dialect.start, dialect.line), 0, False
    while not final:
        rows, cursor, final = count_rows(io.BytesIO(data), dialect, cursor, limit, block)
        total += rows
    return total, cursor


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_marks_and_line_ends(end: Any, encoding: Any) -> None:
    text = end.join(["email,name", "a@b.example,Zoë", "c@d.example,日本 🎉", ""])
    rows, lines, rejects = read_all(text.encode(encoding), limit=1)
    assert rows == [["email", "name"], ["a@b.example", "Zoë"], ["c@d.example", "日本 🎉"]]
    assert lines == [1, 2, 3]
    assert rejects == []


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters(mark: Any) -> None:
    data = f"email{mark}note\na@b.example{mark}one, two\nc@d.example{mark}three\n".encode()
    expected = ["a@b.example", "one, two"] if mark != "," else ["a@b.example", "one", " two"]
    assert read_all(data)[0][1] == expected


def test_delimiter_said_by_excel() -> None:
    rows, lines, _ = read_all(b"sep=;\r\nemail;name\r\na@b.example;Ada, Countess\r\n")
    assert rows == [["email", "name"], ["a@b.example", "Ada, Countess"]]
    assert lines == [2, 3]


def test_space_behind_each_delimiter() -> None:
    assert read_all(b'email, name, note\na@b.example, "Ada", "x, y"\n')[0][1] == ["a@b.example", "Ada", "x, y"]


def test_quotes_across_lines_count_physical_lines() -> None:
    rows, lines, _ = read_all(b'email,note\na@b.example,"one\ntwo ""quoted""\nthree"\n\n,\nc@d.example,x\n', limit=1)
    assert rows == [["email", "note"], ["a@b.example", 'one\ntwo "quoted"\nthree'], ["c@d.example", "x"]]
    assert lines == [1, 2, 7]


@pytest.mark.parametrize("limit", [1, 2, 1000])
@pytest.mark.parametrize("block", [32, 64, 1 << 20])
def test_one_open_quote_costs_one_row(limit: Any, block: Any) -> None:
    data = b'email,note\na@b.example,"never closed\nc@d.example,x\ne@f.example,y\n'
    rows, lines, rejects = read_all(data, Dialect(), limit, block)
    assert [r[0] for r in rows] == ["email", "c@d.example", "e@f.example"]
    assert lines == [1, 3, 4]
    assert [line for line, _ in rejects] == [2]


def test_text_behind_a_closing_quote() -> None:
    rows, _, rejects = read_all(b'email,note\na@b.example,"x"y\nc@d.example,z\n')
    assert rows[1:] == [["c@d.example", "z"]]
    assert rejects == [(2, Kind.QUOTES)]


def test_a_value_of_a_megabyte_costs_one_row() -> None:
    rows, lines, rejects = read_all(b"email,note\na@b.example," + b"x" * 1_000_000 + b"\nc@d.example,z\n", block=3 << 20)
    assert (rows[1:], lines[1:]) == ([["c@d.example", "z"]], [3])
    assert rejects == [(2, Kind.LENGTH)]


def test_a_line_longer_than_a_block() -> None:
    with pytest.raises(Invalid) as refused:
        read_all(b"email\n" + b"x" * 5000 + b"\n", Dialect(), block=1000)
    assert refused.value.errors == {"file": "Line 2 is longer than 1 MB."}


CELLS = st.lists(st.text(alphabet='ab,"\n\r é🎉', max_size=6), min_size=2, max_size=4)


@given(st.lists(CELLS, min_size=1, max_size=12), st.integers(1, 5), st.integers(40, 200))
def test_blocks_and_limits_change_nothing(table: Any, limit: Any, block: Any) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(table)
    data = buffer.getvalue().encode()
    expected = [row for row in table if any(row)]
    assert read_all(data, Dialect())[0] == expected
    longest = max(sum(len(cell.encode()) + 8 for cell in row) for row in table)
    small = read_all(data, Dialect(), limit, max(block, longest))
    assert small[0] == expected
    assert small[1] == read_all(data, Dialect())[1]


@given(st.text(alphabet='ab,"\n\r é ', min_size=1, max_size=120), st.integers(1, 5))
def test_any_text_is_read_to_its_end_and_counted_alike(text: Any, limit: Any) -> None:
    data = text.encode()
    rows, lines, rejects = read_all(data, Dialect(), limit)
    assert lines == sorted(set(lines))
    whole = read_all(data, Dialect())
    assert (rows, lines, rejects) == whole
    if text.strip("\r\n\t ,;|\0"):
        dialect = sniff(data, whole=True)
        rows, _, rejects = read_all(data, dialect)
        assert count_all(data, limit)[0] == len(rows) + len(rejects)


def test_counting_plain_blocks_agrees_with_reading() -> None:
    data = b"email,name\n" + b"".join(b"u%d@x.example,n\r\n" % i for i in range(500)) + b"last@x.example,z"
    assert count_all(data, block=1024) == (502, Cursor(len(data), 503))


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        (b"", "file", "The file is empty."),
        (b"\n\n", "file", "The file is empty."),
        (codecs.BOM_UTF8, "file", "The file is empty."),
        (b"email,name\n", "file", "The file has a heading and no rows."),
        (b"email,Email \na@b.example,x\n", "file", "Line 1: columns 1 and 2 are all called “email”. Give each a name of its own."),
        (
            b"a@b.example,Ada\nc@d.example,Bob\n",
            "file",
            "Line 1 holds an address, a@b.example. The first line needs the names of the columns.",
        ),
        (b'"email,name\na@b.example,x\n', "file", "Line 1, the heading: A quote opens here and is never closed."),
        (b"email,na\0me\na@b.example,x\n", "file", "Line 1, column 2: the heading holds a NUL character."),
        (b"\0" * 4096, "file", "This is not a text file: it is full of NUL bytes. Save it as CSV in UTF-8."),
        (b"%PDF-1.7\n", "file", "This is a PDF, not CSV."),
    ],
)
def test_files_refused(data: Any, field: Any, reason: Any) -> None:
    with pytest.raises(Invalid) as refused:
        read_head(io.BytesIO(data))
    assert refused.value.errors == {field: reason}


def test_a_zip_renamed_csv() -> None:
    with pytest.raises(Invalid) as refused:
        read_head(io.BytesIO(b"PK\x03\x04" + b"\x14" * 100))
    assert refused.value.errors["file"].startswith("This is a zip archive or a workbook, not CSV.")


def test_ten_thousand_columns() -> None:
    heading = ",".join(f"c{i}" for i in range(10_000))
    with pytest.raises(Invalid) as refused:
        read_head(io.BytesIO(f"{heading}\n{heading}\n".encode()))
    assert refused.value.errors == {"file": "Line 1: the heading has 10,000 columns; 500 are the most."}


def test_wrong_encoding_names_line_and_byte() -> None:
    data = "email,name\na@b.example,Ada\nc@d.example,Zoë\n".encode("windows-1252")
    with pytest.raises(Invalid) as refused:
        read_head(io.BytesIO(data))
    byte = data.index(b"\xeb") + 1
    assert refused.value.errors == {"encoding": f"Line 3, byte {byte}: 0xEB is not UTF-8. Choose the encoding the file was saved in."}
    assert read_head(io.BytesIO(data), encoding="windows-1252").rows[1] == ["c@d.example", "Zoë"]


def test_wrong_bytes_far_into_the_file() -> None:
    data = b"email\n" + b"a@b.example\n" * 1000 + b"\xff\n"
    with pytest.raises(Invalid) as refused:
        read_all(data, Dialect(), limit=10, block=512)
    assert refused.value.errors["encoding"].startswith(f"Line 1,002, byte {len(data) - 1:,}: 0xFF is not UTF-8.")


def test_nameless_columns_are_numbered() -> None:
    head = read_head(io.BytesIO(b"email,,\na@b.example,,\n"))
    assert head.columns == ("email", "column 2", "column 3")


@pytest.mark.parametrize("choice", [{"encoding": "klingon"}, {"delimiter": "x"}])
def test_choices_that_are_none(choice: Any) -> None:
    with pytest.raises(Invalid) as refused:
        read_head(io.BytesIO(b"email\na@b.example\n"), **choice)
    assert list(refused.value.errors) == list(choice)


def test_lines_that_each_open_a_quote_do_not_take_the_square_of_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"email,name\n" + b'a","\n' * 300
    every = ([["email", "name"]], [1], [(line, Kind.QUOTES) for line in range(2, 302)])
    assert read_all(data, limit=10_000) == every
    monkeypatch.setattr(reading, "IN_VAIN", 4_000)
    assert read_all(data, limit=10_000) == every
    assert count_all(data, limit=10_000)[0] == 301
    head = read_head(io.BytesIO(data))
    assert (len(head.rejects), head.whole) == (3, False)
