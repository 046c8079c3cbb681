"""Markdown as a mail: a document of our own round it, readable on phones and in the dark."""

from markdown_it import MarkdownIt

from app.content.render.marks import Marks
from app.content.render.sandbox import Refused

_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_BLOCK = ("open", "turn", "close")
_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>
body {{ margin: 0; padding: 24px 16px; background: #ffffff; color: #1d2530;
  font: 16px/1.6 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }}
.words {{ max-width: 600px; margin: 0 auto; }}
h1 {{ font-size: 26px; line-height: 1.25; margin: 0 0 16px; }} h2 {{ font-size: 20px; line-height: 1.3; margin: 28px 0 12px; }}
h3 {{ font-size: 17px; margin: 24px 0 8px; }}
p, ul, ol, blockquote, pre, table {{ margin: 0 0 16px; }} li {{ margin: 4px 0; }}
img {{ max-width: 100%; height: auto; border: 0; }}
a {{ color: #1f5fbf; }} blockquote {{ padding: 0 16px; border-left: 3px solid #d5dae1; }}
hr {{ border: 0; border-top: 1px solid #d5dae1; margin: 24px 0; }}
code {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 14px; }}
th, td {{ padding: 6px 12px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid #d5dae1; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #14181d !important; color: #e6e9ee !important; }} a {{ color: #8ab4f8 !important; }} }}
</style></head>
<body><div class="words">
{}</div></body></html>"""


def page(text: str, marks: Marks) -> str:
    """Return a tokenised Markdown text as an HTML document. A block tag alone in its line passes as a comment, which ends no list's item."""
    html = _READER.render("\n".join(_line(line, marks) for line in text.split("\n")))
    for found, mark in marks.within(html):
        if html.startswith("&lt;!--", found.start() - len("&lt;!--")):
            raise Refused(mark.line, f"{mark.source} cannot stand inside code. Put it round the whole of it.")
    return _PAGE.format(html)


def _line(line: str, marks: Marks) -> str:
    found = [mark.kind for _, mark in marks.within(line)]
    if not found or marks.token_pattern.sub("", line).strip() or not set(found) <= set(_BLOCK):
        return line
    return marks.token_pattern.sub(lambda token: f"<!--{token[0]}-->", line)
