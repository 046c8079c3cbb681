"""News of this room. One person's change is named by id; a bulk change tells counts only."""

from dataclasses import dataclass

from app.events.service import Event


@dataclass(frozen=True)
class CustomerCreated(Event):
    """A customer came to be, through a page, the API or a form."""

    customer_id: int
    origin: str


@dataclass(frozen=True)
class CustomerUpdated(Event):
    """Fields of a customer changed; `fields` by the names of the registry."""

    customer_id: int
    fields: tuple[str, ...]


@dataclass(frozen=True)
class CustomerTagged(Event):
    """A customer got or lost tags."""

    customer_id: int
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class CustomerDeleted(Event):
    """A customer was erased with everything about them."""

    customer_id: int


@dataclass(frozen=True)
class CustomersChanged(Event):
    """Many customers changed at once: by an import, a bulk act, a call that takes many."""

    cause: str
    created: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class ConsentChanged(Event):
    """The consent of a customer changed; `topic_id` 0 is the channel as a whole."""

    customer_id: int
    channel: str
    topic_id: int
    state: str


@dataclass(frozen=True)
class ConsentsChanged(Event):
    """The consent of many customers came to the same state at once; theirs all bear this time (ISO 8601)."""

    channel: str
    topic_id: int
    state: str
    occurred_at: str
    updated: int


@dataclass(frozen=True)
class OrderRecorded(Event):
    """An order or a refund came in; `value` in minor units of the workspace's currency."""

    order_id: int
    customer_id: int
    value: int
    refund: bool


@dataclass(frozen=True)
class OrdersRecorded(Event):
    """Many orders came in at once."""

    count: int


@dataclass(frozen=True)
class SuppressionsChanged(Event):
    """Addresses were put on the suppression list or taken off it."""

    added: int
    removed: int


@dataclass(frozen=True)
class FieldDeleted(Event):
    """A custom field was deleted; its values are stripped from the customers afterwards."""

    field_id: int
    key: str


@dataclass(frozen=True)
class BulkActStarted(Event):
    """Somebody asked for an act on a whole list of customers."""

    act_id: int


@dataclass(frozen=True)
class ImportStarted(Event):
    """A file is to be imported, or an import that was paused goes on."""

    import_id: int


@dataclass(frozen=True)
class ImportFinished(Event):
    """An import ended: finished or failed."""

    import_id: int


@dataclass(frozen=True)
class ImportUndoAsked(Event):
    """Somebody wants what an import did taken back."""

    import_id: int


@dataclass(frozen=True)
class ImportUndone(Event):
    """What an import did was taken back."""

    import_id: int
