"""How letters look: nothing in them is markup but ours, the text says the same, buttons can be read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.letters import words
from app.delivery.letters.looks import Act, Face, write
from app.delivery.reading import links_in

FACE = Face("Northlight", "#ffd400", "1 Pier Road\nPortland")


@given(text=st.text(max_size=60), name=st.text(max_size=30))
def test_whatever_a_name_holds_is_text(text: str, name: str) -> None:
    letter = write(Face(name), text, text, [text], Act("Go", "https://x.example/?a=1&b=2"), text)
    assert {link.href for link in links_in(letter.html)} == {"https://x.example/?a=1&b=2"}
    assert re.findall("<(script|img|iframe)", letter.html) == []
    assert "https://x.example/?a=1&b=2" in letter.text


@pytest.mark.parametrize(
    ("colour", "shown", "on"),
    [("#ffd400", "#ffd400", "#1b1f24"), ("#3b5bdb", "#3b5bdb", "#ffffff"), ("red;}", "#3b5bdb", "#ffffff"), (None, "#3b5bdb", "#ffffff")],
)
def test_the_button_has_the_brands_colour_and_can_be_read(colour: str | None, shown: str, on: str) -> None:
    letter = write(Face("Northlight", colour), "x", "x", [], Act("Go", "https://x.example"), "x")
    assert f"background:{shown};color:{on};" in letter.html


def test_the_text_says_what_the_html_says() -> None:
    letter = words.reset(FACE, "Ada", "https://f.example/auth/reset/" + "x" * 100)
    assert "1 Pier Road" in letter.html
    assert letter.text.startswith("Set a new password\n\nHello Ada,\n\n")
    assert "Set a new password:\nhttps://f.example/auth/reset/" + "x" * 100 in letter.text
    assert letter.text.endswith("-- \nNorthlight\n")
    assert max(len(line) for line in letter.text.splitlines() if "https:" not in line) <= 76
    for other in (words.invitation(FACE, "W", "analyst", None, "l"), words.confirmation(FACE, "mail", "l"), words.trial(FACE, "S")):
        assert all((other.subject, other.html, other.text))
