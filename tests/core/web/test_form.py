import pytest
from pydantic import Field
from werkzeug.datastructures import MultiDict

from app.core.errors import Invalid
from app.core.schemas import Line, OptionalLine, Schema
from app.core.web.form import Form, nested


class Person(Schema):
    name: Line
    company: OptionalLine = None
    tags: list[str] = []
    fields: dict[str, str] = Field(default_factory=dict)
    subscribed: bool = False


def posted(*pairs: tuple[str, str]) -> MultiDict[str, str]:
    return MultiDict(list(pairs))


def test_nests_dots_and_gathers_lists() -> None:
    data = posted(("csrf_token", "x"), ("_workspace", "1"), ("name", "Ada"), ("tags", "a"), ("tags", "b"), ("fields.plan", "pro"))
    assert nested(Person, data) == {"name": "Ada", "tags": ["a", "b"], "fields": {"plan": "pro"}}


@pytest.mark.parametrize("pair", [("name", "a\x00"), ("fields.plan", "\x00"), ("na\x00me", "Ada"), ("tags", "\x00")])
def test_refuses_what_the_database_cannot_hold(pair: tuple[str, str]) -> None:
    with pytest.raises(Invalid, match="cannot be stored"):
        nested(Person, posted(("name", "Ada"), pair))


def test_parses_what_was_posted() -> None:
    person = Form(Person, posted(("name", " Ada "), ("company", ""), ("subscribed", "true"))).parse()
    assert person == Person(name="Ada", subscribed=True)


def test_shows_the_initial_values_before_a_post() -> None:
    form = Form(Person, initial={"name": "Ada", "fields": {"plan": "pro"}})
    assert (form.value("name"), form.value("fields.plan"), form.value("company"), form.value("tags", [])) == ("Ada", "pro", "", [])


def test_shows_what_was_posted_after_one() -> None:
    form = Form(Person, posted(("name", ""), ("tags", "a")), initial={"name": "Ada"})
    assert (form.value("name"), form.value("tags")) == ("", ["a"])


def test_a_name_that_is_both_value_and_group_is_refused() -> None:
    with pytest.raises(Invalid) as no:
        nested(Person, posted(("fields", "x"), ("fields.plan", "pro")))
    assert no.value.errors == {"fields.plan": "There is no such field."}


def test_reasons_without_a_field_stand_apart() -> None:
    form = Form(Person, posted(("name", "")))
    form.errors = {"": "Not now.", "name": "This is needed.", "tags[3]": "Too long."}
    assert form.other_errors == {"": "Not now."}
