"""Tokens of mails: what is signed is read, and nothing else is."""

import base64
import hashlib
import hmac
import re
import string
import timeit
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.delivery.tokens import MAX_TARGET, Purpose, Read, Signer, trackable

OLD, NEW = {"k1": "one" * 12}, {"k2": "two" * 30}
SIGNER = Signer(NEW | OLD)
IDS = st.integers(min_value=1, max_value=2**63 - 1)
PLAIN = {
    Purpose.OPEN: SIGNER.open_url,
    Purpose.UNSUBSCRIBE: SIGNER.unsubscribe_url,
    Purpose.VIEW: SIGNER.view_url,
    Purpose.CONFIRM: SIGNER.confirm_url,
}
TARGETS = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), max_size=200).map(
    lambda rest: f"https://shop.example/{rest}"
)


def token(path: str) -> str:
    return path.rpartition("/")[2]


@given(IDS)
@example(1)
@example(2**63 - 1)
def test_each_token_says_its_message_and_serves_one_purpose(message_id: int) -> None:
    for purpose, make in PLAIN.items():
        path = make(message_id)
        assert path.startswith(f"/{purpose}/k2.")
        assert re.fullmatch(r"[\w./-]+", path)
        read = {other: SIGNER.read(other, token(path)) for other in Purpose}
        assert read == {other: Read(message_id) if other == purpose else None for other in Purpose}


@given(IDS, st.integers(min_value=0, max_value=2**16 - 1), TARGETS)
def test_a_click_carries_its_target(message_id: int, position: int, target: str) -> None:
    path = SIGNER.link(position, target)(message_id)
    assert path == SIGNER.click_url(message_id, position, target)
    read = {other: SIGNER.read(other, token(path)) for other in Purpose}
    assert read == {other: Read(message_id, position, target) if other == Purpose.CLICK else None for other in Purpose}


@given(IDS, st.data())
def test_whatever_is_tampered_with_is_refused(message_id: int, data: st.DataObject) -> None:
    purpose, path = data.draw(
        st.sampled_from(
            [(Purpose.CLICK, SIGNER.click_url(message_id, 3, "https://shop.example/a")), (Purpose.OPEN, SIGNER.open_url(message_id))]
        )
    )
    text = token(path)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_.=+/ \0é"))
    changed = {text[:at] + other + text[at + 1 :], text[:at] + other + text[at:], text[:at] + text[at + 1 :], text[:at]} - {text}
    assert [SIGNER.read(purpose, one) for one in changed] == [None] * len(changed)


@given(st.text(max_size=80), st.sampled_from(list(Purpose)))
@example("k1..", Purpose.OPEN)
@example("k1." + "A" * 7000, Purpose.OPEN)
@example("....", Purpose.CLICK)
def test_noise_is_no_token(noise: str, purpose: Purpose) -> None:
    assert SIGNER.read(purpose, noise) is None
    assert SIGNER.read_bounce_tag(noise) is None


def test_a_token_of_an_older_key_is_believed_while_that_key_is_kept() -> None:
    before, after = Signer(OLD), Signer(NEW)
    path, tag = before.open_url(7), before.bounce_tag(7)
    assert (SIGNER.read(Purpose.OPEN, token(path)), SIGNER.read_bounce_tag(tag)) == (Read(7), 7)
    assert (after.read(Purpose.OPEN, token(path)), after.read_bounce_tag(tag)) == (None, None)
    renamed = Signer({"k1": "another secret of the same name " * 2})
    assert (renamed.read(Purpose.OPEN, token(path)), renamed.read_bounce_tag(tag)) == (None, None)


@pytest.mark.parametrize("keys", [OLD, NEW], ids=["key shorter than a block", "key longer than a block"])
def test_the_mac_is_hmac_sha256(keys: dict[str, str]) -> None:
    name, key = next(iter(keys.items()))
    body, _, mac = token(Signer(keys).open_url(259)).rpartition(".")
    assert body == f"{name}.AQM"
    expected = hmac.new(key.encode(), f"o.{body}".encode(), hashlib.sha256).digest()[:16]
    assert mac == base64.urlsafe_b64encode(expected).decode().rstrip("=")


@pytest.mark.parametrize(
    ("written", "carried"),
    [
        ("https://shop.example/a?b=1&c=%20#d", "https://shop.example/a?b=1&c=%20#d"),
        ("  https://shop.example/a b\n", "https://shop.example/a%20b"),
        ("https://bücher.example/für?q=grün", "https://xn--bcher-kva.example/f%C3%BCr?q=gr%C3%BCn"),
        ("HTTP://Shop.example", "HTTP://Shop.example"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("https://shop.example/\r\nSet-Cookie: a=b", "https://shop.example/Set-Cookie:%20a=b"),
        ("javascript:alert(1)", None),
        ("//shop.example/a", None),
        ("/a", None),
        ("https://", None),
        ("https:///a", None),
        ("http://[::1/a", None),
        ("mailto:a@shop.example", None),
        ("https://shop.example/" + "a" * MAX_TARGET, None),
    ],
)
def test_only_web_addresses_are_carried_and_as_they_may_stand_in_a_header(written: str, carried: str | None) -> None:
    assert trackable(written) == carried
    if carried is None:
        with pytest.raises(ValueError, match="http address"):
            SIGNER.link(0, written)
    else:
        assert SIGNER.read(Purpose.CLICK, token(SIGNER.click_url(5, 0, written))) == Read(5, 0, carried)


@given(st.text(max_size=60).map(lambda rest: "https://shop.example/" + rest))
def test_whatever_is_carried_is_printable(target: str) -> None:
    url = trackable(target)
    assert url is None or re.fullmatch(r"[!-~]+", url)


def test_the_longest_target_fits_into_a_request_line() -> None:
    target = "https://shop.example/".ljust(MAX_TARGET, "a")
    path = SIGNER.click_url(2**63 - 1, 2**16 - 1, target)
    assert len(path) < 6000
    read = SIGNER.read(Purpose.CLICK, token(path))
    assert read is not None
    assert read.target == target


@given(IDS, st.data())
@example(2**63 - 1, None)
def test_a_bounce_tag_survives_whatever_mail_servers_do_to_case_and_no_change_else(message_id: int, data: st.DataObject | None) -> None:
    tag = SIGNER.bounce_tag(message_id)
    assert re.fullmatch(r"[a-z0-9]{13,25}", tag)
    assert [SIGNER.read_bounce_tag(form) for form in (tag, tag.upper(), tag.title())] == [message_id] * 3
    if data is not None:
        at, other = data.draw(st.integers(0, len(tag) - 1)), data.draw(st.sampled_from(string.ascii_lowercase + string.digits))
        changed = {tag[:at] + other + tag[at + 1 :], "0" + tag, tag[1:], tag + other} - {tag}
        assert [SIGNER.read_bounce_tag(one) for one in changed] == [None] * len(changed)


def test_a_token_costs_little_more_than_its_signature() -> None:
    link = SIGNER.link(3, "https://shop.example/winter/coats?utm_source=fairlead&utm_campaign=winter")
    bare = partial(hmac.digest, b"k" * 32, b"m" * 120, "sha256")
    ours = min(timeit.repeat(lambda: (link(123456789), SIGNER.open_url(123456789)), number=500, repeat=20)) / 2
    assert ours < 12 * min(timeit.repeat(bare, number=500, repeat=20))
