"""Messages as bytes: whatever the words are, they arrive unchanged and nothing breaks out."""

import email
import quopri
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content.render.parts import Compiled, Const, Link, Personal, Special
from app.delivery import mime
from app.delivery.recipe import Frame, Recipe
from app.delivery.tokens import Purpose, Signer

SIGNER = Signer({"k1": "l" * 32})
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FRAME = Frame(
    from_name="Northlight “Outdoor”",
    from_email="hello@northlight.example",
    reply_to="ines@northlight.example",
    return_path=None,
    verp=True,
    base="https://mail.northlight.example",
    feedback_id="7:1:campaign:fairlead",
    bulk=True,
)
HARD = [
    "", ".", "..", ".\n.\n..x\n", "x" * 75, "x" * 76, "x" * 77, "=" * 200, "x" * 75 + "=", "é" * 100, "a \n b \t\n ", "😀" * 400, "x" * 1200,
    " ", "\t", "a\n", "\n\n", "שלום עולם, \u200fright to left\u200e " * 60, "From here", "\x85\u2028", "ﷺ" * 300, "\ud83d",
]  # fmt: skip


def decoded(segments: bytes) -> str:
    return quopri.decodestring(mime.unstuffed(segments)).decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")


@given(st.lists(st.text() | st.sampled_from(HARD), max_size=6))
def test_segments_encoded_apart_say_the_same_as_the_whole(texts: list[str]) -> None:
    segments = [mime.encoded(text) for text in texts]
    wire = b"".join(segments)
    assert decoded(wire) == "".join(plain(text) for text in texts)
    assert wire.isascii()
    assert b"\r\n.\r\n" not in b"\r\n" + wire, "a line with nothing but a dot would end the message"
    for line in wire.split(b"\r\n"):
        assert len(line) <= 76 + line.startswith(b".")
        assert b"\n" not in line
        assert b"\r" not in line


@given(st.text() | st.sampled_from(HARD))
def test_a_header_holds_any_words_in_lines_that_cannot_be_broken_out_of(text: str) -> None:
    value = mime.header(text)
    assert all(line.startswith(b" ") and len(line) <= 77 for line in value.split(b"\r\n")[1:])
    assert b"\n" not in value.replace(b"\r\n ", b"")
    parsed = email.message_from_bytes(b"Subject: " + value + b"\r\nX-After: yes\r\n\r\n", policy=policy.default)
    assert parsed["X-After"] == "yes"
    assert len(parsed.keys()) == 2


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@x.example",
        "ada@",
        "ada\r\n@x.example",
        "a da@x.example",
        "ada@x.example>\r\nRCPT TO:<eve@x.example",
        "a\u2028@x.example",
        "a@x.com\uff1e\u3000NOTIFY=SUCCESS",
    ],
)
def test_what_is_no_address_never_reaches_the_wire(address: str) -> None:
    with pytest.raises(mime.AddressError):
        mime.wire_address(address)


def test_addresses_of_other_scripts() -> None:
    assert mime.wire_address("ada@bücher.example") == b"ada@xn--bcher-kva.example"
    assert not mime.needs_utf8(mime.wire_address("ada@bücher.example"))
    assert mime.needs_utf8(mime.wire_address("ädä@bücher.example"))


def recipe(subject: str = "Hello", body: str = "") -> Recipe:
    link = Link(0, (Const("https://shop.example/sale?a=1&b=2"),))
    own = Link(1, (Const("https://shop.example/?id="), Personal(lambda c: str(c["customer"]["id"]))))
    html = (
        *(
            Const("<p>Hello "),
            Personal(lambda c: c["customer"]["name"]),
            Const(f'</p>{body}<a href="'),
            link,
            Const('">Sale</a><a href="'),
            own,
        ),
        *(Const('">Yours</a><a href="'), Special("unsubscribe"), Const('">No more</a><img src="'), Special("pixel"), Const('">')),
    )
    text = (Const("Hello "), Personal(lambda c: c["customer"]["name"]), Const("\n"), link, Const("\n"), Special("view"))
    subjects = (Const(subject), Personal(lambda c: c["customer"]["name"]))
    return Recipe(Compiled(subjects, (), html, text, frozenset(), ()), FRAME, SIGNER, {})


def parsed(wire: bytes) -> EmailMessage:
    return cast("EmailMessage", email.message_from_bytes(mime.unstuffed(wire), policy=policy.default))


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@given(st.text() | st.sampled_from(HARD))
def test_a_message_parses_whatever_a_customer_is_called(name: str) -> None:
    made = recipe().make(12, b"ada@x.example", {"customer": {"id": 4, "name": name}}, NOON)
    message = parsed(made.wire)
    assert not message.defects
    assert not any(part.defects for part in message.walk())
    assert message.keys() == [
        "Date", "To", "Subject", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "From", "Reply-To", "Feedback-ID", "MIME-Version",
        "Content-Type",
    ]  # fmt: skip
    assert made.subject.startswith("Hello")
    assert plain(name) in plain(part(message, "plain"))
    assert all(len(line) <= 998 for line in made.wire.split(b"\r\n"))


def test_what_stands_in_a_message() -> None:
    made = recipe("Für ", "x" * 2000 + "\n.\n").make(12, b"ada@x.example", {"customer": {"id": 4, "name": "Ada & 😀"}}, NOON)
    message = parsed(made.wire)
    assert message["Subject"] == "Für Ada & 😀"
    assert message["From"] == "Northlight “Outdoor” <hello@northlight.example>"
    assert message["To"] == "ada@x.example" or message["To"] == "<ada@x.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = message["List-Unsubscribe"].strip("<>")
    base = "https://mail.northlight.example"
    assert SIGNER.read(Purpose.UNSUBSCRIBE, leave.removeprefix(f"{base}/u/")).message_id == 12  # type: ignore[union-attr]
    tag = message["Message-ID"].strip("<>").partition("@")[0]
    assert SIGNER.read_bounce_tag(tag) == 12
    assert made.return_path == b"hello+" + tag.encode() + b"@northlight.example"
    assert message["Feedback-ID"] == "7:1:campaign:fairlead"
    html = part(message, "html")
    assert html.count("x" * 2000) == 1
    targets = [SIGNER.read(Purpose.CLICK, url.partition('"')[0]) for url in html.split(f"{base}/c/")[1:]]
    assert [(t.message_id, t.position, t.target) for t in targets if t] == [
        (12, 0, "https://shop.example/sale?a=1&b=2"), (12, 1, "https://shop.example/?id=4"),
    ]  # fmt: skip
    assert html.count(f"{base}/u/") == html.count(f'<img src="{base}/o/') == 1
    assert f"{base}/v/" in part(message, "plain")
