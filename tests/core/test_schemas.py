from typing import Annotated

import pytest
from pydantic import Field

from app.core.errors import Invalid
from app.core.schemas import Id, Line, ListQuery, Moment, OptionalLine, Schema, Text, parse, path_of


class Rule(Schema):
    field: Line
    value: int


class Tree(Schema):
    name: Line
    note: OptionalLine = None
    rules: Annotated[list[Rule], Field(max_length=3)] = []


class Lists(Schema):
    some: Annotated[list[int], Field(min_length=1)]
    more: Annotated[list[int], Field(min_length=2)]


def refused(data: object, schema: type[Schema] = Tree) -> dict[str, str]:
    with pytest.raises(Invalid) as no:
        parse(schema, data)
    return no.value.errors


def test_names_the_path_and_the_reason_in_plain_words() -> None:
    assert refused({"name": "", "rules": [{"field": "a", "value": 1}, {"field": "b", "value": "many"}], "colour": 1}) == {
        "name": "This is needed.",
        "rules[1].value": "This must be a whole number.",
        "colour": "There is no such field.",
    }


def test_trims_and_takes_blank_for_nothing() -> None:
    tree = parse(Tree, {"name": "  Ada ", "note": "   "})
    assert (tree.name, tree.note) == ("Ada", None)


@pytest.mark.parametrize("bad", ["a\x00b", "a\ud800b"])
def test_refuses_text_that_cannot_be_stored(bad: str) -> None:
    assert refused({"name": bad}) == {"name": "This holds a character that cannot be stored."}


def test_says_how_long_is_too_long() -> None:
    assert refused({"name": "x" * 10_000}) == {"name": "At most 200 characters."}
    assert refused({"name": "x", "rules": [{"field": "a", "value": 1}] * 4}) == {"rules": "At most 3 entries."}
    assert refused({"some": [], "more": [1]}, Lists) == {"some": "This is needed.", "more": "At least 2 entries."}


@pytest.mark.parametrize("data", [None, 7, "text", [], [1]])
def test_takes_only_objects(data: object) -> None:
    assert refused(data) == {"": "This must be an object."}


@pytest.mark.parametrize("number", [0, -1, 2**63, True, 1.5, "x"])
def test_ids_fit_the_database(number: object) -> None:
    class Ref(Schema):
        id: Id

    if number is True:
        assert parse(Ref, {"id": True}).id == 1
    else:
        assert list(refused({"id": number}, Ref)) == ["id"]


def test_a_page_holds_at_most_200() -> None:
    assert refused({"limit": 201}, ListQuery) == {"limit": "At most 200."}
    assert refused({"limit": 0}, ListQuery) == {"limit": "At least 1."}


def test_text_may_be_long_and_in_any_script() -> None:
    class Note(Schema):
        text: Text

    assert parse(Note, {"text": "שלום 👩‍🚀" * 5000}).text.startswith("שלום")


def test_paths_read_as_people_write_them() -> None:
    assert path_of(("rules", 2, "rules", 0, "value")) == "rules[2].rules[0].value"


class Seen(Schema):
    at: Moment


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z"])
def test_times_that_could_not_be_read_back_are_refused(at: str) -> None:
    with pytest.raises(Invalid, match="outside the years 1900 to 2999"):
        parse(Seen, {"at": at})
