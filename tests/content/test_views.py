"""Pages of templates."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.content.service import templates
from app.core import redis
from tests.factories.auth import Browser, signed_in
from tests.factories.content import SYSTEM, WORDS, a_template
from tests.factories.customers import a_customer
from tests.support import counted


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def text(answer: Any) -> str:
    """Return the words of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def draft(browser: Browser, **says: Any) -> Any:
    return browser.post("/templates/draft", {"name": "", "kind": "html", "part": "html"} | WORDS | says)


def framed(browser: Browser, answer: Any) -> Any:
    """Return what the frame of the editor loads."""
    found = re.search(r'data-address="([^"]+)"', answer.text)
    assert found, answer.text
    return browser.get(found[1])


def test_an_empty_list_teaches_the_next_step(browser: Browser) -> None:
    page = browser.get("/templates")
    assert "Write it once, send it often" in page.text
    assert 'href="/templates/new"' in page.text


def test_the_list_shows_names_subjects_and_versions_and_narrows(browser: Browser) -> None:
    place = browser.workspace_id
    a_template(place, name="Welcome <b>", subject="Hi & hello")
    old = a_template(place, name="Old news", kind="markdown")
    words = text(browser.get("/templates"))
    assert "2 templates." in words
    assert "Welcome &lt;b&gt; Hi &amp; hello HTML 1 test" in words
    part = browser.get("/templates?q=old", headers={"HX-Request": "true"})
    assert part.text.strip().startswith('<div id="list"')
    assert ("Old news" in part.text, "Welcome" in part.text) == (True, False)
    assert "No template has this name" in browser.get("/templates?q=zzz").text
    templates.archive(place, old.id, SYSTEM)
    assert "Old news" not in browser.get("/templates").text
    assert "Old news" in browser.get("/templates?archived=true").text
    assert [hit["label"] for hit in browser.get("/find?q=welc").json["items"]] == ["Welcome <b>"]


def test_the_list_takes_as_many_statements_for_three_as_for_one(browser: Browser) -> None:
    counts = []
    for more in (1, 2):
        for _ in range(more):
            a_template(browser.workspace_id)
        with counted() as seen:
            browser.get("/templates")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_starter_fills_the_editor_and_its_words_are_saved(browser: Browser) -> None:
    page = browser.get("/templates/new")
    assert all(name in page.text for name in ("News", "Welcome", "Letter in Markdown", "Empty"))
    assert "Layers for cold mornings" in browser.get("/templates/starters/news").text
    assert browser.get("/templates/starters/nonsense").status_code == 404
    assert "Layers for cold mornings" in browser.get("/templates/new?starter=news").text
    saved = browser.post("/templates/new", {"name": "Mine", "kind": "markdown", "who": "", "part": "html"} | WORDS | {"body": "# Hi\r\n"})
    assert saved.status_code == 303
    page = browser.get(saved.location)
    assert "# Hi" in page.text
    assert "version 1" in page.text


def test_what_is_wrong_stands_at_its_field_with_what_was_written(browser: Browser) -> None:
    row = a_template(browser.workspace_id)
    given = {"name": "x", "kind": "html", "version": "1"} | WORDS | {"body": "<p>{{ customer.frist_name }}</p>"}
    for path in ("/templates/new", f"/templates/{row.id}"):
        page = browser.post(path, given)
        assert page.status_code == 422
        assert "Line 1: there is no field customer.frist_name. Is it customer.first_name?" in page.text
        assert "&lt;p&gt;{{ customer.frist_name }}&lt;/p&gt;" in page.text
    assert browser.post("/templates/new", {"name": ""}).status_code == 422


def test_saving_makes_a_version_which_can_be_restored_copied_and_put_away(browser: Browser) -> None:
    row = a_template(browser.workspace_id, name="Welcome", subject="One")
    path = f"/templates/{row.id}"
    browser.post(path, {"name": "Welcome", "kind": "html", "version": "1"} | WORDS | {"subject": "Two"})
    assert "version 2" in browser.get(path).text
    assert browser.post(path, {"name": "x", "kind": "html", "version": "1"} | WORDS).status_code == 409
    browser.post(f"{path}/versions/1/restore")
    assert 'value="One"' in browser.get(path).text
    copy = browser.post(f"{path}/duplicate")
    assert "Welcome, copy" in browser.get(copy.location).text
    browser.post(f"{path}/archive")
    page = browser.get(path).text
    assert ("Archived" in page, "readonly" in page, "Take out of the archive" in page) == (True, True, True)
    browser.post(f"{path}/unarchive")
    assert "readonly" not in browser.get(path).text


