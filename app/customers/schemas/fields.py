"""Custom fields."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from app.core.schemas import Line, Schema, Text

Type = Literal["text", "number", "boolean", "date", "datetime", "money", "list"]
Key = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z][a-z0-9_]*$")]


def _lines(value: object) -> object:
    """Read choices as a form sends them: one a line."""
    entries = [value] if isinstance(value, str) else value
    if isinstance(entries, list) and all(isinstance(entry, str) for entry in entries):
        lines = [line.strip() for entry in entries for line in entry.splitlines()]
        return list(dict.fromkeys(line for line in lines if line))
    return entries


Choices = Annotated[list[Annotated[Text, Field(max_length=100)]], Field(max_length=200), BeforeValidator(_lines)]


def _spaced(value: object) -> object:
    """Let people write «Shoe size» for the key."""
    return value.strip().lower().replace(" ", "_").replace("-", "_") if isinstance(value, str) else value


class FieldIn(Schema):
    """A new custom field. `key` names it in rules, files and the API, and stays; `choices` are the only values it takes."""

    label: Line
    key: Annotated[Key, BeforeValidator(_spaced)]
    type: Type
    choices: Choices = []

    @model_validator(mode="after")
    def _choices_are_texts(self) -> Self:
        if self.choices and self.type not in ("text", "list"):
            raise ValueError("Only texts and lists have choices.")
        return self


class FieldPatch(Schema):
    """What may change of a field."""

    label: Line | None = None
    choices: Choices = []

    @model_validator(mode="after")
    def _label_stays(self) -> Self:
        if "label" in self.model_fields_set and self.label is None:
            raise ValueError("A field has a label.")
        return self


class FieldOut(Schema):
    """A custom field."""

    id: int
    key: str
    label: str
    type: str
    choices: list[str] | None
    created_at: datetime


class RegistryOut(Schema):
    """A field that rules and filters may name."""

    path: str
    label: str
    type: str
    source: str
    choices: list[str]
    editable: bool
