"""The page of all parts: that it renders, and that every macro keeps the rules of the house in its markup."""

from collections import Counter
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from tests.factories.auth import signed_in

REFERS = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "popovertarget", "form", "data-open", "data-chart", "data-bulk")


class Tags(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def tags(client: FlaskClient) -> Tags:
    answer = signed_in(client).get("/_components")
    assert answer.status_code == 200
    return Tags(answer.text)


def test_nothing_is_inline_that_the_policy_refuses(tags: Tags) -> None:
    for tag, attributes in tags.found:
        assert "style" not in attributes, (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert tag != "style"
        if tag == "script":
            assert attributes.get("src") or attributes.get("type") == "application/json"


def test_ids_are_unique_and_what_names_them_finds_them(tags: Tags) -> None:
    ids = Counter(str(attributes["id"]) for _, attributes in tags.found if attributes.get("id"))
    assert not [found for found, times in ids.items() if times > 1]
    named = {part for _, attributes in tags.found for name in REFERS for part in (attributes.get(name) or "").split()}
    assert named - set(ids) == set()


def test_every_field_has_a_name_for_screen_readers(tags: Tags) -> None:
    labelled = {attributes.get("for") for tag, attributes in tags.found if tag == "label"}
    for tag, attributes in tags.found:
        if tag in {"select", "textarea"} or (tag == "input" and attributes.get("type") != "hidden"):
            assert attributes.get("aria-label") or attributes.get("id") in labelled, attributes


def test_every_form_that_posts_carries_the_token_and_the_workspace(client: FlaskClient) -> None:
    page = signed_in(client).get("/_components").text
    forms = page.split("<form ")[1:]
    posting = [form.split("</form>")[0] for form in forms if 'method="post"' in form.split(">")[0]]
    assert len(posting) >= 6
    for form in posting:
        assert 'name="csrf_token"' in form
        assert 'name="_workspace"' in form


def test_there_is_one_filled_button(tags: Tags) -> None:
    filled = [attributes for _, attributes in tags.found if "btn-primary" in (attributes.get("class") or "").split()]
    assert len([one for one in filled if one.get("value") != "yes"]) == 1  # the dialog that asks has one of its own


def test_heads_that_sort_say_so(tags: Tags) -> None:
    assert [attributes["aria-sort"] for tag, attributes in tags.found if tag == "th" and "aria-sort" in attributes] == ["descending"]


def test_the_first_of_numbers_is_the_largest_and_a_second_click_turns_round(client: FlaskClient) -> None:
    page = signed_in(client).get("/_components?q=ada&cursor=x").text
    assert 'href="/_components?q=ada&amp;sort=-orders"' in page
    assert 'href="/_components?q=ada&amp;sort=name"' in page
    assert 'href="/_components?q=ada&amp;sort=value"' in page  # it is sorted by -value now


def test_a_stranger_does_not_see_it(client: FlaskClient) -> None:
    assert client.get("/_components").headers["Location"].startswith("/auth/login")
