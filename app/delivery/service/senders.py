"""Senders: made, changed, deleted. Passwords are sealed, and never travel to a host they were not given for."""

import ipaddress
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.audit import service as audit
from app.core import outbound, registry
from app.core.actor import Actor
from app.core.db import session, unless_taken
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.security import seal
from app.core.time import now
from app.delivery.models import Sender, SenderKind, SenderPace, Tls
from app.delivery.queries import senders as queries
from app.delivery.schemas.senders import SenderIn, SenderPatch
from app.delivery.service.letters import drop_waiting
from app.workspaces import queries as workspaces

_PORTS = {Tls.STARTTLS: 587, Tls.TLS: 465, Tls.NONE: 25}
_LINE = ("host", "port", "tls", "username", "return_path")
_SHOWN = (*("name", "kind", *_LINE, "from_name", "from_email", "reply_to", "verp", "per_second", "connections", "brand_id", "is_default"),)
_NO_FIELDS = {"kind", "password", "unencrypted", "is_default"}
_TAKEN = Invalid({"name": "Another sender has this name."})


def create(workspace_id: int, given: SenderIn, by: Actor) -> Sender:
    """Make an SMTP sender. The first one is the default. Raises Invalid, Conflict in a sandbox: its only sender is there already."""
    if workspaces.get_workspace(workspace_id).sandbox:
        raise Conflict("A sandbox has one sender, which catches everything. Real mail leaves from other workspaces.")
    if given.kind == "sandbox":
        raise Invalid({"kind": "Only sandbox workspaces have a sandbox sender."})
    _alone(workspace_id)
    row = Sender(workspace_id=workspace_id, kind=SenderKind.SMTP, is_default=False, line_by=by.user_id)
    _set(row, given.model_dump(exclude=_NO_FIELDS))
    row.password = seal(given.password) if given.password else None
    _check(workspace_id, row, unencrypted=given.unencrypted)
    with unless_taken("uq_senders_name", _TAKEN):
        session().add(row)
        session().flush()
    session().add(SenderPace(workspace_id=workspace_id, sender_id=row.id))
    if given.is_default or queries.find_default(workspace_id) is row:
        _make_default(workspace_id, row)
    audit.record(workspace_id, by, "sender.created", ("sender", row.id, row.name), None, _shown(row))
    return row


def create_sandbox(workspace_id: int) -> None:
    """Give a new workspace, if it is a sandbox, its sender."""
    place = workspaces.get_workspace(workspace_id)
    if not place.sandbox:
        return
    row = Sender(
        workspace_id=workspace_id,
        kind=SenderKind.SANDBOX,
        name="Sandbox",
        from_email=f"hello@{place.slug}.example",
        from_name=place.name,
        is_default=True,
    )
    session().add(row)
    session().flush()
    session().add(SenderPace(workspace_id=workspace_id, sender_id=row.id))
    session().flush()


def update(workspace_id: int, sender_id: int, given: SenderPatch, by: Actor) -> Sender:
    """Change the fields given. Another host, or no encryption, drops the password unless it comes along. Raises Invalid, NotFound."""
    _alone(workspace_id)
    row = queries.get_sender(workspace_id, sender_id, lock=True)
    before, had = _shown(row), row.password
    _set(row, given.model_dump(exclude_unset=True, exclude=_NO_FIELDS))
    moved = row.host != before["host"] or (row.tls == Tls.NONE and before["tls"] != Tls.NONE)
    if moved or "password" in given.model_fields_set:
        row.password = seal(given.password) if given.password else None
    _check(workspace_id, row, unencrypted=given.unencrypted or not moved)
    with unless_taken("uq_senders_name", _TAKEN):
        session().flush()
    if "is_default" in given.model_fields_set:
        _choose_default(workspace_id, row, wanted=given.is_default)
    _note_change(workspace_id, row, before, secret=row.password != had, by=by)
    return row


