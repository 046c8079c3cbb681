"""Words become a mail: fields, blocks, links, the footer, and what a customer's data may not do."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from markupsafe import escape

from app.content.render.compiled import Rendered, Source, Special, compile_head, compile_source
from app.content.render.parts import Const, Personal
from app.core.errors import Invalid
from tests.factories.words import BRAND, WAY_OUT, WORDS, address, compiled, context, mail, refused, shown


def inner(found: Rendered) -> str:
    """Return the body alone, without what every mail carries."""
    html = found.html.partition("<body>")[2]
    return html.partition("<a href=")[0].strip() if "S:unsubscribe" in html else html


@pytest.mark.parametrize(
    ("words", "becomes"),
    [
        ("{{ customer.first_name }}", "A&lt;b&gt;&amp;&#34;"),
        ('{{ customer.first_name | default("there") }}', "A&lt;b&gt;&amp;&#34;"),
        ('{{ customer.fields.plan | default("<none>") }}', "&lt;none&gt;"),
        ("{{ customer.fields.plan }}", ""),
        ("{{ customer.first_name | upper }}", "A&lt;B&gt;&amp;&#34;"),
        ("{{ customer.tags }}", "vip, x&amp;y"),
        ("{{ customer.tags | first }} {{ customer.tags | length }} {{ customer.tags | join('+') }}", "vip 2 vip+x&amp;y"),
        ("{% for tag in customer.tags %}{{ loop.index }}{{ tag }}{% if not loop.last %};{% endif %}{% endfor %}", "1vip;2x&amp;y"),
        ('{% if "vip" in customer.tags %}yes{% else %}no{% endif %}', "yes"),
        ("{% if customer.stats.lifetime_value > 100 %}much{% elif customer.fields.plan == 'pro' %}pro{% endif %}", "much"),
        ("{% if customer.fields.plan > 3 %}a{% else %}b{% endif %}{% if customer.fields.plan != 'pro' %}c{% endif %}", "bc"),
        ("{{ customer.stats.lifetime_value | money }} {{ customer.stats.lifetime_value | number(1) }}", "$4,812.40 4,812.4"),
        ("{{ customer.birthday | date('d MMMM') }} {{ customer.birthday }}", "21 November 1990-11-21"),
        ("{{ customer.first_name | money }} {{ customer.first_name | round }}", "A&lt;b&gt;&amp;&#34; A&lt;b&gt;&amp;&#34;"),
        ("{{ brand.name }} {{ campaign.name }}", "Northlight Autumn"),
        ("{{ 'long words' | truncate(5) }} { {{ '{' }} &#123;{ customer.first_name }}", "long… { { &#123;{ customer.first_name }}"),
    ],
)
def test_a_field_a_filter_or_a_block_becomes(words: str, becomes: str) -> None:
    about = context('A<b>&"', tags=["vip", "x&y"], stats={"lifetime_value": Decimal("4812.40")}, birthday=date(1990, 11, 21))
    assert shown(words, about) == becomes


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("a\n\n{{ customer.frist_name }}", "Line 3: there is no field customer.frist_name. Is it customer.first_name?"),
        ("{{ nonsense }}", "Line 1: there is no field nonsense."),
        ("{{ customer }}", "Line 1: customer is not one value. Name a field of it, such as customer.first_name."),
        ("{{ customer.fields }}", "Line 1: customer.fields is not one value. Name a field of it, such as customer.first_name."),
        ("{{ customer.__class__ }}", "Line 1: __class__ cannot be used here: names do not begin with an underscore."),
        ("{{ customer.first_name.__class__ }}", "Line 1: __class__ cannot be used here: names do not begin with an underscore."),
        ("{{ customer.first_name() }}", "Line 1: calling something is not allowed here."),
        ("{{ customer['first_name'] }}", "Line 1: square brackets are not allowed here. Write a dot: customer.fields.plan."),
        ("{{ 9 ** 9 }}", "Line 1: sums such as ** are not allowed here."),
        ("{{ 'x' | safe }}", "Line 1: there is no filter safe."),
        ("{{ 'x' | uper }}", "Line 1: there is no filter uper. Is it upper?"),
        ("{{ 'x' | truncate(1, 2, 3) }}", "Line 1: the filter truncate does not take what is written in its brackets."),
        ("{% set x = 1 %}", "Line 1: {% set %} is not allowed here; if and for are."),
        ("{% include 'x' %}", "Line 1: {% include %} is not allowed here; if and for are."),
        ("{% raw %}{% endraw %}", "Line 1: {% raw %} is not allowed here; if and for are."),
        ("\n{% if customer.tags %}", "Line 2: {% if %} is never closed: {% endif %} is missing."),
        ("{% endif %}", "Line 1: {% endif %} belongs to nothing before it."),
        ("{% if unsubscribe_url %}x{% endif %}", "Line 1: unsubscribe_url can only be printed as it is: {{ unsubscribe_url }}."),
        ("{% for t in customer.tags recursive %}{% endfor %}", "Line 1: a loop is written {% for tag in customer.tags %}, without more."),
        ("{% for t in customer.tags | first %}{% endfor %}", "Line 1: a loop goes over a list: {% for tag in customer.tags %}."),
        ("{% for customer in customer.tags %}{% endfor %}", "Line 1: a loop needs one name of its own: {% for tag in customer.tags %}."),
        ("{% for t in customer.tags %}{{ t.x }}{% endfor %}", "Line 1: t is one entry of a list and has no x."),
        ("<td {{ customer.first_name }}>", ("Line 1: {{ customer.first_name }} "
         "stands where an element’s or attribute’s name is expected. It may stand in a quoted value.")),
        ("<td title={{ customer.first_name }}>", 'Line 1: put the value of title in quotes: title="{{ customer.first_name }}".'),
        ("<td {% if customer.tags %}>{% endif %}", "Line 1: {% if customer.tags %} begins within a tag and must end there."),
        ("<style>{% if customer.tags %}p{color:red}{% endif %}</style>", ("Line 1: {% if customer.tags %} "
         "cannot stand inside <style>. Put it round an element.")),
        ("<style>p{color:red}</style>{% if customer.tags %}<p>{% endif %}</p>", ("Line 1: {% if customer.tags %} "
         "must hold whole elements: what opens inside it closes inside it.")),
        ('\n<a href="www.example.com">x</a>', "Line 2: the link www.example.com needs https:// before it."),
        ('<a href="javascript:alert(1)">x</a>', "Line 1: the link javascript:alert(1) needs https:// before it."),
        ('<a href="https://x.example/?u={{ view_url }}">x</a>', "Line 1: {{ view_url }} is a whole address. It cannot be a part of one."),
        ("\n" + "<i></i>" * 10_001, "Line 2: there are more than 10,000 tags and comments."),
        ("<a " + "x " * 300 + ">", "Line 1: a tag has more than 200 attributes."),
        ("<style>p{color:red}</style>\n" + "<div>" * 9_000, "Line 2: elements stand inside each other more than 200 deep, or are never closed."),
        ('<a href="https://x.example">x</a>' * 2_001, "Line 1: there are more than 2,000 links."),
        ("\n\n<p", "Line 3: this tag is never closed: <p"),
        ("<!-- ", "Line 1: this comment is never closed."),
        ("<style>p{color:red}</style><p style='junk'>x</p>", ("Line 1: a style attribute cannot be read. "
         "It is a list such as color: red; padding: 4px.")),
        ("{% for a in customer.tags %}" * 3 + "{% endfor %}" * 3, "Line 1: loops stand inside each other at most 2 deep."),
        ("{% if customer.tags %}" * 12 + "{% endif %}" * 12, "Line 1: blocks stand inside each other at most 10 deep."),
        ("{{ " + "not " * 30 + "1 }}", "Line 1: this expression is too long. Make it simpler."),
        ("\n{{ 1" + " | upper" * 400 + " }}", "Line 2: at most 8 filters stand in one expression. upper is one too many."),
        ("{% if 1 == 'a'|join('b'|title)" + " and 2|round" * 7 + " %}{% endif %}", ("Line 1: at most 8 filters stand in one expression. "
         "round is one too many.")),
        ("{{ [" + "1," * 101 + "] }}", "Line 1: a list holds at most 100 entries."),
        ("{{ 0x" + "f" * 5000 + " }}", "Line 1: this number is too large."),
        ("{{ -1e999 }}", "Line 1: this number is too large."),
        ("{{ -'x' }}", "Line 1: sums such as - are not allowed here."),
        ("{{ 'x' * 1000000000 }}", "Line 1: sums such as * are not allowed here."),
        ("x" * (512 * 1024 + 1), "Line 1: this is larger than 512 KB."),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused_by_name_with_its_line(body: str, why: str) -> None:
    assert refused(body) == {"body": why}


def test_every_part_says_what_is_wrong_with_it_and_headers_take_no_addresses() -> None:
    errors = refused("{{ a.b }}", subject="{{ unsubscribe_url }}", preheader="{% if %}", text="{{ customer.plan }}")
    assert set(errors) == {"subject", "preheader", "body", "text"}
    assert errors["subject"] == "Line 1: unsubscribe_url cannot stand here, only in the body and the text."


@pytest.mark.parametrize(
    "body", ["{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "{{ " + "not " * 5000 + "1 }}", "{{ 1" + "0" * 5000 + " }}"]
)
def test_depths_that_no_parser_survives_are_refused(body: str) -> None:
    assert list(refused(body)) == ["body"]


def test_names_are_not_compared_when_mails_are_sent_and_a_field_that_is_gone_is_missing() -> None:
    source = Source(
        "html",
        "{{ customer.fields.gone }}!",
        "",
        "<p>{{ customer.gone | default('–') }}{% if customer.fields.gone %}x{% endif %}</p>",
        None,
    )
    found = compile_source(source, None, BRAND, {}).render(context(), address)
    assert (found.subject, "<p>–</p>" in found.html) == ("!", True)


def test_the_same_everywhere_is_one_constant_and_plain_fields_need_no_jinja() -> None:
    made = compiled(f"<p>{{{{ brand.name }}}} says {{{{ customer.first_name }}}}</p>{WAY_OUT}")
    kinds = [type(part) for part in made.html]
    assert kinds == [Const, Personal, Const, Special, Const, Special, Const]
    assert made.uses == frozenset({"brand.name", "brand.postal_address", "customer.first_name"})


def test_links_are_found_once_with_their_labels_and_get_their_addresses() -> None:
    body = (
        '<a href="https://a.example/?x=1&amp;y=2#top">First <b>one</b></a> <a href="HTTP://b.example/{{ customer.fields.plan }}">'
        '<img src="x.png" alt="Two"></a> <a href="{{ customer.fields.site }}">mine</a> <a href="mailto:x@y.example">m</a> '
        '<a href="tel:1">t</a> <a href="#top">up</a>'
    )
    made = compiled(
        body + WAY_OUT, utm={"utm_source": "a b", "x": "9"}, text="See https://a.example/?x=1&y=2#top. Or (https://c.example/)."
    )
    assert made.links == (
        ("https://a.example/?x=1&y=2#top", "First one"),
        ("HTTP://b.example/{{ customer.fields.plan }}", "Two"),
        ("{{ customer.fields.site }}", "mine"),
        ("https://c.example/", "https://c.example/"),
    )
    found = made.render(context(fields={"plan": "p q", "site": "https://me.example/?q=é"}), address)
    assert 'href="L0:https://a.example/?x=1&amp;y=2&amp;utm_source=a+b#top"' in found.html
    assert 'href="L1:http://b.example/p%20q?utm_source=a+b&amp;x=9"' in found.html
    assert 'href="L2:https://me.example/?q=%C3%A9&amp;utm_source=a+b&amp;x=9"' in found.html
    assert 'href="mailto:x@y.example"' in found.html
    assert 'href="S:unsubscribe&amp;x"' in found.html
    assert found.text.startswith(
        "See L0:https://a.example/?x=1&y=2&utm_source=a+b#top. Or (L3:https://c.example/?utm_source=a+b&x=9).\n\n-- \n214 Pier"
    )


@pytest.mark.parametrize("site", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "x", "", None, "https:nonsense"])
def test_a_target_that_is_no_address_once_rendered_leads_nowhere(site: Any) -> None:
    links = '<a href="{{ customer.fields.site }}">x</a>{% if customer.first_name %}<a href="{{ customer.fields.site }}">y</a>{% endif %}'
    found = mail(links + WAY_OUT, context("Ada", fields={"site": site}))
    assert found.html.count('href="#"') == 2


def test_a_value_within_a_parameter_cannot_add_another_and_within_a_block_links_work_too() -> None:
    link = '<a href="https://a.example/?n={{ customer.first_name }}&e={{ customer.first_name | urlencode }}">x</a>'
    for body in (link, "{% if customer.first_name %}" + link + "{% endif %}"):
        found = mail(body + WAY_OUT, context("A&b=c d"))
        assert 'href="L0:https://a.example/?n=A%26b%3Dc%20d&amp;e=A%26b%3Dc%20d"' in found.html
        assert "x (L0:https://a.example/?n=A%26b%3Dc%20d&e=A%26b%3Dc%20d)" in found.text
    found = mail(
        '{% for t in customer.tags %}<a href="https://a.example/{{ t }}">x</a>{% endfor %}' + WAY_OUT, context(tags=["a", "b\x00\x01"])
    )
    assert ['href="L0:https://a.example/a"' in found.html, 'href="L0:https://a.example/b"' in found.html] == [True, True]


def test_headers_stay_one_line_whatever_the_values_are() -> None:
    words = "{{ customer.first_name }}{% if customer.tags %}{{ customer.tags | first }}{% endif %}\nX: y"
    found = mail("x", context("Ada\r\nBcc: all@example.com\u2028", tags=["\x85a\x0b"]), subject=words, preheader=words)
    assert found.subject == found.preheader == "Ada Bcc: all@example.com a X: y"


def test_a_mail_without_a_way_out_gets_one_and_its_pixel_and_preheader() -> None:
    found = mail("<p>Hello</p>", preheader="Hi {{ customer.first_name | default('<you>') }}")
    start, _, rest = found.html.partition("<body>")
    assert rest.startswith('<div style="display:none')
    assert "Hi &lt;you&gt;" in rest
    assert "214 Pier Street<br>Portland &amp; Co<br>" in rest
    assert rest.endswith('<img src="S:pixel&amp;x" width="1" height="1" alt="" style="border:0"></body></html>')
    assert found.text == "Hello\n\n214 Pier Street\nPortland & Co\nUnsubscribe (S:unsubscribe&x)\n"
    assert "charset" in start


@pytest.mark.parametrize(
    ("body", "ways", "addresses"),
    [
        ('<a href="{{ unsubscribe_url }}">x</a>', 1, 1),
        (WAY_OUT, 1, 1),
        ('<a href="{{ unsubscribe_url }}">x</a> 214 pier street, Portland &amp; Co.', 1, 0),
        ("{% if customer.tags %}" + WAY_OUT + "{% endif %}", 1, 1),
        ("{{ brand.postal_address | upper }}", 1, 1),
    ],
)
def test_only_what_is_missing_is_added(body: str, ways: int, addresses: int) -> None:
    found = mail(body)
    assert (found.html.count("S:unsubscribe"), found.html.count("214 Pier Street")) == (ways, addresses)
    assert found.text.count("S:unsubscribe") == ways


def test_styles_are_inlined_media_queries_stay_and_fields_come_through() -> None:
    body = (
        "<style>.a{color:red} p{margin:0} @media (max-width:600px){.a{color:blue}} a:hover{color:green}</style>"
        '<p class="a" style="{% if customer.first_name %}margin:4px{% endif %};padding:{{ customer.fields.plan }}" '
        '{% if customer.tags %}title="{{ customer.first_name }}"{% endif %}>x</p>'
        "<table>{% for tag in customer.tags %}<tr><td>{{ tag }}</td></tr>{% endfor %}</table>"
    )
    html = mail(body + WAY_OUT, context('A"', tags=["1", "2"], fields={"plan": "3px"})).html
    assert "@media (max-width:600px){.a{color:blue}}" in html
    assert "a:hover" in html
    assert 'style="color: red;margin: 0;margin:4px;padding: 3px"' in html or 'style="margin: 0;color: red;margin:4px;padding: 3px"' in html
    assert 'title="A&#34;"' in html
    assert "<table><tbody><tr><td>1</td></tr><tr><td>2</td></tr></tbody></table>" in html


def test_without_a_style_sheet_a_document_stays_as_it_was_written() -> None:
    body = f"<!DOCTYPE html>\n<HTML><BODY bgcolor=red><P>a<BR>b &copy; &nbsp; <td>{WAY_OUT}<!--[if mso]><v:rect href='https://x.example'><![endif]--></BODY></HTML>"
    html = mail(body).html
    without = html.replace('<img src="S:pixel&amp;x" width="1" height="1" alt="" style="border:0">', "")
    assert without == body.replace("{{ unsubscribe_url }}", "S:unsubscribe&amp;x").replace(
        "{{ brand.postal_address }}", "214 Pier Street\nPortland &amp; Co"
    )


def test_no_style_sheet_is_fetched_from_anywhere(tmp_path: Any) -> None:
    sheet = tmp_path / "secret.css"
    sheet.write_text("p{color:#123456}")
    html = mail(
        f'<link rel="stylesheet" href="{sheet}"><link rel="stylesheet" href="file://{sheet}"><style>b{{color:red}}</style><p>x</p>'
    ).html
    assert "#123456" not in html


def test_markdown_keeps_fields_lists_links_and_blocks() -> None:
    body = (
        "# Hi {{ customer.first_name }}\n\n{% if customer.tags %}\n- one\n- {{ customer.tags | first }}\n{% endif %}\n\n"
        "[Go](https://a.example/?p={{ customer.fields.plan }}) **{{ customer.fields.plan }}** {% if customer.tags %}*yes*{% endif %}\n\n"
        "[Mine]({{ customer.fields.site }}) `{{ customer.first_name }}`\n"
    )
    found = mail(body, context("<Ada>", tags=["vip"], fields={"plan": "pro", "site": "https://me.example"}), kind="markdown")
    for part in (">Hi &lt;Ada&gt;</h1>", ">vip</li>", 'href="L0:https://a.example/?p=pro"', "<strong>pro</strong>", "<em>yes</em>"):
        assert part in found.html
    assert found.text.startswith(
        "Hi <Ada>\n\n- one\n- vip\n\nGo (L0:https://a.example/?p=pro) pro yes\n\nMine (L1:https://me.example) <Ada>\n"
    )
    assert refused("```\n{% if customer.tags %}\n```\n{% endif %}", kind="markdown") == {
        "body": "Line 2: {% if customer.tags %} cannot stand inside code. Put it round the whole of it."
    }


def test_loops_end_after_a_hundred_turns_and_output_and_time_have_an_end() -> None:
    assert shown("{% for t in customer.tags %}x{% endfor %}", context(tags=["t"] * 150)) == "x" * 100
    loops = "{% for a in customer.tags %}{% for b in customer.tags %}" + "x" * 200 + "{% endfor %}{% endfor %}"
    with pytest.raises(Invalid, match="too large"):
        mail(loops, context(tags=["t"] * 100))
    growth = "{{ customer.first_name" + " | replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')" * 8 + " }}"
    with pytest.raises(Invalid, match="too large"):
        mail(growth, context("aaaa"))
    test = " and ".join(["customer.first_name | replace('a', 'ab')"] * 8)
    slow = "{% for a in customer.tags %}{% for b in customer.tags %}{% if " + test + " %}{% endif %}{% endfor %}{% endfor %}"
    with pytest.raises(Invalid, match="too long"):
        mail(slow * 20, context("a", tags=["t"] * 100))
    assert list(refused("{{ customer.first_name }}" * 2001)) == ["body"]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
WIDE = st.sampled_from(
    ["שלום", "مرحبا بك", "👩‍👩‍👧‍👦🦉", "x" * 1500, "<b>&amp;\"'", "é\u0301", "{{ customer.first_name }}", "{% if %}", "\\", "{", "%}"]
)
_PLAIN = TEXTS.map(lambda text: text.replace("{", "(").replace("<", "‹").replace("\u0085", "").replace("\u2028", "").replace("\u2029", ""))


@settings(max_examples=30, deadline=None)
@given(
    first=TEXTS | WIDE | st.none(),
    plan=TEXTS | WIDE,
    before=_PLAIN,
    default=st.text("abc é👋", max_size=5),
    tags=st.lists(TEXTS | WIDE, max_size=4),
)
def test_parts_together_say_what_the_whole_says(first: str | None, plan: str, before: str, default: str, tags: list[str]) -> None:
    """The oracle is Jinja itself, over the whole text at once; only its idea of None and of `default` is ours."""
    words = (
        f"{before}{{{{ customer.first_name }}}}{before}{{{{ customer.first_name | default('{default}') }}}}"
        "{{ customer.fields.plan }}{% if customer.fields.plan %}+{{ customer.fields.plan }}{% else %}-{% endif %}"
        "{% for tag in customer.tags %}[{{ tag }}]{% endfor %}"
    )
    about = context(first, fields={"plan": plan}, tags=tags)
    for escapes in (True, False):
        oracle = Environment(autoescape=escapes, finalize=lambda value: "" if value is None else value, keep_trailing_newline=True)  # noqa: S701
        oracle.filters["default"] = lambda value, instead: value or instead
        whole = oracle.from_string(words).render(about)
        if escapes:
            html = mail(f"«{words}»{WAY_OUT}", about).html
            assert html.partition("«")[2].rpartition("»")[0] == whole
        else:
            assert mail("x", about, text=f"«{words}»").text.partition("«")[2].rpartition("»")[0] == whole


@settings(max_examples=40, deadline=None)
@given(value=TEXTS | WIDE)
def test_a_value_is_always_escaped_in_html_and_never_in_text(value: str) -> None:
    found = mail(
        f'<p title="{{{{ customer.first_name }}}}">«{{{{ customer.first_name }}}}»</p>{WAY_OUT}',
        context(value),
        text="«{{ customer.first_name }}»",
    )
    assert f'<p title="{escape(value)}">«{escape(value)}»</p>' in found.html
    assert f"«{value}»" in found.text


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_the_head_alone_reads_as_in_the_whole_mail(kind: str) -> None:
    long = "{{ customer.last_name }} {{ customer.nonsense }} {% if %}"
    given = {
        "subject": "{{ customer.first_name | upper }},\r\nlook: {{ brand.name }}",
        "preheader": "{% if customer.tags %}{{ campaign.name }}{% endif %}",
    }
    whole = compile_source(Source(kind=kind, body="Hello" * 9, text=None, **given), None, BRAND, {})
    head = compile_head(Source(kind=kind, body=long, text=long, **given), None, BRAND, {})
    about = context("Ada", tags=["x"])
    read, made = head.render(about, address), whole.render(about, address)
    assert (read.subject, read.preheader) == (made.subject, made.preheader) == ("ADA, look: Northlight", "Autumn")
    assert (read.html, read.text, head.links) == ("", "", ())
    assert head.uses == whole.uses
    with pytest.raises(Invalid) as no:
        compile_head(Source(kind=kind, subject="{{ nonsense }}", preheader="{% if %}", body=long, text=None), WORDS, BRAND, {})
    assert set(no.value.errors) == {"subject", "preheader"}
