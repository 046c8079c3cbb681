"""What cells become, and what is said about those that do not fit."""

import tracemalloc
from time import perf_counter
from typing import Any

import pytest

from app.customers.imports.addresses import read_address, read_addresses
from app.customers.imports.cells import guess, json_reader, read_boolean, read_language, read_tags, read_text, read_zone
from app.customers.imports.columns import Memo
from app.customers.imports.countries import read_country
from app.customers.imports.dates import guess_order, read_date, read_datetime
from app.customers.imports.numbers import guess_mark, read_number
from app.customers.imports.phones import read_phone
from app.customers.imports.rejects import Unreadable


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("ada@northlight.example", "ada@northlight.example"),
        ("  Ada.L+x@North-Light.Example ", "ada.l+x@north-light.example"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("zoë@müller.example", "zoë@müller.example"),
        ("a@xn--mller-kva.example", "a@xn--mller-kva.example"),
        ("", None),
    ],
)
def test_addresses(given: Any, stored: Any) -> None:
    assert read_address(given) == stored


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("h01203@@hillstrom.example", "Two @ signs"),
        ("a@b@c@d.example", "Several @ signs"),
        ("h03876@hillstrom", "No domain ending"),
        ("h40015 @hillstrom.example", "A space in the address"),
        ("hillstrom.example", "No @ sign"),
        ("@hillstrom.example", "Nothing before the @ sign"),
        ("ada@", "Nothing after the @ sign"),
        ("ada@.example", "A dot in the wrong place after the @ sign"),
        ("ada@a..example", "A dot in the wrong place after the @ sign"),
        ("ada.@a.example", "A dot in the wrong place before the @ sign"),
        ("Ada <ada@a.example>", "A name beside the address; write the address alone"),
        ("a@b.example,c@d.example", "A comma in the address"),
        ("ada@-a.example", "A character that domains do not have"),
        ("ada@a_.example", "A character that domains do not have"),
        ("a(b)@c.example", "A character that addresses do not have"),
        ("a@1.2.3.4", "No domain ending, only digits"),
        ("x" * 65 + "@a.example", "More than 64 characters before the @ sign"),
        ("a@" + "b" * 64 + ".example", "A character that domains do not have"),
        ("a@" + ".".join(["b" * 50] * 6) + ".example", "Longer than 254 characters"),
    ],
)
def test_addresses_refused(given: Any, reason: Any) -> None:
    with pytest.raises(Unreadable) as no:
        read_address(given)
    assert no.value.reason == reason
    assert read_addresses([given]) == [None]


@pytest.mark.parametrize(
    ("given", "mark", "stored"),
    [
        ("0", "point", "0"),
        ("007", "point", "7"),
        ("-12.50", "point", "-12.50"),
        ("+5", "point", "5"),
        (".5", "point", "0.5"),
        ("1,204.50", "point", "1204.50"),
        ("1,204", "point", "1204"),
        ("$1,204.50", "point", "1204.50"),
        ("−3", "point", "-3"),
        ("-0.0", "point", "-0.0"),
        ("1 204", "point", "1204"),
        ("1'204.5", "point", "1204.5"),
        ("1e5", "point", "1e5"),
        ("1.204,50", "comma", "1204.50"),
        ("1204,5", "comma", "1204.5"),
        ("1.204", "comma", "1204"),
        ("12", "comma", "12"),
        ("", "comma", None),
    ],
)
def test_numbers(given: Any, mark: Any, stored: Any) -> None:
    assert read_number(given, mark) == stored


