"""Who sends a request: the Principal that every page and endpoint is given, from one query.

The browser's cookie is Flask's signed one; Flask-Login keeps a random token in it, whose digest is the key of a row.
Calls with a bearer token read no cookie.
"""

from datetime import datetime
from typing import Any, Literal

import flask
import flask_login
import structlog
from flask import Flask, request

from app.auth import bearer, permissions, queries, service
from app.auth.origin import Origin
from app.auth.queries import Caller
from app.auth.schemas import Me
from app.auth.schemas.sign_in import MyWorkspace
from app.core.db import session
from app.core.errors import Unauthorized
from app.core.security import digest, token_keys
from app.core.time import now
from app.core.web.nearness import direct_host
from app.core.web.principal import Principal, WorkspaceInfo, set_loader

_BAD_TOKEN = "The bearer token is not good (any more)."  # noqa: S105 (a sentence)


class SignedIn(flask_login.UserMixin):  # type: ignore[misc]
    """What Flask-Login carries: the session's token, and who it stands for once that is known."""

    def __init__(self, token: str, principal: Principal | None = None) -> None:
        self.token, self.principal = token, principal

    def get_id(self) -> str:
        """Return what is kept in the cookie."""
        return self.token


def init_app(app: Flask) -> None:
    """Set up Flask-Login over our own sessions, and say how the caller of a request is found."""
    manager = flask_login.LoginManager(app)
    manager.session_protection = None  # sessions stand in the database; phones change networks
    manager.user_loader(_by_token)
    app.config["PERMANENT_SESSION_LIFETIME"] = app.extensions["fairlead_config"].SESSION_ABSOLUTE_HOURS * 3600
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False  # a slow answer must not put an older cookie back
    set_loader(app, load)


def load() -> Principal | None:
    """Return who calls, or None. Raises Unauthorized for a bearer token that is not good."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _noted(_by_bearer(token.strip()))
    user = flask_login.current_user
    return _noted(user.principal) if user.is_authenticated else None


def origin() -> Origin:
    """Return where this request comes from."""
    return Origin(request.remote_addr, direct_host(), request.headers.get("User-Agent", ""), flask.g.get("request_id"))


def sign_in(token: str) -> None:
    """Put a session's token into the cookie. Whatever the cookie held before is dropped, the CSRF token too."""
    flashes = flask.session.get("_flashes")
    flask.session.clear()
    flask.g.pop("csrf_token", None)
    if flashes:
        flask.session["_flashes"] = flashes
    flask.session.permanent = True
    flask_login.login_user(SignedIn(token))


def sign_out() -> None:
    """Empty the cookie."""
    flask_login.logout_user()
    flask.session.clear()


def describe(caller: Principal) -> Me:
    """Return who calls, where, and what they may do."""
    return Me(
        kind=caller.kind,
        user_id=caller.user_id,
        key_id=caller.key_id,
        name=caller.name,
        email=caller.email,
        role=caller.role,
        permissions=permissions.in_order(caller.permissions),
        workspace=MyWorkspace.model_validate(caller.workspace) if caller.workspace else None,
        workspaces=[MyWorkspace.model_validate(each) for each in caller.workspaces],
    )


def _noted(principal: Principal | None) -> Principal | None:
    if principal:
        workspace_id = principal.workspace.id if principal.workspace else None
        structlog.contextvars.bind_contextvars(user=principal.user_id, key=principal.key_id, workspace=workspace_id)
    return principal


def _by_token(token: str) -> SignedIn | None:
    """Return the holder of a session, or None where it has ended. Called by Flask-Login once per request."""
    at = now()
    found = queries.caller_of_session(digest(token), at, service.idle_limit())
    if found is None or found.session is None or not service.may_come_from(found.user["demo"], direct_host()):
        return None
    if found.workspace is None and found.workspaces:
        service.move_session(found.session["id"], found.workspaces[0]["id"])
        session().commit()
        return _by_token(token)
    if at - found.session["last_seen_at"] >= service.SEEN_EVERY:
        service.touch_session(found.session["id"], request.remote_addr)
        session().commit()
    held = permissions.of(found.role, may_send=found.may_send) if found.role else frozenset()
    return SignedIn(token, _principal("session", found, held))


def _by_bearer(token: str) -> Principal:
    at = now()
    found = _key(token, at) if token.startswith(service.PREFIX) else _jwt(token, at)
    if found is None or found.role is None or not service.may_come_from(found.user["demo"], direct_host()):
        raise Unauthorized(_BAD_TOKEN)
    held = permissions.of(found.role, may_send=found.may_send)
    if found.key is None:
        return _principal("jwt", found, held)
    return _principal("key", found, held & frozenset(found.key["scopes"]))


def _key(token: str, at: datetime) -> Caller | None:
    found = queries.caller_of_key(digest(token), at)
    if (
        found
        and found.key
        and found.workspace
        and (found.key["last_used_at"] is None or at - found.key["last_used_at"] >= service.USED_EVERY)
    ):
        service.touch_key(found.workspace["id"], found.key["id"], request.remote_addr)
        session().commit()
    return found


def _jwt(token: str, at: datetime) -> Caller | None:
    claims = bearer.decode(token, token_keys(), at)
    return queries.caller_of_token(claims.user_id, claims.workspace_id, claims.auth_version, claims.family) if claims else None


def _principal(kind: Literal["session", "key", "jwt"], found: Caller, held: frozenset[str]) -> Principal:
    user = found.user
    return Principal(
        kind=kind,
        name=found.key["name"] if found.key else user["name"],
        email=user["email"],
        role=found.role or "",
        permissions=held,
        workspace=_info(found.workspace, user["locale"] if kind == "session" else None) if found.workspace else None,
        user_id=user["id"],
        key_id=found.key["id"] if found.key else None,
        workspaces=tuple(_info(each) for each in found.workspaces),
        session_id=found.session["id"] if found.session else None,
    )


def _info(row: dict[str, Any], locale: str | None = None) -> WorkspaceInfo:
    """Return a workspace as pages know it; a user's own locale goes before the workspace's."""
    return WorkspaceInfo(**(row | {"locale": locale or row["locale"]}))
