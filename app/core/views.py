"""Pages of no room: the way in, and the search over everything."""

from flask import Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.core import registry
from app.core.web.context import shows
from app.core.web.openapi import chapters
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal

pages = Pages("core", __name__)
_LONGEST = 200
_ICONS = {"customer": "user", "segment": "filter", "campaign": "mail", "template": "file-text"}


@pages.get("/", signed_in=True)
def home(caller: Principal) -> ResponseReturnValue:
    """Go to the first page the caller may see."""
    if caller.workspace is None:
        return redirect("/workspaces/new")
    for item in sorted(registry.nav, key=lambda item: item.order):
        if item.href != "/" and shows(item, caller):
            return redirect(item.href)
    return redirect("/account")


@pages.get("/find", signed_in=True)
def find(caller: Principal) -> Response:
    """Answer the palette: what each room finds for `q`, at most five hits each."""
    words = request.args.get("q", "").replace("\x00", "").strip()[:_LONGEST]
    found = [hit for permission, look in registry.search if words and caller.can(permission) for hit in look(caller.workspace_id, words)]
    items = [
        {
            "group": f"{hit.kind.capitalize()}s",
            "label": hit.label,
            "note": hit.note,
            "href": hit.url,
            "icon": _ICONS.get(hit.kind, "arrow-right"),
        }
        for hit in found
    ]
    return jsonify({"items": items})


@pages.get("/docs", signed_in=True)
def docs(_caller: Principal) -> ResponseReturnValue:
    """Show the API, and let it be tried on the workspace the reader is in."""
    return render_template("core/docs.html", chapters=chapters(current_app))
