"""What every template may use."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, request

from app.core import registry
from app.core.web.principal import Principal, caller_of_request


@dataclass(frozen=True, slots=True)
class NavEntry:
    """An entry of the navigation as drawn: `current` marks where the reader is."""

    section: str
    label: str
    href: str
    icon: str
    current: bool
    count: str | None = None


def init_app(app: Flask) -> None:
    """Give templates `caller` (and `me`, the same: inside a macro's call block Jinja means another `caller`), `workspaces`, `nav`."""
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    caller = caller_of_request()
    return {"caller": caller, "me": caller, "workspaces": caller.workspaces if caller else (), "nav": _nav() if caller else []}


def _nav() -> list[NavEntry]:
    caller = caller_of_request()
    entries = [item for item in registry.nav if caller and shows(item, caller)]
    here = max((item.href for item in entries if _within(item.href)), key=len, default="")
    return [
        NavEntry(item.section, item.label, item.href, item.icon, item.href == here) for item in sorted(entries, key=lambda item: item.order)
    ]


def shows(item: registry.NavItem, caller: Principal) -> bool:
    """Tell whether an entry of the navigation is for this caller, in the workspace they are in."""
    place = caller.workspace
    return place is not None and (place.sandbox or not item.sandbox) and (item.permission is None or caller.can(item.permission))


def _within(href: str) -> bool:
    return request.path == href or request.path.startswith(href.rstrip("/") + "/")
