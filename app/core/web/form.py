"""Forms: what a person typed, checked by the same schemas as JSON, given back with the reasons when it does not fit."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel
from werkzeug.datastructures import MultiDict

from app.core.db import session
from app.core.errors import Invalid
from app.core.schemas import parse

S = TypeVar("S", bound=BaseModel)


class Form(Generic[S]):
    """A schema with the values of a form post, or the initial ones before it.

    Dots in field names nest (`fields.plan`); fields that the schema types as lists take all values of their name.
    """

    def __init__(self, schema: type[S], data: MultiDict[str, str] | None = None, initial: Mapping[str, Any] | object = None) -> None:
        self._schema, self._data, self._initial = schema, data, initial
        self.errors: dict[str, str] = {}

    def parse(self) -> S:
        """Check the posted values. Raises Invalid."""
        return parse(self._schema, nested(self._schema, self._data or MultiDict()))

    def refuse(self, refusal: Invalid) -> None:
        """Keep the reasons to show beside the fields, and undo what the refused act had begun."""
        undo_begun()
        self.errors = refusal.errors

    def error(self, name: str) -> str | None:
        """Return why the value of this field does not fit, or None."""
        return self.errors.get(name)

    def value(self, name: str, default: Any = "") -> Any:
        """Return what to show in the field: what was posted, else the initial value, else the default."""
        if self._data is not None:
            values = self._data.getlist(name)
            if _takes_list(self._schema, name):
                return values
            return values[0] if values else ("" if self._data else default)
        found = _look_up(self._initial, name)
        return default if found is None else found

    @property
    def other_errors(self) -> dict[str, str]:
        """Return the reasons that belong to no field of the schema."""
        return {path: why for path, why in self.errors.items() if path.split(".")[0].split("[")[0] not in self._schema.model_fields}


def undo_begun() -> None:
    """Undo what a refused act had begun, before the page is shown again."""
    session().rollback()


def _look_up(source: Any, name: str) -> Any:
    for part in name.split("."):
        if source is None:
            return None
        source = source.get(part) if isinstance(source, Mapping) else getattr(source, part, None)
    return source


def nested(schema: type[BaseModel], data: MultiDict[str, str]) -> dict[str, Any]:
    """Turn flat form or query values into the shape of a schema; names with a leading underscore are the edge's own."""
    result: dict[str, Any] = {}
    for name in data:
        if name.startswith("_") or name == "csrf_token":
            continue
        if "\x00" in name or any("\x00" in value for value in data.getlist(name)):
            raise Invalid({name.replace("\x00", ""): "This holds a character that cannot be stored."})
        *parents, leaf = name.split(".") if name.count(".") <= 2 else [name]  # noqa: PLR2004 (deeper names are nobody's)
        place = result
        for parent in parents:
            inner = place.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise Invalid({name: "There is no such field."})
            place = inner
        place[leaf] = data.getlist(name) if _takes_list(schema, name) else data[name]
    return result


def _takes_list(schema: type[BaseModel], name: str) -> bool:
    field = schema.model_fields.get(name)
    return field is not None and _is_list(field.annotation)


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) in {list, tuple, set, frozenset}:
        return True
    return any(_is_list(part) for part in get_args(annotation) if part is not annotation)
