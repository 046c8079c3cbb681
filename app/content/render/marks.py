"""Merge fields taken out of a text, so that Markdown and CSS tools do not see them, and put back.

Each stands behind a token of small letters and digits; block tags between elements stand in a comment, which is allowed anywhere, a table too.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from jinja2 import TemplateSyntaxError

from app.content.render.sandbox import LEXER, SPECIALS, Refused

Kind = Literal["output", "open", "turn", "close", "group", "link", "special"]
FIELDS = 2_000
_TAGS: dict[str, Kind] = {"if": "open", "for": "open", "elif": "turn", "else": "turn", "endif": "close", "endfor": "close"}


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands behind a token.

    `output`: {{ code }}; `open turn close`: the tags of a block; `group`: a whole block within a tag or an attribute; `link`: the http(s)
    target of a link; `special`: unsubscribe, view, pixel. `source` is as written.
    """

    kind: Kind
    line: int
    source: str
    code: str = ""
    items: "tuple[str | Mark, ...]" = ()
    position: int = -1


Item = str | Mark


class Marks:
    """The tokens of one content."""

    def __init__(self, *texts: str) -> None:
        whole = "\n".join(texts).lower()
        number = 0
        while f"fl{number}x" in whole:
            number += 1
        self._prefix = f"fl{number}x"
        self._found: list[Mark] = []
        body = rf"{self._prefix}[as]?([0-9a-f]+)z"
        self.token_pattern = re.compile(body)
        self._pattern = re.compile(rf'<!--{body}-->|{self._prefix}a([0-9a-f]+)z=""|{self._prefix}s([0-9a-f]+)z:\s*0|{body}')
        self._declared = re.compile(rf"(^|;)(\s*){self._prefix}([0-9a-f]+)z(?!\s*:)")

    def add(self, mark: Mark, *, attribute: bool = False) -> str:
        """Return a new token for a mark. `attribute`: it stands where an attribute does."""
        self._found.append(mark)
        return f"{self._prefix}{'a' if attribute else ''}{len(self._found) - 1:x}z"

    def get(self, number: str) -> Mark:
        """Return the mark whose hexadecimal number the token holds."""
        return self._found[int(number, 16)]

    def split(self, text: str) -> list[Item]:
        """Return a text's pieces in order: text, and the marks behind tokens."""
        items: list[Item] = []
        end = 0
        for found in self._pattern.finditer(text):
            if found.start() > end:
                items.append(text[end : found.start()])
            items.append(self.get(found[found.lastindex or 0]))
            end = found.end()
        if end < len(text):
            items.append(text[end:])
        return items

    def declarations(self, style: str) -> str:
        """Return a style attribute whose tokens that stand for whole declarations look like declarations."""
        return self._declared.sub(lambda found: f"{found[1]}{found[2]}{self._prefix}s{found[3]}z:0", style)

    def within(self, text: str) -> Iterator[tuple[re.Match[str], Mark]]:
        """Yield each token of a text with its mark."""
        for found in self.token_pattern.finditer(text):
            yield found, self.get(found[1])

    def written(self, text: str) -> str:
        """Return a text as its author wrote it."""
        return self.token_pattern.sub(lambda found: self.get(found[1]).source, text)

    def take(self, text: str) -> str:
        """Return a template with a token for each merge field and block tag. Raises Refused."""
        try:
            return "".join(self._take(text))
        except TemplateSyntaxError as problem:
            raise Refused(problem.lineno, problem.message or "This is not complete.") from None

    def _take(self, text: str) -> Iterator[str]:
        inner: list[str] | None = None
        line = 0
        for number, kind, value in LEXER.lex(text):
            if kind == "data":
                yield value
            elif kind in {"variable_begin", "block_begin", "raw_begin"}:
                inner, line = [], number
                if kind == "raw_begin":
                    raise Refused(line, "{% raw %} is not allowed here; if and for are.")
            elif kind in {"variable_end", "block_end"}:
                code = "".join(inner or ())
                inner = None
                if len(self._found) >= FIELDS:
                    raise Refused(line, f"There are more than {FIELDS:,} merge fields and blocks.")
                yield self.add(_output(line, code) if kind == "variable_end" else _tag(line, code))
            elif inner is not None:
                inner.append(value)


def _output(line: int, code: str) -> Mark:
    source = "{{" + code + "}}"
    name = code.strip()
    return Mark("special", line, source, SPECIALS[name]) if name in SPECIALS else Mark("output", line, source, code)


def _tag(line: int, code: str) -> Mark:
    word = code.split(maxsplit=1)[0] if code.strip() else ""
    if word not in _TAGS:
        raise Refused(line, f"{{% {word} %}} is not allowed here; if and for are.")
    return Mark(_TAGS[word], line, "{%" + code + "%}", code)


def written(items: Iterable[Item]) -> str:
    """Return items as their author wrote them."""
    return "".join(item if isinstance(item, str) else item.source for item in items)