@pytest.mark.parametrize(
    ("given", "mark", "reason"),
    [
        ("1.204,50", "point", "Not a number here. Is it 1,204.50?"),
        ("3,5", "point", "Not a number here. Is it 3.5?"),
        ("0,204", "point", "Not a number here. Is it 0.204?"),
        ("1,204.50", "comma", "Not a number here. Is it 1.204,50?"),
        ("=4+4", "point", "Formulas are not read"),
        ("@sum(a1)", "point", "Formulas are not read"),
        ("abc", "point", "Not a number"),
        ("1.2.3", "point", "Not a number"),
        ("٣", "point", "Not a number"),
        ("1e999", "point", "Not a number"),
        ("1e16", "point", "This number is too large"),
        ("9" * 5000, "point", "5,000 characters; a number has 40 at most"),
    ],
)
def test_numbers_refused(given: Any, mark: Any, reason: Any) -> None:
    with pytest.raises(Unreadable) as no:
        read_number(given, mark)
    assert no.value.reason == reason


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["1.5", "2"], "point"),
        (["1,5", "2"], "comma"),
        (["1,204", "3,500"], "point"),
        (["1,5"] + ["2.5"] * 3, "point"),
        (["0,204"], "comma"),
    ],
)
def test_the_decimal_mark_of_a_column(values: Any, mark: Any) -> None:
    assert guess_mark(values) == mark


@pytest.mark.parametrize(
    ("given", "order", "stored"),
    [
        ("2026-11-21", "", "2026-11-21"),
        ("2026/1/2", "", "2026-01-02"),
        ("20261121", "", "2026-11-21"),
        ("2026-11-21T10:50:00Z", "", "2026-11-21"),
        ("21.11.2026", "", "2026-11-21"),
        ("01/02/2026", "dmy", "2026-02-01"),
        ("01/02/2026", "mdy", "2026-01-02"),
        ("21/11/2026", "", "2026-11-21"),
        ("02/02/2026", "", "2026-02-02"),
        ("21 Nov 2026", "", "2026-11-21"),
        ("November 21, 2026", "", "2026-11-21"),
        ("", "", None),
    ],
)
def test_dates(given: Any, order: Any, stored: Any) -> None:
    assert read_date(given, order) == stored


@pytest.mark.parametrize(
    ("given", "order", "reason"),
    [
        ("01/02/2026", "", "Which is the month, 01 or 02? Write 2026-02-01 or 2026-01-02"),
        ("13/25/2026", "mdy", "No such date"),
        ("2026-02-30", "", "No such date"),
        ("21/11/26", "", "Two digits do not say which century; write the year in full"),
        ("soon", "", "Not a date; write it as 2026-11-21"),
        ("2026-11-21 maybe", "", "Not a date; write it as 2026-11-21"),
        ("=TODAY()", "", "Formulas are not read"),
    ],
)
def test_dates_refused(given: Any, order: Any, reason: Any) -> None:
    with pytest.raises(Unreadable) as no:
        read_date(given, order)
    assert no.value.reason == reason


@pytest.mark.parametrize(
    ("given", "zone", "stored"),
    [
        ("2026-11-21T10:50:00Z", "UTC", "2026-11-21T10:50:00Z"),
        ("2026-11-21 10:50", "Europe/Berlin", "2026-11-21T09:50:00Z"),
        ("2026-11-21 10:50:30.25+02:00", "UTC", "2026-11-21T08:50:30Z"),
        ("2026-11-21 1:05 PM", "UTC", "2026-11-21T13:05:00Z"),
        ("2026-11-21", "UTC", "2026-11-21T00:00:00Z"),
    ],
)
def test_moments(given: Any, zone: Any, stored: Any) -> None:
    assert read_datetime(given, "", zone) == stored


@pytest.mark.parametrize(
    "given", ["2026-11-21 25:00", "2026-11-21 10:50+99:99", "2026-11-21 then", "0001-01-01 00:00+10:00", "9999-12-31 23:59Z"]
)
def test_moments_refused(given: Any) -> None:
    with pytest.raises(Unreadable):
        read_datetime(given)


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["2026-01-02"], ""),
        (["13/01/2026", "02/03/2026"], "dmy"),
        (["01/13/2026", "02/03/2026"], "mdy"),
        (["01/02/2026"], None),
        (["13/01/2026", "01/13/2026"], None),
        (["01.02.2026"], "dmy"),
    ],
)
def test_day_and_month_only_when_it_is_sure(values: Any, order: Any) -> None:
    assert guess_order(values) == order


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["0", "1", "1"], ("number", "")),
        (["1.5", "-2"], ("number", "")),
        (["1,5", "2"], ("number", "comma")),
        (["true", "False"], ("boolean", "")),
        (["yes", "no"], ("boolean", "")),
        (["2026-01-02"], ("date", "")),
        (["13/01/2026"], ("date", "dmy")),
        (["01/02/2026"], ("text", "")),
        (["2026-01-02 10:00"], ("datetime", "")),
        (["00123", "00456"], ("text", "")),
        (["12345678901234567"], ("text", "")),
        (["abc", "1"], ("text", "")),
        (["1"] * 99 + ["n/a"], ("number", "")),
        (["1"] * 90 + ["n/a"] * 10, ("text", "")),
        ([], ("text", "")),
        (["2) $200 - $350"], ("text", "")),
    ],
)
def test_the_type_of_a_column(values: Any, kind: Any) -> None:
    assert guess(values) == kind


