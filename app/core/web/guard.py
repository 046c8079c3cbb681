"""What stands before every view: CSRF, workspace of the call, permission. And what each route declared, for the tests that walk them."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from app.core.db import session
from app.core.errors import Conflict, Forbidden, NotFound, Refusal, Unauthorized
from app.core.registry import refused
from app.core.web.principal import Principal, caller_of_request
from app.core.web.uploads import take_file

_LAST_ID = 2**63 - 1
SAFE = {"GET", "HEAD", "OPTIONS"}
MOST = 4 * 1024 * 1024
"""Bytes of a body that is no file. JSON takes some twenty times its size in memory while it is read."""
MOST_OF_STRANGERS = 64 * 1024
"""Bytes of a body from somebody who has not signed in."""


class Csrf(CSRFProtect):  # type: ignore[misc]
    """Looks for the token in the headers first, so that a script's upload is not read before it is known to be allowed."""

    def _get_csrf_token(self) -> str | None:
        found = (request.headers.get(name) for name in current_app.config["WTF_CSRF_HEADERS"])
        return next(filter(None, found), None) or super()._get_csrf_token()


csrf = Csrf()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of its caller.

    `permission` (None: being signed in is enough), `public` (nobody need be signed in), `reads_cookie` (False: a session is
    not looked at, so CSRF cannot happen), `any_workspace` (the call need not say which workspace it means), `secret` (the answer
    holds something shown once: it is kept nowhere, not for an idempotency key either).
    """

    permission: str | None = None
    public: bool = False
    reads_cookie: bool = True
    any_workspace: bool = False
    body: Any = None
    query: Any = None
    returns: Any = None
    status: int = 200
    summary: str = ""
    accept: str = "json"
    tag: str = ""
    api: bool = False
    secret: bool = False


def enter(rule: Rule) -> Principal | None:
    """Check everything that can be said before the input is read, and return the caller. Raises a Refusal."""
    if rule.public and not rule.reads_cookie:
        _take_at_most(MOST_OF_STRANGERS)
        g.setdefault("caller", None)  # its template must not look for one either
        return None
    caller = caller_of_request()
    if caller is None and not rule.public:
        raise Unauthorized
    if rule.accept != "file":
        _take_at_most(MOST if caller else MOST_OF_STRANGERS)
    if caller and rule.permission and not caller.can(rule.permission):
        raise Forbidden(permission=rule.permission)
    if rule.accept == "file":
        take_file()
    if request.method not in SAFE and (caller is None or caller.kind == "session"):
        _check_csrf()
    if caller and caller.kind == "session" and not rule.any_workspace and not rule.public:
        _check_workspace(caller)
    if any(isinstance(value, int) and value > _LAST_ID for value in (request.view_args or {}).values()):
        raise NotFound  # no row can have this number
    return caller


def _take_at_most(size: int) -> None:
    """Let a longer body be refused with 413 when it is read; files that come in forms go to the disk and count for more."""
    if request.mimetype != "multipart/form-data" or size == MOST_OF_STRANGERS:
        request.max_content_length = size


def _check_csrf() -> None:
    if not current_app.config["WTF_CSRF_ENABLED"]:
        return
    try:
        csrf.protect()
    except CSRFError as problem:
        reason = "This page has been open too long or came from elsewhere. Reload it and try again."
        raise Refusal(reason) from problem


def _check_workspace(caller: Principal) -> None:
    """Refuse a call that means another workspace than the session is in: a second tab must not write into the wrong brand."""
    said = request.headers.get("X-Workspace") or (request.form.get("_workspace") if _is_form() else None)
    if said is None and request.method in SAFE:
        return
    if said != str(caller.workspace.id if caller.workspace else ""):
        reason = "This page belongs to another workspace than the one you are in now. Reload it, or switch back."
        raise Conflict(reason)


def _is_form() -> bool:
    return request.mimetype == "application/x-www-form-urlencoded" or (
        request.mimetype == "multipart/form-data" and "X-Workspace" not in request.headers
    )


def _path() -> str:
    """Return the path as it may be kept: without the secret of a link, and without what the database cannot hold."""
    secret = (request.view_args or {}).get("token")
    path = request.path.replace(str(secret), "…") if secret else request.path
    return path.replace("\x00", "")


def note_refusal(refusal: Refusal) -> None:
    """Undo what the view did and leave a trace of acts that were not allowed."""
    session().rollback()
    caller: Principal | None = g.get("caller")  # whoever was found before the refusal; nobody is looked for now
    if caller and isinstance(refusal, Forbidden | Conflict) and request.method not in SAFE:
        for record in refused:
            record(
                caller.workspace.id if caller.workspace else None,
                caller.actor,
                f"{request.method} {_path()}"[:500],
                refusal.reason,
            )
