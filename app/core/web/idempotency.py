"""Idempotency keys: a POST sent twice with the same key is done once, and answered the same."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from flask import Response, request
from sqlalchemy.dialects.postgresql import insert

from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.kept_answers import KEPT, IdempotencyKey
from app.core.time import now
from app.core.web.principal import Principal

_STALE = timedelta(minutes=15)
_LONGEST = 200


def once(caller: Principal | None, answer: Callable[[], Response], *, keep: bool = True) -> Response:
    """Call `answer`, unless this key was used for the same call: then return what was answered then.

    The key is inserted in the same transaction as the act, so a second call waits for the first to end.
    With `keep` off only the fact is kept, for answers that hold a secret. Raises Invalid if the key was used for another call,
    Conflict while the first is still running, or where its answer was not kept.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != "POST" or caller is None or caller.workspace is None:
        return answer()
    if not 0 < len(key) <= _LONGEST or not key.isprintable():
        raise Invalid({"Idempotency-Key": f"Between 1 and {_LONGEST} printable characters."})
    call = _fingerprint(caller)
    mine = f"{'key' if caller.key_id else 'user'} {caller.key_id or caller.user_id}: {key}"  # nobody meets another's keys
    if not _claim(caller.workspace_id, mine, call):
        return _replay(caller.workspace_id, mine, call)
    response = answer()
    _keep(caller.workspace_id, mine, response, response.get_data() if keep else None)
    return response


def _fingerprint(caller: Principal) -> str:
    digest = hashlib.sha256(f"{caller.user_id} {caller.key_id} {request.method} {request.full_path} {request.content_length}".encode())
    if request.mimetype != "multipart/form-data":  # files are too big to hold; their length must do
        digest.update(request.get_data(cache=True))
    return digest.hexdigest()


def _claim(workspace_id: int, key: str, call: str) -> bool:
    statement = insert(IdempotencyKey).values(workspace_id=workspace_id, key=key, call=call, created_at=now())
    stale = sa.and_(IdempotencyKey.status.is_(None), IdempotencyKey.created_at < now() - _STALE)
    statement = statement.on_conflict_do_update(
        index_elements=["workspace_id", "key"],
        set_={"call": call, "created_at": now(), "status": None},
        where=sa.or_(stale, IdempotencyKey.created_at < now() - KEPT),
    )
    return session().execute(statement.returning(IdempotencyKey.key)).first() is not None


def _replay(workspace_id: int, key: str, call: str) -> Response:
    query = sa.select(IdempotencyKey).where(IdempotencyKey.workspace_id == workspace_id, IdempotencyKey.key == key)
    row = session().scalars(query).one()
    if row.call != call:
        raise Invalid({"Idempotency-Key": "This key was used for another call."})
    if row.status is None:
        reason = "The first call with this key is still running."
        raise Conflict(reason)
    if row.body is None:
        reason = "The first call with this key was done. Its answer held a secret, which is kept nowhere."
        raise Conflict(reason)
    response = Response(row.body, status=row.status, content_type=row.content_type)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keep(workspace_id: int, key: str, response: Response, body: bytes | None) -> None:
    statement = sa.update(IdempotencyKey).where(IdempotencyKey.workspace_id == workspace_id, IdempotencyKey.key == key)
    session().execute(statement.values(status=response.status_code, content_type=response.content_type, body=body))
