"""What to look at before words are sent: links, the way out, size, pictures, fields that may be missing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from jinja2 import nodes

from app.content.render.markup import is_tag, scan
from app.content.render.parts import Compiled, Rendered, Source, Special
from app.content.render.sandbox import parse, path_of

GMAIL_BYTES = 102 * 1024
"""Gmail cuts a mail off above this; the footer with the way out is then behind a link."""
SUBJECT_CHARACTERS = 60
"""About what an inbox shows."""
_DEAD = ("script", "form", "iframe", "object", "embed")
"""What mail programs take out, or never run."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look at words found.

    `bare`: fields of customers that are printed without a default; `pictures`: those without a description; `dead`: elements that do nothing.
    """

    links: tuple[tuple[str, str], ...]
    unsubscribe: bool
    address: bool
    size: int
    pictures: tuple[str, ...]
    bare: tuple[str, ...]
    subject: int
    dead: tuple[str, ...]

    def warnings(self) -> Iterator[str]:
        """Yield what should be mended, in plain words."""
        if not self.address:
            yield "The brand has no postal address. Most countries ask for one in every mail."
        if self.size > GMAIL_BYTES:
            yield f"The mail has {self.size // 1024} KB. Gmail cuts off what is above 102 KB."
        if self.subject > SUBJECT_CHARACTERS:
            yield f"The subject has {self.subject} characters. Most inboxes show about {SUBJECT_CHARACTERS}."
        if self.pictures:
            yield f"{len(self.pictures)} picture{'s have' if len(self.pictures) > 1 else ' has'} no description: {', '.join(self.pictures)}."
        for name in self.dead:
            yield f"<{name}> does nothing in a mail: mail programs take it out."
        for path in self.bare:
            yield f'{path} has no default: write {{{{ {path} | default("…") }}}} for people without it.'


def look(source: Source, compiled: Compiled, rendered: Rendered, postal_address: str) -> Findings:
    """Look at words that compile, and at what became of them for somebody."""
    texts = [source.subject, source.preheader, source.body, source.text or ""]
    bare = dict.fromkeys(path for text in texts for path in _Bare().of(text))
    return Findings(
        links=compiled.links,
        unsubscribe=Special("unsubscribe") in compiled.html,
        address=bool(postal_address.strip()),
        size=len(rendered.html.encode()),
        pictures=tuple(_undescribed(rendered.html)),
        bare=tuple(bare),
        subject=len(rendered.subject),
        dead=tuple(dict.fromkeys(span.name for span in scan(rendered.html) if any(is_tag(span, name) for name in _DEAD))),
    )


def _undescribed(html: str) -> Iterator[str]:
    """Yield the file names of pictures without an alt; one with an empty alt is an ornament, and said to be one."""
    for span in scan(html):
        if is_tag(span, "img") and span.attribute("alt") is None:
            src = span.attribute("src")
            name = html[src.start : src.end].partition("?")[0].rpartition("/")[2] if src else ""
            yield name[:60] or "a picture without an address"


@dataclass
class _Bare:
    """Finds fields that are printed as they are, where nothing says what stands there for people without them."""

    found: list[str] = field(default_factory=list)

    def of(self, text: str) -> list[str]:
        self._body(parse(text).body, frozenset())
        return self.found

    def _body(self, body: list[nodes.Node], asked: frozenset[str]) -> None:
        for node in body:
            if isinstance(node, nodes.Output):
                for inner in node.nodes:
                    self._output(inner, asked)
            elif isinstance(node, nodes.If):
                inside = asked | {path for path in map(path_of, _operands(node.test)) if path}
                self._body(node.body, inside)
                self._body([*node.elif_, *node.else_], asked)
            elif isinstance(node, nodes.For):
                self._body([*node.body, *node.else_], asked)

    def _output(self, node: nodes.Node, asked: frozenset[str]) -> None:
        while isinstance(node, nodes.Filter) and node.node is not None:
            if node.name in {"default", "length"}:
                return
            node = node.node
        path = path_of(node)
        if path and path.startswith("customer.") and path not in asked and path not in self.found and path != "customer.id":
            self.found.append(path)


def _operands(test: nodes.Node) -> Iterator[nodes.Node]:
    """Yield what must be there for a condition to be true."""
    if isinstance(test, nodes.And):
        yield from _operands(test.left)
        yield from _operands(test.right)
    elif isinstance(test, nodes.Compare):
        yield test.expr
    else:
        yield test
