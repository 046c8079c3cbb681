"""A text part from HTML: what it says, in order, with addresses in brackets."""

import re
from html import unescape

from app.content.render.marks import Marks
from app.content.render.markup import Span, scan

_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "table", "pre"})
_LINES = frozenset({"div", "tr", "li", "section", "article", "header", "footer", "center", "dt", "dd"})
_BLOCK = ("open", "turn", "close")
_ALONE = {"br": "\n", "hr": "\n\n---\n\n", "td": " ", "th": " "}
_SPACES = re.compile(r"[ \t\n\r\f]+")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def plain(html: str, marks: Marks) -> str:
    """Return a tokenised document as tokenised text."""
    return _Writer(html, marks).text()


class _Writer:
    def __init__(self, html: str, marks: Marks) -> None:
        self._html, self._marks = html, marks
        self._out: list[str] = []
        self._link: list[tuple[str, int]] = []
        self._hidden: list[str] = []

    def text(self) -> str:
        for span in scan(self._html):
            words = self._html[span.start : span.end]
            if span.kind == "tag":
                self._tag(span)
            elif self._hidden:
                continue
            elif span.kind == "text":
                self._out.append(_SPACES.sub(" ", unescape(words).replace("\xa0", " ")))
            elif span.kind == "comment" and words == f"<!--{words[4:-3]}-->" and self._marks.token_pattern.fullmatch(words[4:-3]):
                self._out.append(words[4:-3])
        return self._tidy("".join(self._out))

    def _tag(self, span: Span) -> None:
        if self._hidden:
            if span.name == self._hidden[-1]:
                self._hidden.pop() if span.closing else self._hidden.append(span.name)
            return
        style = span.attribute("style")
        if not span.closing and (span.name == "head" or (style and span.name == "div" and _HIDDEN.search(self._value(span, "style")))):
            self._hidden.append(span.name)
        elif span.name in _ALONE:
            self._out.append(_ALONE[span.name])
        elif span.name == "img":
            self._out.append(unescape(self._value(span, "alt")))
        elif span.name == "a":
            self._anchor(span)
        elif span.name in _PARAGRAPHS:
            self._out.append("\n\n")
        elif span.name in _LINES:
            self._out.append("\n" if span.name != "li" else "" if span.closing else "\n- ")

    def _anchor(self, span: Span) -> None:
        if not span.closing:
            self._link.append((unescape(self._value(span, "href")), len(self._out)))
            return
        if not self._link:
            return
        target, start = self._link.pop()
        words = "".join(self._out[start:]).strip()
        if target.startswith(("mailto:", "tel:", "sms:", "#")) or target in {"", words}:
            return
        if words == self._marks.written(target):
            del self._out[start:]
            words = ""
        self._out.append(f" ({target})" if words else target)

    def _value(self, span: Span, name: str) -> str:
        one = span.attribute(name)
        return self._html[one.start : one.end] if one else ""

    def _tidy(self, text: str) -> str:
        """Return lines without space at their ends, at most one empty line between, and no line for a block's tag alone."""
        lines = [line.strip() for line in re.sub(r" +", " ", text).split("\n")]
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
        alone = re.compile(rf"^({self._marks.token_pattern.pattern})\n+", re.MULTILINE)
        return alone.sub(lambda found: found[1] if self._marks.get(found[2]).kind in _BLOCK else found[0], text)
