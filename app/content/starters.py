"""Words to begin with. Ours; whoever takes one changes it."""

from dataclasses import dataclass

_BASE = """  body { margin: 0; padding: 0; background: #f3f4f1; color: #22303a;
    font-family: -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
  table { border-collapse: collapse; }
  .page { width: 100%; background: #f3f4f1; }
  .card { width: 100%; max-width: 600px; background: #ffffff; }
  .pad { padding: 32px 40px; font-size: 16px; line-height: 1.6; }
  .hero { padding: 48px 40px; background: #1d3a3f; color: #ffffff; }
  h1 { margin: 0; font-size: 30px; line-height: 1.2; font-weight: 700; }
  h2 { margin: 0 0 4px; font-size: 18px; line-height: 1.3; }
  p { margin: 0 0 16px; }
  a { color: #1d5c66; }
  .button { display: inline-block; padding: 14px 24px; background: #1d3a3f; color: #ffffff;
    font-weight: 600; text-decoration: none; border-radius: 6px; }
  .foot { padding: 24px 40px; font-size: 12px; line-height: 1.6; color: #5b6470; text-align: center; }
  .foot a { color: #5b6470; }
  @media (max-width: 600px) {
    .pad, .hero, .foot { padding-left: 24px !important; padding-right: 24px !important; }
    .col { display: block !important; width: auto !important; padding: 0 0 24px !important; }
  }
  @media (prefers-color-scheme: dark) {
    body, .page { background: #12171b !important; }
    .card { background: #1c2329 !important; }
    .pad { color: #e6e9ec !important; }
    .pad a:not(.button) { color: #8fd0da !important; }
    .button { background: #8fd0da !important; color: #12171b !important; }
    .foot, .foot a { color: #9aa4ad !important; }
  }"""


def _mail(rows: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{{{ brand.name }}}}</title>
<style>
{_BASE}
</style>
</head>
<body>
<table class="page" role="presentation"><tr><td align="center">
<table class="card" role="presentation">
{rows}
</table>
<div class="foot">{{{{ brand.name }}}}<br>{{{{ brand.postal_address }}}}<br>
<a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a> · <a href="{{{{ view_url }}}}">Read in the browser</a></div>
</td></tr></table>
</body>
</html>"""


@dataclass(frozen=True, slots=True)
class Starter:
    """A template to begin with: `key` in the address, `note` says in a line what it is good for."""

    key: str
    name: str
    note: str
    kind: str
    subject: str
    preheader: str
    body: str


_NEWS = _mail("""<tr><td class="hero"><h1>Layers for cold mornings</h1></td></tr>
<tr><td class="pad">
<p>Hello {{ customer.first_name | default("there") }},</p>
<p>the first frost is near. We put together what our own people wear before sunrise: something warm, something light, nothing that itches.</p>
<p><a class="button" href="https://www.example.com/new">See what is new</a></p>
</td></tr>
<tr><td class="pad"><table role="presentation" width="100%"><tr>
<td class="col" width="50%" valign="top" style="padding: 0 12px 0 0"><h2>For the day</h2>
<p>Say in two sentences what it is and whom it suits.</p><a href="https://www.example.com/day">Look closer</a></td>
<td class="col" width="50%" valign="top" style="padding: 0 0 0 12px"><h2>For the night</h2>
<p>Say in two sentences what it is and whom it suits.</p><a href="https://www.example.com/night">Look closer</a></td>
</tr></table>
{% if "vip" in customer.tags %}
<p><strong>As a regular</strong> you may order from eight this evening, an hour before everybody.</p>
{% endif %}
</td></tr>""")
_WELCOME = _mail("""<tr><td class="pad" style="padding-top: 48px">
<h1>Good to have you{% if customer.first_name %}, {{ customer.first_name }}{% endif %}</h1>
</td></tr>
<tr><td class="pad">
<p>You are on the list of {{ brand.name }} now. We write when there is something to say, about twice a month.</p>
<p>Three things people look at first:</p>
<p><a href="https://www.example.com/guide">How to choose</a><br>
<a href="https://www.example.com/shipping">Shipping and returns</a><br>
<a href="https://www.example.com/stores">Where to try it on</a></p>
<p><a class="button" href="https://www.example.com">Visit the shop</a></p>
</td></tr>""")
_LETTER = """# {{ customer.first_name | default("Hello") }}, a short letter

Write as you would to one person: one thought, one reason, one thing to do.

**What is new.** Say it in two sentences. A picture is optional; the words are not.

{% if customer.company %}
Since you work at {{ customer.company }}, one more thing that may help there.
{% endif %}

[The one thing to do](https://www.example.com)

Yours,
{{ brand.name }}

---

{{ brand.postal_address }}
[Unsubscribe]({{ unsubscribe_url }}) · [Read in the browser]({{ view_url }})
"""

STARTERS = (
    Starter(
        "news", "News", "A headline, a greeting, two things side by side.", "html",
        '{{ customer.first_name | default("New") }}: layers for cold mornings', "Warm, light, and nothing that itches.", _NEWS,
    ),
    Starter(
        "welcome", "Welcome", "For people who have just joined.", "html",
        "Welcome to {{ brand.name }}", "Three things people look at first.", _WELCOME,
    ),
    Starter(
        "letter", "Letter in Markdown", "Plain words, as one writes to a friend.", "markdown",
        "A short letter{% if customer.first_name %}, {{ customer.first_name }}{% endif %}", "One thought, one reason.", _LETTER,
    ),
    Starter("empty", "Empty", "Your own HTML, as it is.", "html", "", "", ""),
)  # fmt: skip
"""What a new template may begin with."""


def find(key: str) -> Starter | None:
    """Return the starter of this key, or None."""
    return next((starter for starter in STARTERS if starter.key == key), None)
