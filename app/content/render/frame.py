"""What every mail carries: the hidden preheader, the pixel, and a footer with the postal address and the way out, where the words have none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from app.content.render.marks import Item, Mark, Marks
from app.content.render.markup import is_tag, scan
from app.content.render.sandbox import expression, path_of
from app.content.render.writer import regions

_ADDRESS = "brand.postal_address"
_STYLE = (
    "padding:24px 16px;text-align:center;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
    "font-size:12px;line-height:1.6;color:#6b7280"
)
_HIDDEN = "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all"
_FILLING = "&#847;&zwnj;&nbsp;" * 60
"""Keeps the first words of the body out of the preview in the inbox."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What has to be added: the address if it is not there, the link if it is not there."""

    address: str
    unsubscribe: bool

    def html(self, marks: Marks) -> str:
        """Return it as HTML, empty if nothing is missing."""
        lines = [str(escape(line.strip())) for line in self.address.splitlines() if line.strip()]
        if self.unsubscribe:
            lines.append(f'<a href="{marks.add(_special("unsubscribe"))}" style="color:#6b7280;text-decoration:underline">Unsubscribe</a>')
        return f'<div style="{_STYLE}">{"<br>".join(lines)}</div>\n' if lines else ""

    def text(self, marks: Marks) -> str:
        """Return it as plain text."""
        lines = [line.strip() for line in self.address.splitlines() if line.strip()]
        if self.unsubscribe:
            lines.append(f"Unsubscribe: {marks.add(_special('unsubscribe'))}")
        return "\n\n-- \n" + "\n".join(lines) + "\n" if lines else ""


def footer(items: Sequence[Item], words: str, brand: Mapping[str, Any]) -> Footer:
    """Return what these items lack. What stands within an `if` may not be shown, so it does not count. `words`: the same as plain text."""
    always = [region[0] for region in regions(items) if isinstance(region, list) and len(region) == 1]
    marks = [mark for mark in always if isinstance(mark, Mark)]
    address = str(brand.get("postal_address") or "")
    said = any(mark.kind == "output" and path_of(expression(mark.code)) == _ADDRESS for mark in marks) or _letters(address) in _letters(
        words
    )
    return Footer("" if said else address, not any(mark.kind == "special" and mark.code == "unsubscribe" for mark in marks))


def with_preheader(html: str, preheader: str) -> str:
    """Return a document with its preheader (tokenised text) hidden at the top of its body."""
    if not preheader.strip():
        return html
    place = next((span.end for span in scan(html) if is_tag(span, "body")), 0)
    return f'{html[:place]}<div style="{_HIDDEN}">{escape(preheader)}{_FILLING}</div>{html[place:]}'


def at_end(html: str, more: str) -> str:
    """Return a document with something more at the end of its body."""
    ends = [span.start for span in scan(html) if span.kind == "tag" and span.name == "body" and span.closing]
    place = ends[-1] if ends else len(html)
    return html[:place] + more + html[place:]


def pixel(marks: Marks) -> str:
    """Return the picture of one point that tells that the mail was opened."""
    return f'<img src="{marks.add(_special("pixel"))}" width="1" height="1" alt="" style="border:0">'


def _special(name: str) -> Mark:
    return Mark("special", 1, "", name)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
