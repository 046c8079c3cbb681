"""Acts in which all rooms take part. Rooms fill these lists when the factory loads them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from app.core.actor import Actor

T = TypeVar("T")


class Erase(Protocol):
    """Remove what a room holds about these customers, in the caller's transaction."""

    def __call__(self, workspace_id: int, customer_ids: Sequence[int]) -> None:
        """Remove it; a second call finds nothing to do."""


@dataclass(frozen=True, slots=True)
class Use:
    """A place that needs a segment, a field or a sender: `label` for people, `url` to go there."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the side navigation; shown to those who hold `permission`, and if `sandbox` in sandbox workspaces only."""

    section: str
    label: str
    href: str
    icon: str
    permission: str | None = None
    order: int = 100
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class SettingsPart:
    """An entry of the page /settings: `note` says in a line what is there; shown to those who hold `permission`."""

    label: str
    note: str
    href: str
    icon: str
    permission: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A hit of the search over everything (Ctrl K); `kind` is one thing's noun (`campaign`)."""

    kind: str
    label: str
    note: str
    url: str


erase: list[Erase] = []
"""`(workspace_id, customer_ids)`: delete all about these customers."""
segment_uses: list[Callable[[int, int], list[Use]]] = []
"""`(workspace_id, segment_id)`: where is this segment used."""
sender_uses: list[Callable[[int, int], list[Use]]] = []
"""`(workspace_id, sender_id)`: what is still to be sent by this sender."""
workspace_made: list[Callable[[int], None]] = []
"""`(workspace_id)`: put into a new workspace what it begins with, in the transaction that makes it."""
account_mail: list[Callable[[int, str], bool]] = []
"""`(workspace_id, role)`: can letters with secrets of accounts of this role leave this workspace, to nobody but whom they are for."""
currency_uses: list[Callable[[int], str | None]] = []
"""`(workspace_id)`: why the workspace's currency cannot change any more (amounts stand in it), or None."""
field_uses: list[Callable[[int, str], list[Use]]] = []
"""`(workspace_id, path)`: where is this field (`fields.points`) used."""
nav: list[NavItem] = []
settings: list[SettingsPart] = []
search: list[tuple[str, Callable[[int, str], list[Found]]]] = []
"""`(permission, find(workspace_id, words))`: at most five hits each."""
acts: list[Callable[[int, Actor, str, tuple[str, int | None, str]], None]] = []
"""`(workspace_id, by, action, subject)`: leave a trace of an act, in the caller's transaction; for rooms below the audit log."""
log_words: list[tuple[str, Callable[[int, Sequence[Mapping[str, Any]]], Mapping[str, Callable[[Any], str]]]]] = []
"""`(kind, words(workspace_id, states))`: by field, what makes words of its value in the log's entries on this kind of thing; `states` are told."""
refused: list[Callable[[int | None, Actor, str, str], None]] = []
"""`(workspace_id, by, what, why)`: leave a trace of a refused act, in a transaction of its own."""


def mails_accounts(workspace_id: int, role: str) -> bool:
    """Tell whether letters with secrets of accounts of a role (resets, invitations) leave this workspace; else their links are passed on by hand."""
    return any(can(workspace_id, role) for can in account_mail)


def add(entries: list[T], entry: T) -> None:
    """Put an entry into one of the lists above, once: the factory may run several times in one process."""
    if entry not in entries:
        entries.append(entry)
