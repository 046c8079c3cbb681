"""What may be an event, and how it travels as JSON."""

import dataclasses
import enum
import importlib
import pkgutil
import types
import typing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

import app as application
from app.events.codec import decode, encode
from app.events.registry import Event, events, forget, handlers, handlers_of, on, on_any

SIMPLE = {int, str, bool, float, date, datetime, UUID, type(None)}
SECRET_WORDS = ("email", "address", "phone", "password", "token", "secret", "customer_ids")


class Colour(enum.StrEnum):
    RED = "red"


@dataclass(frozen=True)
class EverythingHappened(Event):
    number: int
    day: date
    at: datetime
    ref: UUID
    colour: Colour
    share: float
    pairs: tuple[tuple[int, str], ...]
    maybe: int | None = None


def simple(kind: object) -> bool:
    if typing.get_origin(kind) in {tuple, typing.Union, types.UnionType}:
        return all(simple(part) for part in typing.get_args(kind) if part is not ...)
    return kind in SIMPLE or (isinstance(kind, type) and issubclass(kind, enum.StrEnum))


def house_events() -> list[type[Event]]:
    for found in pkgutil.walk_packages(application.__path__, "app."):
        importlib.import_module(found.name)
    return [kind for kind in events.values() if kind.__module__.startswith("app.")]


def test_every_event_of_the_house_is_frozen_typed_and_simple() -> None:
    for kind in house_events():
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined]
        assert ".events" in kind.__module__, f"{kind} belongs into its room's events.py"
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            assert simple(hints[field.name]), f"{kind.__name__}.{field.name} is no simple value"
            assert not any(word in field.name for word in SECRET_WORDS), f"{kind.__name__}.{field.name}: events carry ids only"


def test_typed_there_and_back() -> None:
    event = EverythingHappened(
        3, 2**40, date(2026, 2, 28), datetime(2026, 1, 1, 12, 0, 0, 5, UTC), uuid4(), Colour.RED, 0.1, ((1, "a"), (2, "b"))
    )
    there = encode(event)
    assert "workspace_id" not in there
    back = decode(EverythingHappened, 3, there)
    assert back == event
    assert isinstance(back.colour, Colour)


def test_a_row_of_a_newer_version_can_be_read() -> None:
    event = EverythingHappened(3, 1, date(2026, 2, 28), datetime(2026, 1, 1, tzinfo=UTC), uuid4(), Colour.RED, 0.1, ())
    assert decode(EverythingHappened, 3, {**encode(event), "added_later": 1}) == event


def test_a_field_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="number"):
        decode(EverythingHappened, 3, {"number": "x"})


def test_an_event_is_named_as_its_class_and_no_two_share_a_name() -> None:
    assert EverythingHappened.name == "EverythingHappened"
    with pytest.raises(ValueError, match="two events named EverythingHappened"):

        class Other(Event, name="EverythingHappened"): ...


def test_handlers_are_found_by_event_and_by_any() -> None:
    def one(event: EverythingHappened) -> None: ...
    def all_(news: object) -> None: ...

    on(EverythingHappened)(one)
    on_any(all_)
    try:
        assert set(handlers_of("EverythingHappened")) >= {"test_registry.one", "test_registry.all_"}
        assert "test_registry.one" not in handlers_of("Nothing")
        with pytest.raises(ValueError, match=r"two handlers named test_registry\.one"):
            on(EverythingHappened)(one)
    finally:
        forget("test_registry.one")
        forget("test_registry.all_")
    assert "test_registry.all_" not in handlers


def test_every_handler_of_the_house_has_a_stable_name() -> None:
    house_events()
    for name, handler in handlers.items():
        assert name == handler.name
        assert handler.function.__module__.split(".")[2] == "handlers", f"{name} belongs into its room's handlers.py"
