"""What compiled words are made of, and how they become a mail."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal
from urllib.parse import quote

from markupsafe import escape as mark_safe

from app.core.errors import Invalid

Context = Mapping[str, Any]
"""What a mail may know: `{"customer": {"id", "first_name", …, "fields": {…}, "stats": {…}, "tags": […]}, "brand": {…}, "campaign": {"name"}}`."""

OUTPUT_CHARACTERS = 1_000_000
SECONDS = 0.25
MARK = "\x00"
"""Stands before and after a link or special in what a block renders: `NUL position SOH target NUL`. No value holds it."""
INNER = "\x01"
_BREAKS = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")
_UNSAFE = re.compile(r"[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]")
_SPECIAL = re.compile("[&<>\"']")
_HTTP = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Source:
    """Words as written. `kind` is html or markdown and says how `body` is; `text` None: the text part is made from the body."""

    kind: str
    subject: str
    preheader: str
    body: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Const:
    """The same for everybody."""

    text: str


@dataclass(frozen=True, slots=True)
class Personal:
    """Differs by customer; escaped already where it stands in HTML."""

    render: Callable[[Context], str]


@dataclass(frozen=True, slots=True)
class Link:
    """The http(s) target of a link; `parts` are plain text, not HTML."""

    position: int
    parts: tuple[Const | Personal, ...]


@dataclass(frozen=True, slots=True)
class Special:
    """An address that differs by message: where to unsubscribe, to view the mail as a page, the pixel's."""

    name: Literal["unsubscribe", "view", "pixel"]


@dataclass(frozen=True, slots=True)
class Block:
    """An `if` or `for` that has links or specials in it: they stand between marks in what it renders, and Compiled.render puts addresses there."""

    render: Callable[[Context], str]


Part = Const | Personal | Link | Special | Block
Address = Callable[[Link | Special, str], str]


def escape(text: str) -> str:
    """Return text as it stands in HTML. Most names have nothing to escape, and to look is cheaper than to do."""
    return str(mark_safe(text)) if _SPECIAL.search(text) else text


class Budget:
    """How much one mail may still take: characters of output, and time."""

    __slots__ = ("room", "until")

    def __init__(self) -> None:
        self.until = monotonic() + SECONDS
        self.room = OUTPUT_CHARACTERS

    def check(self) -> None:
        """Raise Invalid if the time is over."""
        if monotonic() > self.until:
            raise Invalid({"body": "This takes too long to render: more than a quarter of a second for one person."})

    def take(self, characters: int) -> None:
        """Note output. Raises Invalid if it is too much, or too late."""
        self.room -= characters
        if self.room < 0:
            raise Invalid({"body": "This becomes too large: more than 1 MB for one person."})
        self.check()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail for one person."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """Words ready to be rendered many times. Safe to share between threads.

    `uses`: the paths needed of a context; `links`: (url as written, label) by position.
    """

    subject: tuple[Part, ...]
    preheader: tuple[Part, ...]
    html: tuple[Part, ...]
    text: tuple[Part, ...]
    uses: frozenset[str] = field(default_factory=frozenset)
    links: tuple[tuple[str, str], ...] = ()

    def render(self, context: Context, address: Address) -> Rendered:
        """Return the mail of one person.

        `address` gets each link and special with its rendered target ('' for a special) and returns the URL to put in.
        Raises Invalid if it takes too long or becomes too large.
        """
        context = {**context, "_budget": Budget()}
        put = Addresses(context, address)
        html = "".join([part.text if type(part) is Const else part_of(part, context, put, escape) for part in self.html])
        text = "".join([part.text if type(part) is Const else part_of(part, context, put, str) for part in self.text])
        if len(html) + len(text) > OUTPUT_CHARACTERS:
            raise Invalid({"body": "This becomes too large: more than 1 MB for one person."})
        return Rendered(line_of(self.subject, context), line_of(self.preheader, context), html, text)


class Addresses:
    """The addresses of one mail. The HTML and the text ask for the same ones: each is made once."""

    __slots__ = ("_address", "_context", "_made")

    def __init__(self, context: Context, address: Address) -> None:
        self._context, self._address = context, address
        self._made: dict[int | str, str] = {}

    def of(self, part: Link | Special) -> str:
        """Return the address of a part; `#` if a link's target is no http(s) address."""
        key = part.position if type(part) is Link else part.name  # type: ignore[union-attr] # mypy does not narrow by type()
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._link(part) if type(part) is Link else self._address(part, "")
        return made

    def _link(self, part: Link) -> str:
        parts = part.parts
        if len(parts) == 1 and type(parts[0]) is Const:
            return self._address(part, parts[0].text)
        return self.to(part, "".join([one.text if type(one) is Const else one.render(self._context) for one in parts]))  # type: ignore[union-attr] # as above

    def to(self, part: Link, target: str) -> str:
        """Return the address of a link for one target."""
        self._context["_budget"].check()
        url = clean_url(target)
        return self._address(part, url) if url else "#"


def part_of(part: Part, context: Context, put: Addresses, write: Callable[[str], str]) -> str:
    """Return a part that is no Const for one person; `write` escapes addresses for where they stand."""
    kind = type(part)
    if kind is Personal:
        return part.render(context)  # type: ignore[union-attr] # mypy does not narrow by type(); isinstance is slower, and a million mails pass here
    if kind is Block:
        return _marked(part.render(context), put, write)  # type: ignore[union-attr] # as above
    return write(put.of(part))  # type: ignore[arg-type] # as above


def line_of(parts: tuple[Part, ...], context: Context) -> str:
    """Render a header: never more than one line, whatever the values are."""
    text = "".join([part.text if isinstance(part, Const) else part.render(context) for part in parts if isinstance(part, Const | Personal)])
    return _BREAKS.sub(" ", text) if _BREAKS.search(text) else text


def _marked(text: str, put: Addresses, write: Callable[[str], str]) -> str:
    """Put addresses between the marks."""
    pieces = text.split(MARK)
    for i in range(1, len(pieces), 2):
        name, _, target = pieces[i].partition(INNER)
        pieces[i] = write(put.to(Link(int(name), ()), target) if name.isdigit() else put.of(Special(name)))  # type: ignore[arg-type] # one of three
    return "".join(pieces)


def clean_url(url: str) -> str:
    """Return an http(s) address in ASCII without anything that could break out of a header or an attribute, or ''."""
    url = url.strip()
    if not url.startswith(_HTTP):
        scheme, colon, rest = url.partition(":")
        if scheme.lower() not in {"http", "https"} or not rest.startswith("//"):
            return ""
        url = scheme.lower() + colon + rest
    return quote(url, safe="!#$%&'()*+,-./:;=?@[]_~") if _UNSAFE.search(url) else url
