"""The one table of what may be done, and of what each role may do. Pages, API, keys and the *Roles* page all read it."""

from collections.abc import Iterable
from typing import Final, Literal

Role = Literal["owner", "admin", "marketer", "analyst", "client"]

PERMISSIONS: Final[dict[str, str]] = {
    "customers.view": "See customers, their fields and their timeline",
    "customers.edit": "Create and change customers, tags and fields",
    "customers.import": "Import customers and orders",
    "customers.export": "Export customers",
    "customers.delete": "Delete customers",
    "segments.view": "See segments and their counts",
    "segments.edit": "Create, change and delete segments",
    "campaigns.view": "See campaigns and their results",
    "campaigns.edit": "Write and plan campaigns",
    "campaigns.send": "Send to customers",
    "content.edit": "Change templates and media",
    "analytics.view": "See reports",
    "settings.view": "See the settings of the workspace",
    "settings.edit": "Change the workspace and its brands",
    "members.edit": "Invite and remove members, change roles",
    "audit.view": "Search the audit log",
    "operations.view": "See jobs, events and failures",
    "operations.edit": "Retry and cancel failed work",
    "api_keys.edit": "Create and revoke API keys",
    "workspace.delete": "Delete the workspace",
}
"""Each permission with what it lets one do."""

SEND: Final = "campaigns.send"
"""Given by a membership's `may_send`, not by the role."""

_VIEWS = frozenset({"customers.view", "segments.view", "campaigns.view", "analytics.view"})
_ALL = frozenset(PERMISSIONS) - {SEND}

ROLES: Final[dict[Role, frozenset[str]]] = {
    "owner": _ALL,
    "admin": _ALL - {"workspace.delete"},
    "marketer": _VIEWS
    | {
        "customers.edit",
        "customers.import",
        "customers.export",
        "customers.delete",
        "segments.edit",
        "campaigns.edit",
        "content.edit",
        "settings.view",
    },
    "analyst": _VIEWS | {"customers.export", "segments.edit"},
    "client": frozenset({"segments.view", "campaigns.view", "analytics.view"}),
}
"""What each role may do, but for sending."""

ROLE_WORDS: Final[dict[Role, str]] = {
    "owner": "Everything, and closes the workspace",
    "admin": "Everything but closing the workspace",
    "marketer": "Customers, segments, campaigns and content",
    "analyst": "Reads all of it, exports, builds segments",
    "client": "Reads results; sees no customer",
}
"""Each role in one line, for choosing."""

SENDERS: Final[frozenset[Role]] = frozenset({"owner", "admin", "marketer"})
"""Roles that may be given `campaigns.send`."""

READERS: Final[frozenset[Role]] = frozenset({"client"})
"""Roles that change nothing at all."""


def of(role: Role, *, may_send: bool) -> frozenset[str]:
    """Return what a member with this role may do."""
    return ROLES[role] | {SEND} if may_send and role in SENDERS else ROLES[role]


def sends_by_default(role: Role) -> bool:
    """Tell whether a new member with this role may send unless that is taken away."""
    return role in {"owner", "admin"}


def in_order(names: Iterable[str]) -> list[str]:
    """Return the known permissions among `names`, in the order of the table."""
    wanted = set(names)
    return [name for name in PERMISSIONS if name in wanted]
