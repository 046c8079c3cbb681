"""The links of a document, found once: http(s) targets get a position, by which they are counted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

from app.content.render.marks import FIELDS, Item, Mark, Marks
from app.content.render.markup import Attribute, Span, line_at, scan
from app.content.render.parts import clean_url
from app.content.render.sandbox import Refused

_LABEL = 120
_ALONE = re.compile(r"(mailto|tel|sms):|#|$", re.IGNORECASE)
_HTTP = re.compile(r"https?://", re.IGNORECASE)
_IN_TEXT = re.compile(r"https?://[^\s<>\"\u2028\u2029]{1,2000}", re.IGNORECASE)
_TRAILING = ".,;:!?'*_"
_TAGS = re.compile(r"<[^>]*>")


@dataclass
class Links:
    """The links of one content, as they are found. `strict`: an address that leads nowhere is refused; otherwise it becomes `#`."""

    marks: Marks
    source: str
    utm: Mapping[str, str]
    strict: bool
    found: list[tuple[str, str]] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)

    def in_html(self, html: str) -> str:
        """Return a document with a token for the target of each link."""
        pieces: list[str] = []
        place = 0
        for span in scan(html):
            if span.kind != "tag" or span.closing or span.name not in {"a", "area"}:
                continue
            target = span.attribute("href")
            if target is not None and target.end > target.start:
                pieces += [html[place : target.start], self._target(html, span, target)]
                place = target.end
        return "".join([*pieces, html[place:]])

    def in_text(self, text: str) -> str:
        """Return a plain text with a token for each address; one that the HTML has too shares its position."""
        return _IN_TEXT.sub(self._address, text)

    def _target(self, html: str, span: Span, target: Attribute) -> str:
        raw = html[target.start : target.end]
        url = unescape(raw).strip()
        first, *others = self.marks.split(url) or [""]
        if isinstance(first, str):
            if _ALONE.match(first):
                return raw
            if not _HTTP.match(first):
                if self.strict:
                    written = self.marks.written(url)
                    raise Refused(
                        line_at(self.source, max(self.source.find(written), 0)), f"The link {written[:80]} needs https:// before it."
                    )
                return "#"
        elif first.kind == "special" and not others:
            return raw
        return self._add(url, _label(html, span, self.marks))

    def _address(self, found: re.Match[str]) -> str:
        url = found[0].rstrip(_TRAILING)
        for opening, closing in ("()", "[]"):
            while url.endswith(closing) and url.count(closing) > url.count(opening):
                url = url[:-1].rstrip(_TRAILING)
        if not _HTTP.sub("", url):
            return found[0]
        token = self._tokens.get(self.marks.written(url)) or self._add(url, self.marks.written(url))
        return token + found[0][len(url) :]

    def _add(self, url: str, label: str) -> str:
        written = self.marks.written(url)
        for _, mark in self.marks.within(url):
            if mark.kind == "special":
                raise Refused(mark.line, f"{mark.source} is a whole address. It cannot be a part of one.")
        if len(self.found) >= FIELDS:
            raise Refused(1, f"There are more than {FIELDS:,} links.")
        items = self._parameters(url)
        token = self.marks.add(Mark("link", 0, written, items=tuple(items), position=len(self.found)))
        self.found.append((written, label or written))
        self._tokens.setdefault(written, token)
        return token

    def _parameters(self, url: str) -> list[Item]:
        """Return an address's items, with the utm parameters that it lacks. One that begins with a field gets them when it is rendered."""
        if not _HTTP.match(url):
            return self.marks.split(url)
        return self.marks.split(_clean(with_utm(url, self.utm), self.marks))


def _clean(url: str, marks: Marks) -> str:
    """Return a fixed address as it can be sent; one with fields is cleaned when it is rendered."""
    return url if marks.token_pattern.search(url) else clean_url(url) or "#"


def with_utm(url: str, utm: Mapping[str, str]) -> str:
    """Return an address with those parameters that it does not have."""
    address, hash_sign, fragment = url.partition("#")
    path, _, query = address.partition("?")
    there = {pair.partition("=")[0] for pair in query.split("&")}
    more = urlencode({name: value for name, value in utm.items() if value and name not in there})
    if not more:
        return url
    between = "&" if query and not query.endswith("&") else ""
    return f"{path}?{query}{between}{more}{hash_sign}{fragment}"


def _label(html: str, span: Span, marks: Marks) -> str:
    """Return the words of a link, or what its picture says."""
    end = html.lower().find("</a", span.end, span.end + 20_000)
    inner = html[span.end : end] if end >= 0 else ""
    words = " ".join(unescape(_TAGS.sub(" ", marks.written(inner))).split())
    if not words and (picture := re.search(r'\balt="([^"]+)"', inner)):
        words = unescape(marks.written(picture[1]))
    return words[:_LABEL]
