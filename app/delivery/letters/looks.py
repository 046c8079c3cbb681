"""How a letter looks: one narrow column with the brand's name and colour, a button, and the same in plain text. Pure."""

import re
import textwrap
from dataclasses import dataclass

from jinja2 import Environment

_INK, _ACCENT = "#1b1f24", "#3b5bdb"
_COLOUR = re.compile("#[0-9a-f]{6}")
_DARK_ON_LIGHT = 0.36
"""The relative luminance from which dark letters stand out better than white ones, with some room."""
_WIDTH = 76
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ subject }}</title>
<style>
@media (prefers-color-scheme: dark) {
  .page { background: #16181c !important; }
  .card { background: #1f2227 !important; border-color: #33373e !important; }
  .ink { color: #eceef1 !important; }
  .note { color: #a4abb6 !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f4f5f7;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" style="padding:32px 16px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:520px;\
font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;">
<tr><td class="ink" style="padding:0 4px 16px;font-size:15px;font-weight:600;color:{{ ink }};">{{ face.name }}</td></tr>
<tr><td class="card" style="background:#ffffff;border:1px solid #e2e5ea;border-top:3px solid {{ colour }};border-radius:8px;padding:28px;">
<h1 class="ink" style="margin:0 0 12px;font-size:20px;line-height:28px;font-weight:600;color:{{ ink }};">{{ heading }}</h1>
{%- for text in paragraphs %}
<p class="ink" style="margin:0 0 16px;font-size:15px;line-height:23px;color:{{ ink }};">{{ text }}</p>
{%- endfor %}
{%- if act %}
<p style="margin:8px 0 20px;"><a href="{{ act.url }}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:{{ colour }};\
color:{{ on_colour }};font-size:15px;font-weight:600;text-decoration:none;">{{ act.label }}</a></p>
<p class="note" style="margin:0 0 16px;font-size:13px;line-height:19px;color:#5c6470;word-break:break-all;">\
Or open this address: <a class="note" href="{{ act.url }}" style="color:#5c6470;">{{ act.url }}</a></p>
{%- endif %}
<p class="note" style="margin:0;font-size:13px;line-height:19px;color:#5c6470;">{{ note }}</p>
</td></tr>
{%- if face.postal_address %}
<tr><td class="note" style="padding:16px 4px 0;font-size:12px;line-height:18px;color:#5c6470;white-space:pre-line;">\
{{ face.postal_address }}</td></tr>
{%- endif %}
</table>
</td></tr></table>
</body>
</html>
"""
_TEMPLATE = Environment(autoescape=True).from_string(_PAGE)


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of a letter, finished: nothing is filled in later."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Face:
    """Whose letter it is; `colour` is `#` and six digits."""

    name: str
    colour: str | None = None
    postal_address: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """The button of a letter."""

    label: str
    url: str


def write(face: Face, subject: str, heading: str, paragraphs: list[str], act: Act | None, note: str) -> Letter:
    """Return a letter of these words; `note` is the small print, such as what to do when nobody asked for it."""
    colour = face.colour if face.colour and _COLOUR.fullmatch(face.colour) else _ACCENT
    says = {"subject": subject, "heading": heading, "paragraphs": paragraphs, "act": act, "note": note}
    html = _TEMPLATE.render(face=face, colour=colour, on_colour=_on(colour), ink=_INK, **says)
    parts = [heading, *paragraphs, *([f"{act.label}:\n{act.url}"] if act else []), note, f"-- \n{face.name}"]
    return Letter(subject, html, "\n\n".join(_folded(part) for part in parts) + "\n")


def _folded(part: str) -> str:
    """Fold a paragraph; what has lines of its own keeps them, and addresses are never broken."""
    return part if "\n" in part else textwrap.fill(part, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _on(colour: str) -> str:
    """Return the colour of letters on `colour`, by the relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)  # noqa: PLR2004 (sRGB)
    return _INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _DARK_ON_LIGHT else "#ffffff"
