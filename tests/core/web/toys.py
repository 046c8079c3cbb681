"""A few routes of our own, to try what the decorators promise; the caller is taken from the header X-Caller."""

from typing import Any

import sqlalchemy as sa
from flask import request
from flask_wtf.csrf import generate_csrf

from app.core.db import session
from app.core.errors import Conflict, Invalid, TooMany, Unauthorized
from app.core.files import File
from app.core.schemas import Line, Schema
from app.core.web.api import Api
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal, WorkspaceInfo

api = Api("toys", __name__)
pages = Pages("toys", __name__)


class Toy(Schema):
    name: Line
    size: int = 1


@api.post("/toys", permission="toys.edit", body=Toy, returns=Toy, status=201, summary="Make a toy")
def make_toy(caller: Principal, body: Toy) -> Toy:
    """Keep a toy as a file's name."""
    session().add(File(workspace_id=caller.workspace_id, name=body.name, content_type="toy"))
    session().flush()
    if body.name == "broken":
        raise Invalid({"name": "Not this one."})
    if body.name == "bug":
        raise ZeroDivisionError
    return body


@api.get("/toys/busy", public=True, returns=Toy, summary="Say no for now")
def busy(_caller: None) -> Toy:
    """Refuse."""
    reason = "Later."
    raise TooMany(reason, 7)


@pages.form("/toys", permission="toys.edit")
def toys(caller: Principal) -> Any:
    """Show a token, take a post."""
    if request.method == "POST":
        session().add(File(workspace_id=caller.workspace_id, name=request.form["name"], content_type="toy"))
        return redirect("/toys")
    return generate_csrf()


def load() -> Principal | None:
    """Take the caller from headers of the test: kind, permissions, workspace."""
    kind, _, rest = request.headers.get("X-Caller", "").partition(" ")
    if not kind:
        return None
    if kind == "bad":
        raise Unauthorized
    workspace_id, _, permissions = rest.partition(" ")
    workspace = WorkspaceInfo(int(workspace_id), "Ours", sandbox=False, currency="USD", zone="UTC", locale="en")
    return Principal(
        kind, "Ada", "ada@example.com", "owner", frozenset(permissions.split()), workspace, user_id=int(request.headers.get("X-User", "1"))
    )  # type: ignore[arg-type]


def names() -> list[str]:
    return list(session().scalars(sa.select(File.name).where(File.workspace_id > 0).order_by(File.id)))


def key(workspace: int, permissions: str = "toys.edit") -> dict[str, str]:
    return {"X-Caller": f"key {workspace} {permissions}"}


def session_call(workspace: int, permissions: str = "toys.edit") -> dict[str, str]:
    return {"X-Caller": f"session {workspace} {permissions}"}


@pages.form("/toys/links/<token>", public=True)
def follow(_caller: Principal | None, token: str) -> Any:
    """Refuse a link that is somebody else's."""
    reason = f"This link is for another person ({len(token)} characters)."
    raise Conflict(reason)


@api.post("/toys/strangers", public=True, body=Toy, returns=Toy, summary="Take a toy from anybody")
def take(_caller: None, body: Toy) -> Toy:
    """Take it."""
    return body


@api.post("/toys/files", permission="toys.edit", accept="file", returns=Toy, summary="Take a file")
def take_file(_caller: Principal) -> Toy:
    """Read the form."""
    return Toy(name=request.files["file"].filename or "none")
