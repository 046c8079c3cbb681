"""A mail as people read it: its parts, headers and links, from the very bytes that were sent. Pure."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

MOST_SOURCE = 200_000
"""Characters of the source that a page shows; the download has all."""
_HEADS = [re.compile(rf"<{name}(?:\s[^>]*)?>", re.IGNORECASE) for name in ("head", "html", "!doctype")]
_NEW_TAB = '<base target="_blank">'


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it stands in the mail: its words, and its address as sent."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail taken apart. `html` and `text` are None where it has no such part."""

    subject: str
    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    links: tuple[Link, ...]
    source: str
    size: int


def read(raw: bytes) -> Mail:
    """Take a mail apart."""
    message = message_from_bytes(raw, _class=EmailMessage, policy=default)
    html, text = _part(message, "html"), _part(message, "plain")
    return Mail(
        subject=str(message.get("Subject", "")),
        headers=tuple((name, str(value)) for name, value in message.items()),
        html=html,
        text=text,
        links=tuple(links_in(html)) if html else (),
        source=raw[:MOST_SOURCE].decode("utf-8", "replace"),
        size=len(raw),
    )


def framed(html: str) -> str:
    """Return the HTML with links that open in a tab of their own, because a frame around a mail is no place to go on reading."""
    found = next(filter(None, (head.search(html) for head in _HEADS)), None)
    at = found.end() if found else 0
    return html[:at] + _NEW_TAB + html[at:]


def links_in(html: str) -> list[Link]:
    """Return the links of an HTML text in their order."""
    reader = _Links()
    reader.feed(html)
    reader.close()
    return reader.found


def _part(message: EmailMessage, kind: str) -> str | None:
    body = message.get_body(preferencelist=(kind,))
    return None if body is None else str(body.get_content())


class _Links(HTMLParser):
    """Collects what stands between `<a href>` and `</a>`; a picture counts by its description."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []
        self._href: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a link, or note a picture in one."""
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self._href, self._words = given["href"], []
        elif tag == "img" and self._href:
            self._words.append(given.get("alt") or "")

    def handle_data(self, data: str) -> None:
        """Take the words of a link."""
        if self._href:
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        """End a link."""
        if tag == "a" and self._href:
            self.found.append(Link(" ".join("".join(self._words).split()), self._href))
            self._href = None
