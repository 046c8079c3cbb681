import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.core.db import decode_cursor, encode_cursor
from app.core.errors import Invalid

MOMENT = datetime(2026, 11, 21, 10, 50, 0, 123456, tzinfo=UTC)


def test_comes_back_as_it_went() -> None:
    assert decode_cursor(encode_cursor([MOMENT, 12, "é"]), [datetime, int, str]) == [MOMENT, 12, "é"]
    assert decode_cursor(encode_cursor([None, 12]), [datetime, int], missing=True) == [None, 12]


def test_a_moment_is_read_in_utc_whatever_its_offset() -> None:
    """PostgreSQL refuses offsets of sixteen hours and more."""
    (found,) = decode_cursor(encode_cursor([MOMENT.astimezone(timezone(timedelta(hours=23)))]), [datetime])
    assert (found, found.utcoffset()) == (MOMENT, timedelta())


@pytest.mark.parametrize(("values", "missing"), [([None, 1], False), ([1, None], True), (["2026-01-01", 1], True)])
def test_nothing_is_missing_but_where_it_may_be(values: list[object], missing: bool) -> None:
    with pytest.raises(Invalid):
        decode_cursor(encode_cursor(values), [int, int], missing=missing)


@pytest.mark.parametrize(
    "text",
    ["", "x", "%%%", "é", "A" * 400, encode_cursor([1]), encode_cursor(["a", 2]), encode_cursor([2**70, 1]), encode_cursor([True, 1])]
    + [base64.urlsafe_b64encode(raw).decode() for raw in (b"{}", b"null", b"[[],1]", b"[" * 5000, b'[1,"2"]')],
)
def test_refuses_nonsense_by_name(text: str) -> None:
    with pytest.raises(Invalid) as no:
        decode_cursor(text, [int, int])
    assert no.value.errors == {"cursor": "This is not a cursor of this list."}