def test_a_draft_is_seen_as_a_customer_and_can_do_nothing(browser: Browser) -> None:
    a_customer(browser.workspace_id, first_name="Ada", last_name="<King>", email="ada@northlight.example")
    body = "<html><head></head><body><script>alert(1)</script><p>{{ customer.first_name }}</p></body></html>"
    answer = draft(browser, body=body, who="ada@northlight")
    assert "As <a" in answer.text
    assert "Ada &lt;King&gt;" in answer.text
    frame = framed(browser, answer)
    assert "<p>Ada</p>" in frame.text
    assert '<head><base target="_blank">' in frame.text
    styled = draft(browser, body="<style>@media (prefers-color-scheme: dark) {p{color:red}}</style><p>x</p>")
    address = re.findall(r'data-address="([^"]+)"', styled.text)[0]
    assert ["(max-width: 0)" in browser.get(address).text, "(min-width: 0)" in browser.get(address + "?scheme=dark").text] == [True, True]
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert "frame-ancestors 'self'" in policy
    assert ("allow-scripts" in policy, "allow-same-origin" in policy) == (False, False)
    assert (frame.headers["X-Frame-Options"], frame.headers.getlist("Set-Cookie")) == ("SAMEORIGIN", [])
    plain = framed(browser, draft(browser, part="text"))
    assert (plain.mimetype, "Hello there, look (https://shop.example/new)" in plain.text) == ("text/plain", True)
    assert "Nobody is called “zzz”" in draft(browser, who="zzz").text
    assert "Line 1: there is no field a." in draft(browser, body="{{ a }}").text
    assert draft(browser, subject="", body="").status_code == 200


def test_the_checks_say_what_to_look_at(browser: Browser) -> None:
    a_customer(browser.workspace_id, company=None)
    body = (
        '<p>{{ customer.company }}</p><img src="a.png"><img src="b.png" alt=""><a href="https://x.example">Go</a><form></form>'
        + "x" * 110_000
    )
    words = text(draft(browser, body=body))
    assert "1 link Go https://x.example" in words
    assert "The brand has no postal address" in words
    assert "1 picture has no description a.png" in words
    assert "&lt;form&gt; does nothing in a mail" in words
    assert "customer.company has no default 1 of 1 customers lack it." in words
    assert re.search(r"Look 1\d\d KB Gmail cuts off", words)
    guarded = "<p>{% if customer.company %}{{ customer.company }}{% endif %}</p>"
    words = text(draft(browser, body=guarded))
    assert ("No link." in words, "No field can be left blank" in words) == (True, True)


def test_a_draft_is_its_workspaces_and_is_forgotten(browser: Browser, client: FlaskClient) -> None:
    address = re.search(r'data-address="([^"]+)"', draft(browser).text)
    assert address
    (key,) = redis.client().keys("fl:draft:*")
    assert 0 < redis.client().ttl(key) <= 600
    assert signed_in(client).get(address[1]).status_code == 404
    assert signed_in(client).get("/templates/draft/x").status_code == 404


def test_versions_are_seen_and_people_suggested(browser: Browser) -> None:
    row = a_template(browser.workspace_id, body="<p>Old</p>")
    templates.update(browser.workspace_id, row.id, _patch(body="<p>New</p>"), SYSTEM)
    path = f"/templates/{row.id}/preview"
    assert ["<p>Old</p>" in browser.get(f"{path}?version=1").text, "<p>New</p>" in browser.get(path).text] == [True, True]
    assert [browser.get(f"{path}?version={v}").status_code for v in ("9", "x", "²", "1" * 30)] == [404] * 4
    a_customer(browser.workspace_id, first_name="Ada", last_name="King", email="ada@northlight.example")
    assert '<option value="ada@northlight.example">Ada King</option>' in browser.get("/templates/people?who=ada").text


def test_who_may_only_look_sees_the_words_and_changes_nothing(client: FlaskClient) -> None:
    browser = signed_in(client, "client")
    row = a_template(browser.workspace_id)
    page = browser.get(f"/templates/{row.id}").text
    assert ("readonly" in page, "Insert a field" in page, 'name="who"' in page, ">Save<kbd" in page) == (True, False, False, False)
    assert "Hello there" in draft(browser, who="ada").text


def _patch(**changes: Any) -> Any:
    return templates.TemplatePatch.model_validate(changes)