@pytest.mark.parametrize(
    ("given", "country", "stored"),
    [
        ("+1 (212) 555-0100", None, "+12125550100"),
        ("0049 30 1234567", None, "+49301234567"),
        ("030 1234567", "DE", "+49301234567"),
        ("030 1234567", None, "0301234567"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("+49 (0)30 1234567", None, "+49301234567"),
        ("", None, None),
    ],
)
def test_phones(given: Any, country: Any, stored: Any) -> None:
    assert read_phone(given, country) == stored


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("call me", "Letters in the number"),
        ("12", "2 digits; a number has 4 to 15"),
        ("+012345678", "No country code begins so"),
        ("+12345", "Too few digits after the +"),
        ("1" * 16, "16 digits; a number has 4 to 15"),
        ("=1+1", "Formulas are not read"),
    ],
)
def test_phones_refused(given: Any, reason: Any) -> None:
    with pytest.raises(Unreadable) as no:
        read_phone(given)
    assert no.value.reason == reason


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("US", "US"),
        ("us", "US"),
        ("USA", "US"),
        ("United Kingdom", "GB"),
        ("UK", "GB"),
        ("Deutschland", "DE"),
        ("Österreich", "AT"),
        ("EIRE", "IE"),
        ("", None),
    ],
)
def test_countries(given: Any, code: Any) -> None:
    assert read_country(given) == code


def test_a_country_that_is_none() -> None:
    with pytest.raises(Unreadable) as no:
        read_country("Atlantis")
    assert no.value.reason == "Not a country known here; two letters such as US always are"


def test_other_cells() -> None:
    assert [read_boolean(v) for v in ("Yes", "0", "", "NEIN")] == ["true", "false", None, "false"]
    assert read_tags(' vip | "a" ; b,b\\c ') == '{"vip","\\"a\\"","b","b\\\\c"}'
    assert read_tags(" ; ,") is None
    assert read_zone("europe/berlin") == "Europe/Berlin"
    assert read_language("pt_BR") == "pt-BR"
    assert read_text("=1+1") == "=1+1"
    assert read_text("'=1+1") == "=1+1"
    assert json_reader("list")("a|b") == '["a","b"]'
    assert json_reader("text")('say "hi"\n') == '"say \\"hi\\""'
    for read, value in (
        (read_boolean, "maybe"),
        (read_zone, "Mars"),
        (read_language, "!"),
        (read_text, "x" * 10_001),
        (read_tags, "x" * 101),
    ):
        with pytest.raises(Unreadable):
            read(value)


@pytest.mark.parametrize(
    "value", ["2026-11-21 10:50" + " " * 20_000 + "x", "21" + " " * 20_000 + "x", "1" * 20_000 + "x", "1'111" * 5_000 + "x"]
)
def test_a_long_cell_is_refused_at_once(value: str) -> None:
    began = perf_counter()
    assert guess([value]) == ("text", "")
    for read in (read_date, read_datetime, read_number):
        with pytest.raises(Unreadable):
            read(value)
    assert perf_counter() - began < 2


def test_long_cells_are_not_kept_in_memory() -> None:
    tracemalloc.start()
    try:
        memo = Memo(read_number)
        for chunk in range(20):
            memo([f"{chunk} {row} " + "x" * 100_000 for row in range(10)])
        for row in range(100):
            assert read_phone(f"+49 {row + 1000}" + "-" * 100_000 + "12345") == f"+49{row + 1000}12345"
        assert tracemalloc.get_traced_memory()[0] < 8_000_000
    finally:
        tracemalloc.stop()
