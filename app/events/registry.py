"""What an event is, and who reacts to it. Pure: no Flask, no session."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from app.jobs.registry import name_of


@dataclass(frozen=True)
class Event:
    """Base of all events: `@dataclass(frozen=True) class CustomerCreated(Event): customer_id: int`.

    Its name on the channel is that of the class: `CustomerCreated`. Fields are ids and simple values (int, str,
    bool, float, date, aware datetime, UUID, StrEnum, tuples of these, or None); never secrets, addresses or lists
    of customers. A field added later needs a default, so that rows written before it can still be read.
    """

    workspace_id: int
    name: ClassVar[str] = "event"

    def __init_subclass__(cls, name: str | None = None, **kwargs: Any) -> None:
        """Name the class and add it to the list; two classes may not share a name."""
        super().__init_subclass__(**kwargs)
        cls.name = name or cls.__name__
        known = events.setdefault(cls.name, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            msg = f"There are two events named {cls.name}: {known.__module__} and {cls.__module__}."
            raise ValueError(msg)
        events[cls.name] = cls


@dataclass(frozen=True, slots=True)
class News:
    """Any event as `@on_any` handlers see it: by name, with its fields as JSON."""

    id: UUID
    event: str
    workspace_id: int
    occurred_at: datetime
    data: dict[str, Any]


E = TypeVar("E", bound=Event)
H = TypeVar("H", bound=Callable[[Any], None])

events: dict[str, type[Event]] = {}
"""Every event class by name."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A reaction: a function of the event, or of News where it takes any."""

    name: str
    function: Callable[[Any], None]
    any_event: bool = False


handlers: dict[str, Handler] = {}
"""Every handler by `room.function`. Names are written into rows: renaming a function strands what is queued."""
_by_event: dict[str, list[str]] = {}
_of_any: list[str] = []


def on(*classes: type[Event]) -> Callable[[H], H]:
    """Register a handler of these events: `def greet(event: CustomerCreated) -> None`.

    It runs in a worker, in one transaction with the mark that it is done, so what it writes there is written once.
    What leaves the database must bear repeating. It reads the present state and trusts no order.
    """

    def register(function: H) -> H:
        handler = _add(function, any_event=False)
        for event in classes:
            _by_event.setdefault(event.name, []).append(handler.name)
        return function

    return register


def on_any(function: H) -> H:
    """Register a handler of every event, as News."""
    _of_any.append(_add(function, any_event=True).name)
    return function


def handlers_of(event: str) -> list[str]:
    """Return the names of those who react to an event of this name."""
    return [*_by_event.get(event, ()), *_of_any]


def forget(name: str) -> None:
    """Remove a handler: for tests that registered one."""
    del handlers[name]
    for names in (*_by_event.values(), _of_any):
        if name in names:
            names.remove(name)


def _add(function: Callable[[Any], None], *, any_event: bool) -> Handler:
    handler = Handler(name_of(function), function, any_event)
    if handler.name in handlers:
        msg = f"There are two handlers named {handler.name}."
        raise ValueError(msg)
    handlers[handler.name] = handler
    return handler
