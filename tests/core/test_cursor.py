import base64
from datetime import UTC, datetime

import pytest

from app.core.db import decode_cursor, encode_cursor
from app.core.errors import Invalid

MOMENT = datetime(2026, 11, 21, 10, 50, 0, 123456, tzinfo=UTC)


def test_comes_back_as_it_went() -> None:
    assert decode_cursor(encode_cursor([MOMENT, 12, "é", None]), [datetime, int, str, int]) == [MOMENT, 12, "é", None]


@pytest.mark.parametrize(
    "text",
    ["", "x", "%%%", "é", "A" * 400, encode_cursor([1]), encode_cursor(["a", 2]), encode_cursor([2**70, 1]), encode_cursor([True, 1])]
    + [base64.urlsafe_b64encode(raw).decode() for raw in (b"{}", b"null", b"[[],1]", b"[" * 5000, b'[1,"2"]')],
)
def test_refuses_nonsense_by_name(text: str) -> None:
    with pytest.raises(Invalid) as no:
        decode_cursor(text, [int, int])
    assert no.value.errors == {"cursor": "This is not a cursor of this list."}
