"""From words with merge fields to parts that become a mail: once a content, whatever the number of people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.content.render.fields import Words
from app.content.render.frame import at_end, footer, pixel, with_preheader
from app.content.render.inline import inline
from app.content.render.links import Links
from app.content.render.markdown import page
from app.content.render.marks import Marks
from app.content.render.parts import Block, Compiled, Const, Context, Link, Part, Personal, Rendered, Source, Special
from app.content.render.plain import plain
from app.content.render.protect import protect
from app.content.render.sandbox import SOURCE_BYTES, Check, Refused, parse
from app.content.render.speech import Speech
from app.content.render.writer import Writer
from app.core.errors import Invalid

__all__ = [
    "Block",
    "Compiled",
    "Const",
    "Context",
    "Link",
    "Part",
    "Personal",
    "Rendered",
    "Source",
    "Special",
    "compile_head",
    "compile_source",
]

T = TypeVar("T")


def compile_source(source: Source, words: Words | None, brand: Mapping[str, Any], utm: Mapping[str, str]) -> Compiled:
    """Return words as parts.

    `words` None: names are not compared with the workspace's, and what is unknown is missing. `brand`: `name`, `postal_address`, and
    `locale zone currency` for dates and money. Raises Invalid with the line and name of what is wrong, by `subject preheader body text`.
    """
    return _Compiler(source, words, brand, utm).run()


def compile_head(source: Source, words: Words | None, brand: Mapping[str, Any], utm: Mapping[str, str]) -> Compiled:
    """Return subject and preheader alone, with the same arguments: what pages show of a mail. Its document is not even looked at."""
    return _Compiler(source, words, brand, utm).head()


@dataclass
class _Compiler:
    source: Source
    words: Words | None
    brand: Mapping[str, Any]
    utm: Mapping[str, str]
    uses: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)

    def run(self) -> Compiled:
        source = self.source
        texts = self._texts(subject=source.subject, preheader=source.preheader, body=source.body, text=source.text)
        return self._compiled(self._taken(texts), texts["body"])

    def head(self) -> Compiled:
        taken = self._taken(self._texts(subject=self.source.subject, preheader=self.source.preheader))
        writer = Writer(False, self.brand, self._speech(), self.utm)  # noqa: FBT003
        parts = {name: self._try(name, writer.parts, self.marks.split(text)) or () for name, text in taken.items()}
        self._stop()
        return Compiled(parts["subject"], parts["preheader"], (), (), frozenset(self.uses))

    def _texts(self, **fields: str | None) -> dict[str, str]:
        """Return the texts that are there, with one kind of line end."""
        given = {name: text for name, text in fields.items() if text is not None}
        return {name: text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "") for name, text in given.items()}

    def _taken(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return the texts checked, with tokens in place of their merge fields."""
        self.marks = Marks(*texts.values())
        taken = {name: self._try(name, self._take, name, text) for name, text in texts.items()}
        self._stop()
        return {name: text or "" for name, text in taken.items()}

    def _speech(self) -> Speech:
        return Speech(*(str(self.brand.get(name) or usual) for name, usual in (("locale", "en"), ("zone", "UTC"), ("currency", "USD"))))

    def _take(self, name: str, text: str) -> str:
        """Return a checked text with tokens in place of its merge fields."""
        if len(text.encode()) > SOURCE_BYTES:
            raise Refused(1, "This is larger than 512 KB.")
        check = Check(self.words, specials=name in {"body", "text"})
        taken = self.marks.take(text)
        check.template(parse(text))
        self.uses |= check.uses
        return taken

    def _compiled(self, taken: Mapping[str, str], body: str) -> Compiled:
        speech = self._speech()
        self._rich, self._plain = Writer(True, self.brand, speech, self.utm), Writer(False, self.brand, speech, self.utm)  # noqa: FBT003
        links = Links(self.marks, body, self.utm, self.words is not None)
        html = self._try("body", self._document, taken["body"], links) or ""
        self._stop()
        text = self._try("text", self._letter, taken.get("text"), html, links) or ""
        html = at_end(with_preheader(html, taken["preheader"]), pixel(self.marks))
        parts = {
            name: self._try(name, writer.parts, self.marks.split(words)) or ()
            for name, words, writer in (
                ("subject", taken["subject"], self._plain),
                ("preheader", taken["preheader"], self._plain),
                ("body", html, self._rich),
                ("text", text, self._plain),
            )
        }
        self._stop()
        return Compiled(parts["subject"], parts["preheader"], parts["body"], parts["text"], frozenset(self.uses), tuple(links.found))

    def _document(self, body: str, links: Links) -> str:
        """Return the body as a tokenised document with its links found and its footer, if it needs one."""
        html = page(body, self.marks) if self.source.kind == "markdown" else body
        html = links.in_html(inline(protect(html, self.marks), self.marks))
        missing = footer(self.marks.split(html), self.marks.written(plain(html, self.marks)), self.brand)
        return at_end(html, missing.html(self.marks))

    def _letter(self, text: str | None, html: str, links: Links) -> str:
        """Return the text part, tokenised: as given, or made from the document."""
        if text is None:
            return plain(html, self.marks)
        text = links.in_text(text)
        return text + footer(self.marks.split(text), self.marks.written(text), self.brand).text(self.marks)

    def _try(self, name: str, work: Callable[..., T], *arguments: Any) -> T | None:
        try:
            return work(*arguments)
        except Refused as no:
            self.errors.setdefault(name, str(no))
            return None

    def _stop(self) -> None:
        if self.errors:
            raise Invalid(self.errors)
