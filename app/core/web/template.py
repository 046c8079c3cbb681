"""What macros may call: they are imported without the context of the page, so it comes to them by these functions."""

from urllib.parse import urlencode

from flask import Flask, request

from app.core.web.principal import caller_of_request


def here(**changes: object) -> str:
    """Return the present address with other query values: `here(sort="-name")`; None takes one away.

    Any change starts the list again at its first page: `cursor` goes unless it is named.
    """
    changes = {"cursor": None, **changes}
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    new = [(name, str(item)) for name, value in changes.items() for item in _several(value)]
    query = urlencode(kept + new)
    return f"{request.path}?{query}" if query else request.path


def _several(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def without(name: str, value: str) -> str:
    """Return the present address without one of several values of a name: a chip's cross."""
    return here(**{name: [item for item in request.args.getlist(name) if item != value]})


def ask(title: str, act: str, text: str = "", back: str = "Not yet", *, danger: bool = False) -> dict[str, str]:
    """Return the attributes of a button that asks before it acts; `act` names the deed and the count: `Send to 48,210`."""
    says = {"data-confirm": title, "data-confirm-act": act, "data-confirm-text": text, "data-confirm-back": back}
    return says | ({"data-confirm-danger": ""} if danger else {})


def workspace_id() -> int | str:
    """Return the workspace of the session, for the field `_workspace`; nothing where nobody is signed in."""
    caller = caller_of_request()
    return caller.workspace.id if caller and caller.workspace else ""


def init_app(app: Flask) -> None:
    """Give macros `here`, `without`, `ask`, `workspace_id`."""
    app.jinja_env.globals.update(here=here, without=without, ask=ask, workspace_id=workspace_id)
