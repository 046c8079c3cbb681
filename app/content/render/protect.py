"""Where merge fields and blocks may stand in HTML, and how they get through a tool that reads HTML."""

from app.content.render.marks import Mark, Marks, written
from app.content.render.markup import VOID, Span, line_at, scan
from app.content.render.sandbox import Refused

_BLOCK = ("open", "turn", "close")


def protect(html: str, marks: Marks) -> str:
    """Return HTML whose tokens stand where a reader of HTML keeps them.

    Block tags between elements go into comments; a block within a tag or an attribute becomes one token. Raises Refused for a field in
    an element's name, between attributes or in a value without quotes, where a customer's data could change the page.
    """
    pieces: list[str] = []
    for span in scan(html):
        text = html[span.start : span.end]
        if span.kind == "text":
            pieces.append(_comments(text, marks))
        elif span.kind == "tag":
            pieces.append(_in_tag(html, span, marks))
        else:
            if span.kind == "raw" and span.name == "style":
                _no_blocks(text, marks)
            pieces.append(text)
    return "".join(pieces)


def _comments(text: str, marks: Marks) -> str:
    return marks.token_pattern.sub(lambda found: f"<!--{found[0]}-->" if marks.get(found[1]).kind in _BLOCK else found[0], text)


def _no_blocks(text: str, marks: Marks) -> None:
    for _, mark in marks.within(text):
        if mark.kind in _BLOCK:
            raise Refused(mark.line, f"{mark.source} cannot stand inside <style>. Put it round an element.")


def _in_tag(html: str, span: Span, marks: Marks) -> str:
    """Return a tag with its blocks as one token each."""
    text = html[span.start : span.end]
    if not marks.token_pattern.search(text):
        return text
    values = {one.start: one for one in span.attributes if one.end > one.start}
    pieces, place = [], span.start
    for start in sorted(values):
        one = values[start]
        value = html[one.start : one.end]
        if marks.token_pattern.search(value) and _whole(html[place : one.start], marks) and _whole(value, marks):
            pieces.append(_between(html[place : one.start], marks))
            pieces.append(_value(value, one.name, one.quoted, marks))
            place = one.end
    pieces.append(_between(html[place : span.end], marks))
    return "".join(pieces)


def _whole(value: str, marks: Marks) -> bool:
    """Say whether each block of a value begins and ends in it."""
    deep = 0
    for _, mark in marks.within(value):
        deep += {"open": 1, "close": -1}.get(mark.kind, 0)
        if deep < 0:
            return False
    return deep == 0


def _value(value: str, name: str, quoted: bool, marks: Marks) -> str:  # noqa: FBT001 (a fact about the value)
    _, first = next(marks.within(value))
    if not quoted:
        raise Refused(first.line, f'Put the value of {name} in quotes: {name}="{marks.written(value)[:60]}".')
    value = _grouped(value, marks)
    return marks.declarations(value) if name == "style" else value


def _between(text: str, marks: Marks) -> str:
    """Return what stands round the attributes' values, with whole blocks as tokens that look like attributes."""
    if not marks.token_pattern.search(text):
        return text
    text = _grouped(text, marks, attribute=True)
    for _, mark in marks.within(text):
        if mark.kind in _BLOCK:
            raise Refused(mark.line, f"{mark.source} begins within a tag and must end there.")
        if mark.kind != "group":
            raise Refused(
                mark.line, f"{mark.source} stands where an element’s or attribute’s name is expected. It may stand in a quoted value."
            )
        _no_loose_values(mark)
    return text


def _no_loose_values(group: Mark) -> None:
    """Refuse a field between attributes, and an address that is chosen within the tag: it could not be counted."""
    quote = ""
    for item in group.items:
        if isinstance(item, str):
            for sign in item:
                if sign in "\"'" and quote in ("", sign):
                    quote = "" if quote else sign
            if "href" in item.lower():
                raise Refused(group.line, 'Choose the address inside the quotes: href="{% if … %}…{% endif %}".')
        elif item.kind in {"output", "special"} and not quote:
            raise Refused(item.line, f"{item.source} may stand in a quoted value only.")


def _grouped(text: str, marks: Marks, *, attribute: bool = False) -> str:
    """Return a text with each outermost block as one token."""
    out: list[str] = []
    deep, start, place = 0, 0, 0
    for found, mark in marks.within(text):
        if mark.kind == "open":
            if deep == 0:
                out.append(text[place : found.start()])
                start = found.start()
            deep += 1
        elif mark.kind == "close" and deep:
            deep -= 1
            if deep == 0:
                items = tuple(marks.split(text[start : found.end()]))
                out.append(marks.add(Mark("group", _line(items), written(items), items=items), attribute=attribute))
                place = found.end()
    return "".join([*out, text[place:]]) if deep == 0 else text


def _line(items: tuple[str | Mark, ...]) -> int:
    return next(item.line for item in items if isinstance(item, Mark))


DEEP = 200
_CLOSE_THEMSELVES = VOID | {"p", "li", "td", "th", "tr", "dt", "dd", "option"}


def check_depth(html: str) -> None:
    """Refuse elements nested so deeply that a tool which walks through them by recursion would end the process."""
    deep = 0
    for span in scan(html):
        if span.kind == "tag" and span.name not in _CLOSE_THEMSELVES:
            deep = max(deep - 1, 0) if span.closing else deep + 1
            if deep > DEEP:
                raise Refused(line_at(html, span.start), f"Elements stand inside each other more than {DEEP} deep, or are never closed.")


def check_blocks(html: str, marks: Marks) -> None:
    """Refuse a block that holds half an element: a tool that reads HTML would move its borders. `html` is what such a tool wrote."""
    stack = [0]
    blocks: list[tuple[int, Mark]] = []
    count = 0
    for span in scan(html):
        if span.kind == "tag" and span.name not in VOID and not html.startswith("/>", span.end - 2):
            count += 1
            if not span.closing:
                stack.append(count)
            elif len(stack) > 1:
                stack.pop()
        elif span.kind == "comment":
            for _, mark in marks.within(html[span.start : span.end]):
                _at_border(mark, stack[-1], blocks)


def _at_border(mark: Mark, inside: int, blocks: list[tuple[int, Mark]]) -> None:
    if mark.kind == "open":
        blocks.append((inside, mark))
    elif mark.kind in {"turn", "close"}:
        at, first = blocks[-1] if blocks else (-1, mark)
        if at != inside:
            raise Refused(first.line, f"{first.source} must hold whole elements: what opens inside it closes inside it.")
        if mark.kind == "close":
            blocks.pop()
