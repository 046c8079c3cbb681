"""Styles put into the elements, because many mail programs heed no style sheet. Media queries and the like stay in one."""

import re

from css_inline import CSSInliner, InlineError

from app.content.render.marks import Marks
from app.content.render.markup import is_tag, scan
from app.content.render.protect import check_blocks, check_depth
from app.content.render.sandbox import Refused

_INLINER = CSSInliner(keep_style_tags=True, remove_inlined_selectors=True, keep_at_rules=True, load_remote_stylesheets=False)
_LINE = re.compile(r"\n?<style></style>")
_DOCUMENT = (
    '<!doctype html>\n<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"></head>\n'
    "<body>\n{}\n</body></html>"
)


def inline(html: str, marks: Marks) -> str:
    """Return a protected document with its styles inlined; one without a style sheet stays as its author wrote it, letter by letter."""
    spans = list(scan(html))
    styled = any(is_tag(span, "style") for span in spans)
    if styled:
        check_depth(html)
    if not any(is_tag(span, "html") or is_tag(span, "body") for span in spans):
        html = _DOCUMENT.format(html)
    if not styled:
        return html
    try:
        done = _INLINER.inline(_with_bodies(html, marks))
    except InlineError:
        raise Refused(1, "A style attribute cannot be read. It is a list such as color: red; padding: 4px.") from None
    check_blocks(done, marks)
    _all_there(html, done, marks)
    return _LINE.sub("", done)


def _with_bodies(html: str, marks: Marks) -> str:
    """Open the body of tables that begin with a block tag: a reader of HTML would open it behind the tag."""
    comment = rf"<!--{marks.token_pattern.pattern}-->"
    return re.sub(rf"(<table\b[^>]*>)(?=\s*(?:{comment}\s*)+<tr\b)", r"\1<tbody>", html, flags=re.IGNORECASE)


def _all_there(before: str, after: str, marks: Marks) -> None:
    """Refuse words of which something fell out on the way: a field in a place that HTML does not have."""
    left = {found[1] for found in marks.token_pattern.finditer(after)}
    for found, mark in marks.within(before):
        if found[1] not in left and mark.kind != "group":
            raise Refused(mark.line, f"{mark.source} stands where nothing is shown. Move it into the text.")
