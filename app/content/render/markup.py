"""A reader of HTML as people write it for mails: tags with the places of their attributes, texts, comments. It changes nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.content.render.sandbox import Refused

_ATTRIBUTE = re.compile(r"""\s*([^\s"'<>/=][^\s"'<>/=]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*)((?>[^"'>]|"[^"]*"|'[^']*')*+)>""")
_START = re.compile(r"<(?=[a-zA-Z/!?])")
RAW = frozenset({"style", "script", "title", "textarea", "xmp", "noembed", "noframes"})
TAGS = 10_000
ATTRIBUTES = 200
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its name in small letters, and where its value stands (without quotes); `quoted`: it has quotes."""

    name: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a document: `text`, `tag`, `comment` (doctypes too), or `raw` (what stands inside style, script, title)."""

    kind: Literal["text", "tag", "comment", "raw"]
    start: int
    end: int
    name: str = ""
    closing: bool = False
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """Return the first attribute of this name."""
        return next((one for one in self.attributes if one.name == name), None)


def scan(html: str) -> Iterator[Span]:
    """Yield the parts of a document in order, without a gap. Raises Refused for a tag or comment that is never closed."""
    place = tags = 0
    while place < len(html):
        tags += 1
        if tags > TAGS:
            raise Refused(line_at(html, place), f"There are more than {TAGS:,} tags and comments.")
        start = _START.search(html, place)
        if start is None:
            yield Span("text", place, len(html))
            return
        if start.start() > place:
            yield Span("text", place, start.start())
        span = _tag(html, start.start())
        yield span
        place = span.end
        if span.kind == "tag" and span.name in RAW and not span.closing:
            end = re.compile(rf"</{span.name}(?=[\s/>])", re.IGNORECASE).search(html, place)
            stop = end.start() if end else len(html)
            if stop > place:
                yield Span("raw", place, stop, span.name)
            place = stop


def _tag(html: str, start: int) -> Span:
    if html.startswith(("<!--", "<!", "<?"), start):
        mark = "-->" if html.startswith("<!--", start) else ">"
        end = html.find(mark, start + 2)
        if end < 0:
            raise Refused(line_at(html, start), "This comment is never closed.")
        return Span("comment", start, end + len(mark))
    found = _TAG.match(html, start)
    if found is None:
        if html.startswith("</", start) and not html[start + 2 : start + 3].isalpha():
            return Span("text", start, start + 2)
        raise Refused(line_at(html, start), "This tag is never closed: " + html[start : start + 30].partition("\n")[0])
    name = found[2].lower()
    return Span("tag", start, found.end(), name, bool(found[1]), _attributes(html, found.start(3), found.end(3)))


def _attributes(html: str, place: int, end: int) -> tuple[Attribute, ...]:
    attributes: list[Attribute] = []
    while place < end:
        if len(attributes) > ATTRIBUTES:
            raise Refused(line_at(html, place), f"A tag has more than {ATTRIBUTES} attributes.")
        found = _ATTRIBUTE.match(html, place, end)
        if found is None:
            place += 1
            continue
        place = max(found.end(), place + 1)
        quoted = bool(found[2]) and found[2][0] in "\"'"
        start, stop = (found.start(2) + quoted, found.end(2) - quoted) if found[2] else (found.end(1), found.end(1))
        attributes.append(Attribute(found[1].lower(), start, stop, quoted or not found[2]))
    return tuple(attributes)


def line_at(text: str, place: int) -> int:
    """Return the number of the line."""
    return text.count("\n", 0, place) + 1


def is_tag(span: Span, name: str) -> bool:
    """Say whether a span opens an element of this name."""
    return span.kind == "tag" and span.name == name and not span.closing
