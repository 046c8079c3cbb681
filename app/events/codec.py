"""Events as JSON and back, typed: dates, uuids and tuples come back as what they were."""

from typing import Any, TypeVar

from pydantic import TypeAdapter

from app.events.registry import Event

E = TypeVar("E", bound=Event)
_adapters: dict[type[Any], TypeAdapter[Any]] = {}  # building one is slow


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def encode(event: Event) -> dict[str, Any]:
    """Return the event's own fields as JSON values; the workspace has a column of its own."""
    data: dict[str, Any] = _adapter(type(event)).dump_python(event, mode="json", exclude={"workspace_id"})
    return data


def decode(kind: type[E], workspace_id: int, data: dict[str, Any]) -> E:
    """Return the event that `encode` wrote. Unknown fields are left out, so that older code reads newer rows.

    Raises ValueError where a field is missing or of another type.
    """
    event = _adapter(kind).validate_python({**data, "workspace_id": workspace_id})
    if not isinstance(event, kind):  # pragma: no cover (pydantic builds the class it was asked for)
        raise TypeError(kind)
    return event