def delete(workspace_id: int, sender_id: int, by: Actor) -> None:
    """Forget a sender's password and archive it; letters that wait are given up. Raises NotFound, Conflict where something sends by it."""
    _alone(workspace_id)
    row = queries.get_sender(workspace_id, sender_id, lock=True)
    if row.kind == SenderKind.SANDBOX:
        raise Conflict("A sandbox keeps its sender: nothing else may take its mail.")
    uses = [use.label for find in registry.sender_uses for use in find(workspace_id, sender_id)]
    if uses:
        raise Conflict(f"{row.name} is in use: {', '.join(uses[:5])}{' and others' if len(uses) > 5 else ''}.")  # noqa: PLR2004 (five names)
    audit.record(workspace_id, by, "sender.deleted", ("sender", row.id, row.name), _shown(row), None)
    drop_waiting(workspace_id, sender_id)
    row.archived_at, row.password, row.username, row.problem = now(), None, None, None
    was_default, row.is_default = row.is_default, False
    session().flush()
    heir = queries.find_oldest(workspace_id) if was_default else None
    if heir:
        _make_default(workspace_id, heir)


def _alone(workspace_id: int) -> None:
    """Wait for others who change senders of this workspace, so that one of them is the default."""
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("senders"), workspace_id)))


def _set(row: Sender, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _shown(row: Sender) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SHOWN}


def _check(workspace_id: int, row: Sender, *, unencrypted: bool) -> None:
    """Refuse what cannot work or should not be meant; a host that is a name is looked up when it is connected to, not here."""
    if row.brand_id is not None:
        _check_brand(workspace_id, row.brand_id)
    if row.kind == SenderKind.SANDBOX:
        wrong = [name for name in (*_LINE, "password") if name != "tls" and getattr(row, name) is not None]
        if wrong:
            raise Invalid(dict.fromkeys(wrong, "The sandbox connects to no server."))
        return
    if not row.host:
        raise Invalid({"host": "This is needed."})
    row.port = row.port or _PORTS[Tls(row.tls)]
    if row.password and not row.username:
        raise Invalid({"username": "A password needs a user name."})
    if row.tls == Tls.NONE and not unencrypted and not _is_here(row.host):
        raise Invalid(
            {"tls": "Password and letters would travel readable to everybody on the way. Choose STARTTLS, or say that it is meant."}
        )
    try:
        outbound.check_literal(row.host)
    except Forbidden as no:
        raise Invalid({"host": no.reason}) from no


def _check_brand(workspace_id: int, brand_id: int) -> None:
    try:
        workspaces.get_brand(workspace_id, brand_id)
    except NotFound as no:
        raise Invalid({"brand_id": no.reason}) from no


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _choose_default(workspace_id: int, row: Sender, *, wanted: bool) -> None:
    if wanted and not row.is_default:
        _make_default(workspace_id, row)
    elif row.is_default and not wanted:
        raise Invalid({"is_default": "One sender is the default. Make another one so instead."})


def _make_default(workspace_id: int, row: Sender) -> None:
    others = sa.update(Sender).where(Sender.workspace_id == workspace_id, Sender.is_default, Sender.id != row.id)
    session().execute(others.values(is_default=False))
    row.is_default = True
    session().flush()


def _note_change(workspace_id: int, row: Sender, before: Mapping[str, Any], *, secret: bool, by: Actor) -> None:
    """Leave a trace, and let a sender whose way to its server changed try again at once."""
    old, new = audit.changed(before, _shown(row))
    if secret:
        old, new = old | {"password": "kept"}, new | {"password": "given anew" if row.password else "dropped"}
    if not new:
        return
    row.version, row.updated_at = row.version + 1, now()
    if secret or any(name in new for name in _LINE):
        row.line_by = by.user_id
        clear_problem(workspace_id, row)
    session().flush()
    audit.record(workspace_id, by, "sender.updated", ("sender", row.id, row.name), old, new)


def clear_problem(workspace_id: int, row: Sender) -> None:
    """Let a sender that rests try again at once."""
    row.problem = row.problem_at = None
    mine = sa.update(SenderPace).where(SenderPace.workspace_id == workspace_id, SenderPace.sender_id == row.id)
    session().execute(mine.values(held_until=None, failures=0))
    session().flush()


registry.sender_uses.append(queries.mailings_by)
registry.workspace_made.append(create_sandbox)
