"""Who calls. Rooms' pages and endpoints get a Principal as their first argument; the auth room makes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from flask import Flask, current_app, g, request

from app.core.actor import Actor
from app.core.errors import Forbidden


@dataclass(frozen=True, slots=True)
class WorkspaceInfo:
    """What pages need to know of a workspace: its money, clock and tongue, and whether its data is simulated."""

    id: int
    name: str
    sandbox: bool
    currency: str
    zone: str
    locale: str


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user, or the holder of an API key or a JWT, in one workspace (or none yet)."""

    kind: Literal["session", "key", "jwt"]
    name: str
    email: str
    role: str
    permissions: frozenset[str]
    workspace: WorkspaceInfo | None
    user_id: int | None = None
    key_id: int | None = None
    workspaces: tuple[WorkspaceInfo, ...] = ()
    session_id: int | None = None

    @property
    def workspace_id(self) -> int:
        """Return the workspace's id. Raises Forbidden for somebody who belongs to none."""
        if self.workspace is None:
            reason = "You belong to no workspace yet."
            raise Forbidden(reason)
        return self.workspace.id

    @property
    def actor(self) -> Actor:
        """Return who acts, for the audit log."""
        return Actor(self.name, self.user_id, self.key_id, request.remote_addr, g.get("request_id"))

    def can(self, permission: str) -> bool:
        """Tell whether the caller holds a permission."""
        return permission in self.permissions


Loader = Callable[[], Principal | None]


def set_loader(app: Flask, loader: Loader) -> None:
    """Say how the caller of a request is found. The loader raises Unauthorized for a bearer token that is not good."""
    app.extensions["principal_loader"] = loader


def caller_of_request() -> Principal | None:
    """Return who calls, found once per request."""
    if "caller" not in g:
        loader = cast("Loader | None", current_app.extensions.get("principal_loader"))
        g.caller = None  # so that a loader that refuses is not asked again by the error page
        g.caller = loader() if loader else None
    return cast("Principal | None", g.caller)
